"""Applications in one file: zip applications (PEP 441), shiv and PEX, which are unpacked to be looked at.

shiv and PEX unpack themselves as well when they are started, so that extension modules can be loaded.
"""

from __future__ import annotations

import os

from importguard.probe.files import printable_path, read_bytes, read_text
from importguard.probe.start.start_command import StartCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LARGEST = 2 << 30
_MOST_FILES = 100000


def is_archive(path: str) -> bool:
    """Whether a file begins as a zip archive does, perhaps after an interpreter line."""
    head = read_bytes(path, 8192)
    return head is not None and (head[:4] == b"PK\3\4" or (head[:2] == b"#!" and b"PK\3\4" in head))


def read_archive(command: StartCommand, path: str) -> None:
    """Fill in what an archive, or a folder that one was unpacked to, puts on the import path and loads."""
    folder = path if os.path.isdir(path) else _unpacked(path)
    if folder is None:
        command.notes.append("%s could not be unpacked, so it is not checked" % printable_path(path))
        return
    if folder != path:
        command.notes.append(
            "%s was unpacked to %s to be checked" % (printable_path(path), printable_path(folder))
        )
    shiv, pex = _json(folder + "/environment.json"), _json(folder + "/PEX-INFO")
    if shiv:
        command.roots.append(folder + "/site-packages")
        command.add_entry_point(str(shiv.get("entry_point") or ""))
    elif pex:
        command.roots += [folder, *_wheels(folder + "/.deps")]
        if pex.get("entry_point"):
            command.add_entry_point(str(pex["entry_point"]))
        else:
            command.tool = str(pex.get("script") or "") or None
    else:
        command.roots.append(folder)
        command.main_file = folder + "/__main__.py"


def _unpacked(path: str) -> str | None:
    import tempfile
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > _MOST_FILES or sum(info.file_size for info in infos) > _LARGEST:
                return None
            folder = os.path.join(tempfile.gettempdir(), os.path.basename(path) + ".unpacked")
            try:
                os.mkdir(folder)  # reports of the same image are to be the same
            except FileExistsError:
                folder = tempfile.mkdtemp(prefix=os.path.basename(path) + "-")
            archive.extractall(folder)
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return None
    return folder


def _json(path: str) -> dict[str, Any]:
    import json

    try:
        value = json.loads(read_text(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _wheels(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
    except OSError:
        return []
