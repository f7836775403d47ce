"""Lock files: uv.lock, poetry.lock, pdm.lock, pylock.toml (PEP 751) and Pipfile.lock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Optional

from packaging.utils import canonicalize_name

from importguard.source.model import Place, Requirement
from importguard.source.requirements.project_files import read_toml
from importguard.source.requirements.requirement_text import Lines, parse_requirement

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
LOCK_FILES = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"})
"""The lock files that a tool reads beside its project file, and makes anew where there is none."""


def read_lock(text: str, path: str) -> Iterator[Requirement]:
    """Read the locked requirements of a TOML lock; raises ValueError where it is none."""
    document, lines = read_toml(text), Lines(path, text)
    key = "packages" if isinstance(document.get("packages"), list) else "package"
    after = 0
    for package in _tables(document.get(key)):
        header = lines.section_after(f"[[{key}]]", after)
        after = header
        name, version = package.get("name"), package.get("version")
        if isinstance(name, str):
            place = lines.of_key("name", header)
            yield from _locked(name, version, _marker(package), place, package)


def _marker(package: Mapping[str, Any]) -> str:
    """uv writes a list of markers, of which one must hold; Poetry one, or one for each group."""
    for key in ("marker", "markers", "resolution-markers"):
        value = package.get(key)
        if isinstance(value, Mapping):
            value = value.get("main")
        if isinstance(value, list):
            value = " or ".join(f"({one})" for one in value if isinstance(one, str))
        if isinstance(value, str) and value:
            return value
    return ""


def _locked(
    name: str, version: object, marker: str, place: Place, package: Mapping[str, Any]
) -> Iterator[Requirement]:
    text = f"{name}=={version}" if isinstance(version, str) else name
    group = _group(package)
    for candidate in (f"{text} ; {marker}" if marker else text, text):
        found = parse_requirement(candidate, place, kind="lock", group=group, editable=_is_editable(package))
        if found is not None:
            yield replace(found, requires=frozenset(_required_names(package.get("dependencies"))))
            return


def _required_names(dependencies: object) -> Iterator[str]:
    """The canonical names in a table (Poetry), a list of tables (uv, PEP 751) or of requirements (PDM)."""
    for dependency in dependencies if isinstance(dependencies, (list, Mapping)) else ():
        text = dependency.get("name") if isinstance(dependency, Mapping) else dependency
        match = _NAME.match(text) if isinstance(text, str) else None
        if match:
            yield canonicalize_name(match[0])


def _group(package: Mapping[str, Any]) -> Optional[str]:
    """The first group of those that a package is locked for, None where it is for all or not told."""
    groups = package.get("groups")
    groups = [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else []
    if not groups and isinstance(package.get("category"), str):
        groups = [package["category"]]
    return None if not groups or {"main", "default"} & set(groups) else groups[0]


def _is_editable(package: Mapping[str, Any]) -> bool:
    source = package.get("source")
    return isinstance(source, Mapping) and bool({"editable", "virtual"} & set(source))


def read_pipfile_lock(text: str, path: str) -> Iterator[Requirement]:
    """Read the locked requirements of a Pipfile.lock; raises ValueError where it is none."""
    document, lines = json.loads(text), Lines(path, text)
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    for section, packages in document.items():
        if section == "_meta" or not isinstance(packages, dict):
            continue
        start = lines.first_matching_line(rf"\s*\"{section}\": {{.*", 0) or 0
        for name, package in packages.items():
            if isinstance(package, dict):
                place = lines.place_of_match(rf"\s*\"{name}\": {{.*", start)
                version = str(package.get("version", "")).removeprefix("==") or None
                group = {"default": "main", "develop": "dev"}.get(section, section)
                yield from _locked(name, version, str(package.get("markers", "")), place, {"groups": [group]})


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
