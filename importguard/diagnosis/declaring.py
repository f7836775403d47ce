"""How a requirement is written into the file that declares it, and how the lock file follows."""

from __future__ import annotations

import posixpath
import re
from typing import Optional

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed

from importguard.diagnosis.situation import Situation, lies_below
from importguard.source.model import Place

LOCKING = {
    "uv.lock": "uv lock",
    "poetry.lock": "poetry lock",
    "pdm.lock": "pdm lock",
    "Pipfile.lock": "pipenv lock",
}
"""Lock file → the command that makes it anew."""

COMPILING = "pip-compile"
_TABLE_LINE = re.compile(r"(?:[\w.-]+|\"[^\"]+\")\s*=\s*[\"{]")
"""A requirement as Poetry and Pipfile write it: a name, and its version or a table."""


def requirement_line(place: Place, requirement: str) -> str:
    """The requirement as that file has it: ``redis``, ``"redis",``, ``redis = "*"``, ``- redis``."""
    name = posixpath.basename(place.path)
    if _TABLE_LINE.match(place.text) and name in ("pyproject.toml", "Pipfile"):
        return _table_line(requirement)
    if name in ("pyproject.toml", "setup.py"):
        return f'"{requirement}",'
    return f"- {requirement}" if name.endswith((".yml", ".yaml")) else requirement


def _table_line(requirement: str) -> str:
    try:
        parsed = Parsed(requirement)
    except InvalidRequirement:
        return requirement
    version = str(parsed.specifier) or "*"
    if not parsed.extras:
        return f'{parsed.name} = "{version}"'
    extras = ", ".join(f'"{one}"' for one in sorted(parsed.extras))
    return f'{parsed.name} = {{extras = [{extras}], version = "{version}"}}'


def and_lock(case: Situation, path: str) -> str:
    """``, and run 'poetry lock'`` where a lock file is made of the file at ``path``, else nothing."""
    command = _locking_command(case, path)
    return f", and run '{command}'" if command else ""


def _locking_command(case: Situation, path: str) -> Optional[str]:
    """The command that makes the nearest lock file anew: a workspace's lies above its members."""
    if path.endswith(".in"):
        return f"{COMPILING} {path}"
    if posixpath.basename(path) not in ("pyproject.toml", "Pipfile") or case.source is None:
        return None
    locks = {one.place.path for one in case.source.requirements if one.kind == "lock"}
    above = [one for one in locks if lies_below(f"/{path}", f"/{posixpath.dirname(one)}")]
    nearest = max(above, key=lambda one: (one.count("/"), one), default="")
    return LOCKING.get(posixpath.basename(nearest))


def source_of_compiled(case: Situation, place: Place) -> Place:
    """The last line of the ``.in`` file that the ``.txt`` is compiled from, since the next compilation loses
    what is added to the ``.txt``; else the place itself."""
    path = f"{posixpath.splitext(place.path)[0]}.in"
    every = case.source.requirements if case.source and place.path.endswith(".txt") else ()
    inside = [one.place for one in every if one.place.path == path]
    return max(inside, key=lambda one: one.line, default=place)
