"""The files of a source tree that an import could load."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from typing import Optional

from importguard.source.model import SourceFile
from importguard.source.paths import relative_path

MOST_FILES = 100_000
_LARGEST = 32 << 20
_SUFFIXES = (".py", ".so", ".pyd")
_OTHERS = frozenset(("node_modules", "__pycache__", "__pypackages__", "site-packages"))


def find_files(folder: str, root: str, notes: list[str], contents: bool = True) -> Iterator[SourceFile]:
    """The files below ``folder`` by their path from ``root``; links to folders are not followed.

    Without ``contents`` no file is opened, and none has a digest. What can't be read goes to ``notes``.
    """
    for number, entry in enumerate(_entries(folder, notes)):
        if number >= MOST_FILES:
            notes.append(f"{folder} holds more than {MOST_FILES} Python files; the rest was not looked at")
            return
        found = _source_file(entry, relative_path(entry.path, root), notes, contents)
        if found is not None:
            yield found


def _entries(folder: str, notes: list[str]) -> Iterator[os.DirEntry[str]]:
    folders = [folder]
    while folders:
        current = folders.pop()
        try:
            with os.scandir(current) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            notes.append(f"{current} can't be read: {error.strerror}")
            continue
        inner = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not is_skipped_folder(entry.path):
                    inner.append(entry.path)
            elif entry.name.endswith(_SUFFIXES):
                yield entry
        folders.extend(reversed(inner))


def is_skipped_folder(path: str) -> bool:
    """Whether a folder holds no source: a hidden one, a virtual environment (PEP 405), a cache."""
    name = os.path.basename(path)
    return name.startswith(".") or name in _OTHERS or os.path.exists(os.path.join(path, "pyvenv.cfg"))


def _source_file(
    entry: os.DirEntry[str], path: str, notes: list[str], contents: bool
) -> Optional[SourceFile]:
    try:
        if not entry.is_file():  # a pipe, or a link to nothing
            return None
        status = entry.stat()
        if not contents or status.st_size > _LARGEST:
            return SourceFile(path, status.st_size, modified=status.st_mtime)
        with open(entry.path, "rb") as stream:
            data = stream.read()
    except OSError as error:
        notes.append(f"{path} can't be read: {error.strerror}")
        return SourceFile(path)
    digest = hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()
    return SourceFile(path, status.st_size, digest, status.st_mtime)
