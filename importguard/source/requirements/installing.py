"""Tell the declared requirements that an install command installs."""

from __future__ import annotations

import posixpath
import re
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.source.development_groups import DEVELOPMENT_GROUPS
from importguard.source.dockerfile_model import Dockerfile, Install, Instruction
from importguard.source.model import Requirement

_PROJECT_TOOLS = frozenset({"uv", "poetry", "pdm", "pipenv"})
_PROJECT_FILES = frozenset(
    {"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock"}
    | {"pdm.lock", "pylock.toml"}
)
_INSTALLS_DEVELOPMENT = frozenset({"uv", "poetry", "pdm"})
"""Tools that install the development groups unless told not to."""

# What removes from the environment all that it does not install itself (uv's documentation, "Locking and
# syncing"; Poetry's "sync"; pip-tools' README).
_EXACT = re.compile(
    r"\buv\s+(pip\s+)?sync\b(?!.*--inexact)|\bpoetry\s+sync\b|\bpoetry\s+install\b.*--sync\b"
    r"|\bpdm\s+sync\b.*--clean\b|\bpip-sync\b"
)
_CONDITIONAL = re.compile(r"\b(if|case)\b|\|\||&&\s*\(|\]\s*&&")


def lasting_installs(dockerfile: Dockerfile) -> list[Install]:
    """The installs without those whose environment a later one makes anew: of two lines with ``uv sync``, the
    second alone says which extras and groups the image has."""
    return [
        install
        for index, install in enumerate(dockerfile.installs)
        if not any(_makes_anew(later, install, dockerfile) for later in dockerfile.installs[index + 1 :])
    ]


def _makes_anew(later: Install, install: Install, dockerfile: Dockerfile) -> bool:
    if not _EXACT.search(later.text) or install.tool in ("apt", "apk", "conda") or install.target:
        return False
    if install.interpreter != later.interpreter or install.stage not in dockerfile.lineage(later.stage):
        return False
    own = _instruction_of(later, dockerfile)
    # Of the two branches of an `if`, one runs.
    return own is None or (
        own != _instruction_of(install, dockerfile) and not _CONDITIONAL.search(own.text + own.heredoc)
    )


def _instruction_of(install: Install, dockerfile: Dockerfile) -> Optional[Instruction]:
    """The RUN that the command stands in."""
    above = [instruction for instruction in dockerfile.instructions if instruction.line <= install.line]
    return above[-1] if above else None


def install_reads(install: Install, requirement: Requirement, by_name: bool = False) -> bool:
    """Whether the command installs what stands in the requirement's file.

    With ``by_name``, a file of the image that no COPY brings there is taken for each file of its name.
    """
    paths = (requirement.place.path, *(via.path for via in requirement.via))
    if requirement.projects:
        return _installs_project(install, requirement)
    if any(_is_same_file(file, path, by_name) for file in install.files for path in paths):
        return True
    if posixpath.basename(requirement.place.path) not in _PROJECT_FILES:
        return False
    whole_project = install.tool in _PROJECT_TOOLS and not install.packages and not install.files
    return whole_project or bool(install.locals or install.editable)


def _installs_project(install: Install, requirement: Requirement) -> bool:
    """Whether the command installs one of the workspace's projects that bring the requirement.

    ``uv sync`` installs the project of its folder and what it requires, not the other members.
    """
    if "*" in install.members:
        return True
    if install.members:
        return not {canonicalize_name(name) for name in install.members}.isdisjoint(
            project.name for project in requirement.projects
        )
    if install.packages:
        return False
    files = [file for file in install.files if posixpath.basename(file) == "pyproject.toml"]
    folders = [posixpath.dirname(file) for file in files] or list(install.locals)
    return any(_is_folder_of(folder, project.path) for folder in folders for project in requirement.projects)


def _is_folder_of(folder: str, path: str) -> bool:
    """Whether a folder, of the source or (absolute) of the image, is the one of a project's file."""
    own = posixpath.dirname(path)
    if folder.startswith("/"):
        return not own or f"{folder}/".endswith(f"/{own}/")
    return folder == own


def install_asks_for(install: Install, requirement: Requirement) -> bool:
    """Whether the command installs the requirement's extra or group."""
    group = requirement.group or ""
    if group in install.groups or "*" in install.groups:
        return True
    if requirement.kind != "group" or install.tool not in _INSTALLS_DEVELOPMENT:
        # A requirements-dev.txt is asked for by whoever reads it; reading a pyproject.toml asks for no extra.
        return posixpath.basename(requirement.place.path) not in _PROJECT_FILES and any(
            _is_same_file(file, requirement.place.path, by_name=True) for file in install.files
        )
    if install.tool == "uv" and group not in DEVELOPMENT_GROUPS:
        return False  # uv sync installs the group 'dev' alone, unless told otherwise
    reads = install_reads(install, requirement, by_name=True)
    return reads and not install.main_only and group not in install.without


def _is_same_file(file: str, path: str, by_name: bool) -> bool:
    """``file`` is a path of the source, or an absolute one of the image that no COPY brings there."""
    if not file.startswith("/"):
        return path == posixpath.normpath(file)
    return by_name and posixpath.basename(file) == posixpath.basename(path)
