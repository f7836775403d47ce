"""Every requirement that the files of a source tree declare."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Callable, Optional

from importguard.source.model import Requirement
from importguard.source.requirements.conda_files import is_conda_file_name, read_conda_environment
from importguard.source.requirements.lock_files import read_lock, read_pipfile_lock
from importguard.source.requirements.project_files import (
    read_pipfile,
    read_pyproject,
    read_setup_cfg,
    read_setup_py,
)
from importguard.source.requirements.requirement_files import read_requirement_file
from importguard.source.requirements.workspaces import name_projects, workspace_projects

Reader = Callable[[str, str], Iterator[Requirement]]
_READERS: dict[str, Reader] = {
    "pyproject.toml": read_pyproject,
    "setup.cfg": read_setup_cfg,
    "setup.py": read_setup_py,
    "Pipfile": read_pipfile,
    "uv.lock": read_lock,
    "poetry.lock": read_lock,
    "pdm.lock": read_lock,
    "pylock.toml": read_lock,
    "Pipfile.lock": read_pipfile_lock,
}
_PYLOCK = re.compile(r"pylock\.[^.]+\.toml")  # PEP 751, "File name"
_LISTS = re.compile(r"(.*[-_.])?(requirements|reqs|deps|constraints)([-_.].*)?\.(txt|in|pip)", re.IGNORECASE)
_FOLDERS = re.compile(r"requirements|reqs|deps", re.IGNORECASE)


def read_requirements(
    root: str, folders: Iterable[str], named: Iterable[str], notes: list[str]
) -> list[Requirement]:
    """Read the requirements of ``folders`` and of the files ``named``, all relative to ``root``.

    What a file includes counts for both: once by itself, and once ``via`` the line that includes it. The
    members of a workspace count too. What can't be read goes to ``notes``.
    """
    folders = list(dict.fromkeys(folders))
    projects = workspace_projects(root, folders)
    paths = [*named, *(path for folder in folders for path in _files(root, folder))]
    paths += [project.path for project in projects]
    found = [item for path in dict.fromkeys(paths) for item in _read(root, path, notes)]
    return list(name_projects(found, projects))


def _files(root: str, folder: str) -> Iterator[str]:
    """The files of a folder that declare requirements; those that are compiled come before their sources."""
    try:
        names = sorted(os.listdir(os.path.join(root, folder)), key=lambda name: (name.endswith(".in"), name))
    except OSError:
        return
    for name in names:
        path = posixpath.normpath(posixpath.join(folder, name))
        if _reader_of(name) is not None or _LISTS.fullmatch(name):
            yield path
        elif _FOLDERS.fullmatch(name) and os.path.isdir(os.path.join(root, path)):
            for inner in sorted(os.listdir(os.path.join(root, path))):
                if inner.endswith((".txt", ".in", ".pip")):
                    yield posixpath.join(path, inner)


def _reader_of(name: str) -> Optional[Reader]:
    """What reads a file of this name; None for one that is a list of requirements, or none."""
    if is_conda_file_name(name):
        return read_conda_environment
    return read_lock if _PYLOCK.fullmatch(name) else _READERS.get(name)


def _read(root: str, path: str, notes: list[str]) -> list[Requirement]:
    name = posixpath.basename(path)
    reader = _reader_of(name)
    if reader is None:
        return list(read_requirement_file(root, path, notes, constraint="constraint" in name.lower()))
    try:
        with open(os.path.join(root, path), encoding="utf-8-sig") as stream:
            return list(reader(stream.read(), path))
    except (OSError, ValueError, SyntaxError, RecursionError) as error:
        notes.append(f"{path} can't be read: {error}")
        return []
