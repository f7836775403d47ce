"""Read what a project declares in pyproject.toml, setup.cfg, setup.py (as far as it is literal), Pipfile.

Sources: PEP 621 (dependencies and extras), PEP 735 (dependency groups), Poetry's and uv's documentation,
setuptools' declarative configuration, Pipfile's specification.
"""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Optional

from packaging.utils import canonicalize_name

from importguard.source.model import Place, Requirement
from importguard.source.requirements.requirement_text import Lines, parse_requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(text: str) -> Mapping[str, Any]:
    """The document; raises ValueError."""
    return tomllib.loads(text)


def read_pyproject(text: str, path: str) -> Iterator[Requirement]:
    """The requirements of a pyproject.toml; raises ValueError where it is none."""
    document, lines = read_toml(text), Lines(path, text)
    tool = _table(document, "tool")
    sources = {**_table(tool, "poetry", "dependencies"), **_table(tool, "uv", "sources")}
    by_name = {str(canonicalize_name(name)): source for name, source in sources.items()}
    for requirement in _listed(document, lines):
        yield _from_source(requirement, by_name.get(requirement.name))
    yield from _poetry(_table(tool, "poetry"), lines)


def _from_source(requirement: Requirement, source: object) -> Requirement:
    """The requirement with what ``[tool.uv.sources]``, or Poetry's table beside ``[project]``, says of where
    it comes from. Of several sources, which of them is taken depends on markers: one may be an index."""
    tables = source if isinstance(source, list) else [source]
    known = [table for table in tables if isinstance(table, Mapping)]
    urls = [_url(table) for table in known]
    if not known or not all(url or table.get("workspace") for url, table in zip(urls, known)):
        return requirement
    # A member of the workspace is installed as an editable one.
    is_editable = any(table.get("editable") or table.get("develop") for table in known) or None in urls
    return replace(requirement, url=requirement.url or urls[0], editable=is_editable)


def _url(table: Mapping[str, Any]) -> Optional[str]:
    """Where a table says that a distribution comes from; None for an index."""
    return next((str(table[key]) for key in ("url", "git", "path", "file") if table.get(key)), None)


def _listed(document: Mapping[str, Any], lines: Lines) -> Iterator[Requirement]:
    """The requirements that are listed as PEP 508 has them, by whichever tool."""
    project = _table(document, "project")
    start = lines.of_key("dependencies", lines.section_line("[project]")).line - 1
    for item in _strings(project.get("dependencies")):
        yield from _found(item, lines.of_text(item, start))
    for name, items in _table(project, "optional-dependencies").items():
        start = lines.of_key(name, lines.section_line("[project.optional-dependencies]")).line - 1
        for item in _strings(items):
            yield from _found(item, lines.of_text(item, start), kind="extra", group=name)
    for name, items in _table(document, "dependency-groups").items():
        start = lines.of_key(name, lines.section_line("[dependency-groups]")).line - 1
        for item in _strings(items):
            yield from _found(item, lines.of_text(item, start), kind="group", group=name)
    tool = _table(document, "tool")
    start = lines.of_key("dev-dependencies", lines.section_line("[tool.uv]")).line - 1
    for item in _strings(_table(tool, "uv").get("dev-dependencies")):
        yield from _found(item, lines.of_text(item, start), kind="group", group="dev")
    for name, items in _table(tool, "pdm", "dev-dependencies").items():
        for item in _strings(items):
            place = lines.of_text(item, lines.section_line("[tool.pdm.dev-dependencies]"))
            yield from _found(item, place, kind="group", group=name)


def _poetry(poetry: Mapping[str, Any], lines: Lines) -> Iterator[Requirement]:
    tables = [("main", "[tool.poetry.dependencies]", _table(poetry, "dependencies"))]
    tables.append(("dev", "[tool.poetry.dev-dependencies]", _table(poetry, "dev-dependencies")))
    for group, value in _table(poetry, "group").items():
        header = f"[tool.poetry.group.{group}.dependencies]"
        tables.append((group, header, _table({"": value}, "", "dependencies")))
    of_extra = {
        canonicalize_name(name): extra
        for extra, names in _table(poetry, "extras").items()
        for name in _strings(names)
    }
    for group, header, table in tables:
        for name, value in table.items():
            if name.lower() == "python":
                continue
            place = lines.of_key(name, lines.section_line(header))
            kind, label = ("main", None) if group == "main" else ("group", group)
            if isinstance(value, Mapping) and value.get("optional") and group == "main":
                kind, label = "extra", of_extra.get(canonicalize_name(name))
            for one in value if isinstance(value, list) else [value]:
                yield from _of_table(name, one, place, kind, label)


