"""uv's workspaces: which projects of a repository are members, and which of them bring which requirements.

Source: uv's documentation, "Using workspaces".
"""

from __future__ import annotations

import glob
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging.utils import canonicalize_name

from importguard.source.model import Project, Requirement
from importguard.source.requirements.project_files import read_toml

_MOST = 200


def workspace_projects(root: str, folders: Iterable[str]) -> list[Project]:
    """List the projects of the workspaces whose root is one of ``folders`` (relative to ``root``)."""
    found: dict[str, Project] = {}
    for folder in dict.fromkeys(folders):
        path = posixpath.normpath(posixpath.join(folder, "pyproject.toml"))
        document = _document(os.path.join(root, path))
        workspace = _table(_table(_table(document, "tool"), "uv"), "workspace")
        if workspace:
            members = list(_members(root, folder, workspace))
            found.update((one.path, one) for one in [Project(_name(document), path), *members])
    return list(found.values())


def _members(root: str, folder: str, workspace: Mapping[str, Any]) -> Iterator[Project]:
    excluded = set(_matches(root, folder, workspace.get("exclude")))
    for path in _matches(root, folder, workspace.get("members")):
        document = _document(os.path.join(root, path, "pyproject.toml"))
        if path not in excluded and document:
            yield Project(_name(document), posixpath.join(path, "pyproject.toml"))


def _matches(root: str, folder: str, patterns: object) -> list[str]:
    """The folders that the patterns of a workspace name, relative to ``root``."""
    start = os.path.join(root, folder)
    texts = (
        [pattern for pattern in patterns if isinstance(pattern, str)] if isinstance(patterns, list) else []
    )
    paths = [path for text in texts for path in glob.glob(os.path.join(glob.escape(start), text))[:_MOST]]
    relative = [os.path.relpath(path, root).replace(os.sep, "/") for path in paths if os.path.isdir(path)]
    return sorted(dict.fromkeys(relative))


def name_projects(requirements: Iterable[Requirement], projects: Iterable[Project]) -> Iterator[Requirement]:
    """The requirements, those of members with the projects whose installation brings them.

    Of ``api`` that requires the member ``agent``, both bring what ``agent`` requires.
    """
    known = {project.path: project for project in projects}
    listed = list(requirements)
    needs: dict[str, set[str]] = {}
    for one in listed:
        if one.kind == "main" and one.place.path in known:
            needs.setdefault(known[one.place.path].name, set()).add(one.name)
    for one in listed:
        member = known.get(one.place.path)
        if member is None:
            yield one
            continue
        bringing = [other for other in known.values() if member.name in _closure(other.name, needs)]
        yield replace(one, projects=tuple(bringing))


def _closure(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    """A project and the members that it requires, however far."""
    found, waiting = {name}, [name]
    while waiting:
        more = needs.get(waiting.pop(), set()) - found
        found |= more
        waiting += more
    return found


def _document(path: str) -> Mapping[str, Any]:
    """A pyproject.toml; empty where there is none that can be read."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return read_toml(stream.read())
    except (OSError, ValueError, RecursionError):
        return {}


def _name(document: Mapping[str, Any]) -> str:
    name = _table(document, "project").get("name")
    return canonicalize_name(name) if isinstance(name, str) else ""


def _table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = value.get(key)
    return inner if isinstance(inner, Mapping) else {}
