"""Remove a tree that an image filled: following nothing, whatever permissions it has."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def remove_entry(name: bytes, folder: int) -> None:
    """Remove ``name`` in the open folder ``folder``, with all that it holds."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=folder)
        return
    if status.st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=folder)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        for child in os.listdir(inner):
            remove_entry(os.fsencode(child), inner)
    finally:
        os.close(inner)
    os.rmdir(name, dir_fd=folder)


def remove_tree(path: Path) -> None:
    """Remove a tree, if it is there."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove_entry(os.fsencode(path.name), folder)
    except FileNotFoundError:
        pass
    finally:
        os.close(folder)