def _of_table(
    name: str, value: object, place: Place, kind: str, group: Optional[str]
) -> Iterator[Requirement]:
    """Poetry's and Pipfile's way: a version, or a table with one."""
    table: Mapping[str, Any] = value if isinstance(value, Mapping) else {"version": value}
    specifier = _caret(str(table.get("version") or "*"))
    markers = [str(table[key]) for key in ("markers",) if table.get(key)]
    python = _caret(str(table.get("python") or "*"))
    markers += [f"python_version {_quoted(part)}" for part in python.split(",") if part]
    extras = f"[{','.join(_strings(table.get('extras')))}]" if table.get("extras") else ""
    marker = " and ".join(f"({marker})" if " or " in marker else marker for marker in markers)
    text = f"{name}{extras}{specifier}" + (f" ; {marker}" if marker else "")
    found = parse_requirement(text, place, kind=kind, group=group)
    if found is None:
        found = parse_requirement(name, place, kind=kind, group=group)
    if found is not None:
        editable = bool(table.get("develop") or table.get("editable"))
        yield replace(found, text=place.text, editable=editable, url=_url(table))


def _quoted(part: str) -> str:
    match = re.match(r"([<>=!~]+)\s*(.+)", part)
    assert match is not None
    return f'{match[1]} "{match[2]}"'


def _caret(constraint: str) -> str:
    """Poetry's ``^`` and ``~`` and bare versions as PEP 440 writes them; "" for anything, and for ``||``."""
    if "||" in constraint:
        return ""
    return ",".join(part for text in re.split(r"\s*,\s*", constraint.strip()) if (part := _bounds(text)))


def _bounds(text: str) -> str:
    match = re.fullmatch(r"([\^~]|[<>=!~]*)\s*v?(\d[\w.*+!-]*)", text)
    if match is None:
        return ""
    operator, version = match[1], match[2]
    if operator not in ("^", "~"):
        return f"{operator or '=='}{version}"
    numbers = [int(number) for number in re.findall(r"\d+", version.partition("-")[0])]
    # ^ keeps the first number that is not zero, ~ the minor version.
    fixed = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
    fixed = fixed if operator == "^" else min(len(numbers) - 1, 1)
    return f">={version},<{'.'.join(map(str, [*numbers[:fixed], numbers[fixed] + 1]))}"


def read_setup_cfg(text: str, path: str) -> Iterator[Requirement]:
    """The requirements of a setup.cfg; raises ValueError where it can't be read."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    lines = Lines(path, text)
    for section, option, kind in (
        ("options", "install_requires", "main"),
        *(("options.extras_require", name, "extra") for name in _options(parser, "options.extras_require")),
    ):
        start = lines.of_key(option, lines.section_line(f"[{section}]")).line - 1
        for line in parser.get(section, option, fallback="").splitlines():
            line = line.split(" #")[0].strip()
            if line and not line.startswith("#"):
                place = lines.place_of_match(rf"(.*=)?\s*{re.escape(line)}\s*(#.*)?", start)
                yield from _found(line, place, kind=kind, group=option if kind == "extra" else None)


def _options(parser: configparser.RawConfigParser, section: str) -> list[str]:
    return parser.options(section) if parser.has_section(section) else []


def read_setup_py(text: str, path: str) -> Iterator[Requirement]:
    """The requirements of a setup.py that are literal, or names that are bound to literals.

    Raises ValueError or SyntaxError where it can't be parsed.
    """
    tree = ast.parse(text)
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or _called(call) != "setup":
            continue
        for keyword in call.keywords:
            value = _resolved(keyword.value, names)
            if keyword.arg == "install_requires":
                yield from _of_list(value, names, path, "main", None)
            elif keyword.arg == "extras_require" and isinstance(value, ast.Dict):
                for key, inner in zip(value.keys, value.values):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield from _of_list(_resolved(inner, names), names, path, "extra", key.value)


def _called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", None) or getattr(call.func, "attr", ""))


def _resolved(node: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    return names.get(node.id, node) if isinstance(node, ast.Name) else node


def _of_list(
    node: ast.expr, names: Mapping[str, ast.expr], path: str, kind: str, group: Optional[str]
) -> Iterator[Requirement]:
    if isinstance(node, ast.BinOp):
        yield from _of_list(_resolved(node.left, names), names, path, kind, group)
        yield from _of_list(_resolved(node.right, names), names, path, kind, group)
    for item in getattr(node, "elts", ()):
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            yield from _found(item.value, Place(path, item.lineno, item.value), kind=kind, group=group)


def read_pipfile(text: str, path: str) -> Iterator[Requirement]:
    """The requirements of a Pipfile; raises ValueError where it is none. Each further category is a group."""
    document, lines = read_toml(text), Lines(path, text)
    for section, table in document.items():
        if section in ("source", "requires", "scripts", "pipenv") or not isinstance(table, Mapping):
            continue
        start = lines.section_line(f"[{section}]")
        kind, group = ("main", None) if section == "packages" else ("group", section)
        group = "dev" if section == "dev-packages" else group
        for name, value in table.items():
            yield from _of_table(name, value, lines.of_key(name, start), kind, group)


def _found(text: str, place: Place, **more: Any) -> Iterator[Requirement]:
    found = parse_requirement(text, place, **more)
    if found is not None:
        yield found


def _table(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = value.get(key)
        value = inner if isinstance(inner, Mapping) else {}
    return value


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
