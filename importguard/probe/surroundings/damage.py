"""Files that are not what their names say, and those that the user may not read."""

from __future__ import annotations

import os
import re
import stat

from importguard.probe.files import printable_path, read_bytes
from importguard.probe.surroundings.elf import read_elf
from importguard.probe.surroundings.system import group_name, user_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.values import BrokenFileValues, UnreadableFileValues

_LFS = b"version https://git-lfs.github.com/spec/"
_MARKER = re.compile(rb"^(?:<{7}|\|{7}|>{7}) ", re.M)
_SEPARATOR = re.compile(rb"^={7}\r?$", re.M)
_READ = 4 << 20
_MOST = 200
_MOST_FOLDERS = 20000
_CUT = (
    "was never closed",
    "EOF while scanning",
    "unexpected EOF",
    "unterminated triple-quoted",
    "expected an indented block",
    "expected 'except' or 'finally' block",
)
"""What compilers of 3.7 to 3.15 say where the source ends in the middle of something."""


def broken_files(paths: Iterable[str], budget: Budget) -> list[BrokenFileValues]:
    """``clues.BrokenFile`` of each of ``paths`` that is one."""
    found: list[BrokenFileValues] = []
    for path in dict.fromkeys(paths):
        if budget.is_spent("broken files") or len(found) >= _MOST:
            break
        damage = damage_of(path)
        if damage is not None:
            kind, line, detail = damage
            found.append({"path": printable_path(path), "kind": kind, "line": line, "detail": detail[:200]})
    return found


def damage_of(path: str) -> tuple[str, int | None, str] | None:
    """(kind, line, what was found) where a file is broken. An empty ``__init__.py`` is as it should be."""
    data = read_bytes(path, _READ)
    if data is None:
        return None
    name = os.path.basename(path)
    if not data:
        return None if name.startswith("__init__.") else ("empty", None, "0 bytes")
    if data.startswith(_LFS):
        return "git-lfs-pointer", 1, _line(data, 0)
    if name.endswith((".so", ".pyc")) or ".so." in name:
        return _damaged_binary(path, name, data)
    return _damaged_source(path, data)


def _damaged_binary(path: str, name: str, data: bytes) -> tuple[str, int | None, str] | None:
    if name.endswith(".pyc"):
        return ("truncated", None, "%d bytes" % len(data)) if len(data) < 17 else None
    elf = read_elf(path)
    if elf is not None and elf.truncated:
        return "truncated", None, "the file ends before what its headers promise"
    if elf is None and not data.strip(b"\0"):
        return "nul-bytes", None, "only NUL bytes"
    return None


def _damaged_source(path: str, data: bytes) -> tuple[str, int | None, str] | None:
    place = data.find(b"\0")
    if place >= 0:
        count = data.count(b"\0")
        return "nul-bytes", data.count(b"\n", 0, place) + 1, "%d NUL bytes in %d bytes" % (count, len(data))
    marker = _MARKER.search(data)
    if marker is not None and (_SEPARATOR.search(data) or len(_MARKER.findall(data)) > 1):
        start = marker.start()
        if not _compiles(data, path):  # markers may stand in a text
            return "merge-markers", data.count(b"\n", 0, start) + 1, _line(data, start)
    if not data.endswith(b"\n") and len(data) < _READ:
        error = _error(data, path)
        if error and any(words in error for words in _CUT):
            return "truncated", data.count(b"\n") + 1, _line(data, data.rfind(b"\n") + 1)
    return None


def _line(data: bytes, start: int) -> str:
    return data[start : start + 200].split(b"\n", 1)[0].decode("utf-8", "backslashreplace").strip()


def _compiles(data: bytes, path: str) -> bool:
    return not _error(data, path)


def _error(data: bytes, path: str) -> str:
    """What the compiler says against a source; empty where nothing."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        return str(error.msg) or "invalid"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return str(error) or "invalid"
    return ""


def unreadable_files(
    paths: Iterable[str], folders: Iterable[str], budget: Budget
) -> list[UnreadableFileValues]:
    """``clues.UnreadableFile`` of ``paths`` and what is above them, and of everything below ``folders``."""
    found: dict[str, UnreadableFileValues] = {}
    for path in paths:
        _judge_above(path, found)
    count = 0
    for top in dict.fromkeys(folders):
        for folder, below, names in os.walk(top):
            below[:] = sorted(name for name in below if name not in ("__pycache__", "node_modules", ".git"))
            count += 1
            if count > _MOST_FOLDERS or len(found) >= _MOST or budget.is_spent("unreadable files"):
                return list(found.values())[:_MOST]
            for name in below:
                path = "%s/%s" % (folder, name)
                if not os.access(path, os.R_OK | os.X_OK):
                    _judge(path, found)
            for name in names:
                path = "%s/%s" % (folder, name)
                if name.endswith((".py", ".so")) and not os.access(path, os.R_OK):
                    _judge(path, found)
    return list(found.values())[:_MOST]


def _judge_above(path: str, found: dict[str, UnreadableFileValues]) -> None:
    """The first folder on the way to ``path`` that can't be entered, or the file itself."""
    parts = path.split("/")
    for count in range(2, len(parts) + 1):
        if _judge("/".join(parts[:count]), found):
            return


def _judge(path: str, found: dict[str, UnreadableFileValues]) -> bool:
    """Note the file or folder where it may not be read; whether that was so."""
    if path in found:
        return True
    try:
        status = os.stat(path)
        is_folder = stat.S_ISDIR(status.st_mode)
        needed = os.R_OK | os.X_OK if is_folder else os.R_OK
        if os.access(path, needed):
            return False
    except (OSError, ValueError):
        return False
    found[path] = {
        "path": printable_path(path),
        "kind": "folder" if is_folder else "file",
        "mode": stat.S_IMODE(status.st_mode),
        "owner": user_name(status.st_uid),
        "group": group_name(status.st_gid),
    }
    return True
