"""Paths in a source tree, and the repository around it. Loads nothing: every check asks it first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from importguard.config import Config

_MOST_ENTRIES = {True: 300_000, False: 20_000}  # in a git repository, and elsewhere


def relative_path(path: str, root: str) -> str:
    """``path`` below ``root`` (or with ``..`` outside of it), with slashes."""
    try:
        return os.path.relpath(path, root).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        return path.replace(os.sep, "/")


def folders_above(path: str) -> list[str]:
    """The folders that a relative ``path`` is in, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: end + 1]) for end in range(len(parts))]


def most_entries(root: str) -> int:
    """How many entries below ``root`` are looked at: a home folder is no one's source."""
    return _MOST_ENTRIES[os.path.exists(os.path.join(root, ".git"))]


def repository_around(folder: str) -> Optional[str]:
    """The folder itself, or the nearest one above it, that is the top of a git repository."""
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def repository_of(config: Config) -> str:
    """The repository that the image is built from, as far as the settings tell, or the working directory."""
    build = config.build or config.origin
    context = build.context if build and os.path.isdir(build.context) else None
    folder = os.path.abspath(config.source or context or os.curdir)
    return repository_around(folder) or folder
