"""The line of each project that says, or should say, which files its distribution has."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from typing import Optional

from importguard.source.model import Place, Source
from importguard.source.paths import folders_above

_PACKAGING = (
    ("pyproject.toml", "[tool.setuptools"),
    ("pyproject.toml", "[tool.hatch.build"),
    ("pyproject.toml", "[tool.poetry]"),
    ("setup.cfg", "[options"),
    ("setup.py", "setup("),
    ("pyproject.toml", "[build-system]"),
)
"""Where a project says which files its distribution has, the most telling first."""


def with_packaging(source: Source) -> Source:
    """The same source with the packaging line of every project in a folder that holds any of its files."""
    context = "" if source.context == "." else source.context
    folders = {"", context, *(folder for file in source.files for folder in folders_above(file.path))}
    lines = (_packaging_line(source.root, folder) for folder in sorted(folders))
    return replace(source, packaging=tuple(line for line in lines if line is not None))


def packaging_line_of(source: Source, path: str) -> Optional[Place]:
    """The packaging line of the nearest project around a file of the source."""
    folders = {posixpath.dirname(place.path): place for place in source.packaging}
    around = [folder for folder in ("", *folders_above(path)) if folder in folders]
    return folders[around[-1]] if around else None


def _packaging_line(root: str, folder: str) -> Optional[Place]:
    for name, words in _PACKAGING:
        path = posixpath.normpath(posixpath.join(folder, name))
        try:
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as stream:
                lines = stream.read().splitlines()
        except OSError:
            continue
        for number, line in enumerate(lines, 1):
            if line.lstrip().startswith(words) or (words == "setup(" and words in line):
                return Place(path, number, line.strip())
    return None
