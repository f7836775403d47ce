"""The programs that the projects of a source tree define, and that an installer writes.

Sources: PEP 621 ("Entry points"), Poetry's ``[tool.poetry.scripts]`` and ``package-mode``, uv's documentation
("Build systems": a project without one is not installed).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from importguard.source.model import ProjectScript, Source
from importguard.source.paths import folders_above
from importguard.source.requirements.project_files import read_toml
from importguard.source.requirements.requirement_text import Lines


def with_project_scripts(source: Source) -> Source:
    """The same source with the programs of every project in a folder that holds any of its files."""
    context = "" if source.context == "." else source.context
    folders = {"", context, *(folder for file in source.files for folder in folders_above(file.path))}
    scripts = tuple(script for folder in sorted(folders) for script in _project_scripts(source.root, folder))
    return replace(source, scripts=scripts)


def _project_scripts(root: str, folder: str) -> Iterator[ProjectScript]:
    path = posixpath.normpath(posixpath.join(folder, "pyproject.toml"))
    try:
        with open(os.path.join(root, path), encoding="utf-8-sig") as stream:
            text = stream.read()
        document = read_toml(text)
    except (OSError, ValueError):
        return
    lines = Lines(path, text)
    for header in ("project", "tool.poetry"):
        start = lines.section_line(f"[{header}.scripts]") or lines.section_line(f"[{header}]")
        for name, target in _table(document, *header.split("."), "scripts").items():
            if isinstance(target, str):
                yield ProjectScript(name, target, lines.of_key(name, start), _is_packaged(document))


def _is_packaged(document: Mapping[str, Any]) -> bool:
    """Whether uv and Poetry install the project itself. pip does in any case."""
    if _table(document, "tool", "poetry").get("package-mode") is False:
        return False
    of_uv = _table(document, "tool", "uv").get("package")
    return of_uv if isinstance(of_uv, bool) else "build-system" in document


def _table(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        inner = value.get(key)
        value = inner if isinstance(inner, Mapping) else {}
    return value
