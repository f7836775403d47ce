"""List the files of a repository that say what its images are built from. Bounded: a home folder is no one's
source, and must not cost minutes."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Optional

from importguard.source.dockerfile.names import is_dockerfile_name
from importguard.source.dockerfile.parser import DockerfileError, parse_dockerfile
from importguard.source.dockerfile_model import BaseImage, Dockerfile
from importguard.source.locating.model import RepositoryFiles
from importguard.source.locating.named_builds import describes_builds, read_named_builds
from importguard.source.paths import most_entries

MOST_DOCKERFILES = 200
_LARGEST = 1 << 20
_PYTHON = (".py", ".so", ".pyd")
_SKIPPED = frozenset(
    ("node_modules", "__pycache__", "__pypackages__", "site-packages", ".git", ".hg", ".tox")
)
_HIDDEN_CODE = frozenset((".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".cache", ".nox", ".eggs"))
_FROM = re.compile(r"(?im)^[ \t]*FROM[ \t]+\S")


def list_repository(root: str) -> RepositoryFiles:
    """List what lies below ``root``, and read its Dockerfiles and the files that describe builds."""
    python: dict[str, int] = {}
    others: set[str] = set()
    describing: list[str] = []
    dockerfiles: list[str] = []
    limit = most_entries(root)
    count = 0
    for path, entry in _entries(root):
        count += 1
        if count > limit:
            break
        if entry.name.endswith(_PYTHON) and not _is_hidden(path):
            python[path] = _size(entry)
            continue
        others.add(path)
        if is_dockerfile_name(entry.name) and not entry.is_dir() and len(dockerfiles) < MOST_DOCKERFILES:
            dockerfiles.append(path)
        elif describes_builds(path):
            describing.append(path)
    builds = tuple(read_named_builds(root, describing, others))
    dockerfiles += [build.dockerfile for build in builds if build.dockerfile not in dockerfiles]
    parsed = {path: read for path in dockerfiles if (read := read_dockerfile(root, path)) is not None}
    return RepositoryFiles(root, python, parsed, frozenset(others), builds, count <= limit)


def read_dockerfile(
    root: str, path: str, build_args: Sequence[str] = (), base: Optional[BaseImage] = None
) -> Optional[Dockerfile]:
    """The Dockerfile at ``path`` below ``root``; None for what is none."""
    text = read_small(os.path.join(root, path))
    if text is None or not _FROM.search(text):
        return None
    try:
        return parse_dockerfile(text, path, None, build_args, base)
    except (DockerfileError, ValueError, RecursionError):
        return None


def read_small(path: str) -> Optional[str]:
    """The text of a regular file of a usual size; None for everything else."""
    try:
        if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
            return None
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None


def _entries(root: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All below ``root``, the upper folders first, without what holds no source."""
    folders = deque([""])
    while folders:
        folder = folders.popleft()
        try:
            with os.scandir(os.path.join(root, folder)) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name in _SKIPPED or entry.name in _HIDDEN_CODE or _is_environment(entry.path):
                    continue
                folders.append(path)
            yield path, entry


def _is_environment(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


def _is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0
