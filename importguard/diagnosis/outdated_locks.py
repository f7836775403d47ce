"""A lock file that is older than the declaration: what reads it installs what is locked, and no more."""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.declared import Declared
from importguard.diagnosis.declaring import COMPILING
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    file_and_line,
    location_of,
    make_diagnosis,
    place_and_line,
)
from importguard.model import Diagnosis
from importguard.source.dockerfile_model import Install
from importguard.source.model import Requirement
from importguard.source.requirements.lock_files import LOCK_FILES

_LOCKING = {"uv": "uv lock", "poetry": "poetry lock", "pdm": "pdm lock", "pipenv": "pipenv lock"}
_AS_LOCKED = ("--frozen", "pdm sync", "pipenv sync", "--ignore-pipfile")
"""What makes a tool install the lock file as it is, without a word where it is outdated."""


def outdated_lock(
    case: Situation, declared: Declared, requirement: Requirement, install: Install
) -> Optional[Diagnosis]:
    """The install reads a lock file of the source that does not lock what is declared.

    Cause ``declared-not-installed``: ``uv sync --frozen`` asks nobody whether uv.lock is up to date.
    """
    path = next((one for one in install.files if posixpath.basename(one) in LOCK_FILES), "")
    if not path or install.tool not in _LOCKING or _is_locked(case, requirement, path):
        return None
    line = case.dockerfile_location(install.line)
    as_locked = any(word in install.text for word in _AS_LOCKED)
    return make_diagnosis(
        "declared-not-installed",
        CERTAIN if as_locked else LIKELY,
        f"{place_and_line(requirement.place)} declares {declared.names.written}, and {path} was locked "
        f"without it: {file_and_line(line)} installs what is locked.{declared.brought_as_well}",
        f"run '{_LOCKING[install.tool]}', commit {path}, and build the image anew",
        location_of(requirement.place),
        None,
        (f"declared: {place_and_line(requirement.place)}", f"not locked in: {path}"),
    )


def outdated_compiled_file(
    case: Situation, declared: Declared, requirement: Requirement
) -> Optional[Diagnosis]:
    """A requirements.in declares it, and the image installs the requirements.txt that was compiled before.

    Cause ``declared-not-installed`` (pip-tools; ``uv pip compile`` names its files likewise).
    """
    stem, ending = posixpath.splitext(requirement.place.path)
    compiled = f"{stem}.txt"
    install = next((one for one in declared.install_lines(final=True) if compiled in one.files), None)
    if ending != ".in" or install is None or any(one.place.path == compiled for one in declared.all):
        return None
    return make_diagnosis(
        "declared-not-installed",
        CERTAIN,
        f"{place_and_line(requirement.place)} declares {declared.names.written}, and {compiled} was compiled "
        f"without it: {file_and_line(case.dockerfile_location(install.line))} installs {compiled}.",
        f"compile it anew ('{COMPILING} {requirement.place.path}', or uv pip compile), commit {compiled}, "
        "and build the image anew",
        location_of(requirement.place),
        None,
        (f"declared: {place_and_line(requirement.place)}", f"not compiled into: {compiled}"),
    )


def _is_locked(case: Situation, requirement: Requirement, path: str) -> bool:
    """Whether the lock file at ``path`` locks the requirement for its own project; also where it was not
    read."""
    every = case.source.requirements if case.source else ()
    locked = [one for one in every if one.kind == "lock" and one.place.path == path]
    if not locked:
        return True
    if all(one.name != requirement.name for one in locked):
        return False
    own = next((one.name for one in requirement.projects if one.path == requirement.place.path), None)
    projects = [one for one in locked if one.editable and own in (None, one.name)]
    # Extras and groups of a project stand in other tables of its entry.
    told = len(projects) == 1 and bool(projects[0].requires) and requirement.kind == "main"
    return not told or requirement.name in projects[0].requires
