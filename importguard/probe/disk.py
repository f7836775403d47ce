"""How much the imports may write to the disk in sum: the engine limits a file's size, not their number."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 2 << 30
"""Bytes. The engine's disk is the host's: a runaway import must not fill it."""

_CERTAIN = 4  # times the limit, which no other process of the host takes within one check


class Disk:
    """The free space of the container's disk since the check began."""

    def __init__(self) -> None:
        self.begun = time.time()
        self.first = self.free = _free_bytes()

    def reason_to_end(self, importing: Iterable[str]) -> str | None:
        """Why the check must end, where more than LIMIT was written while ``importing`` were imported.

        The host's other processes use the disk too, so the container's own new files are counted before
        anything is said.
        """
        now = _free_bytes()
        if self.free - now < LIMIT:
            return None
        if self.first - now < _CERTAIN * LIMIT and _written_since(self.begun) < LIMIT:
            self.free = now
            return None
        named = ", ".join(sorted(importing)) or "nothing"
        return "more than {} GB were written to the disk while {} was imported".format(LIMIT >> 30, named)


def _free_bytes() -> int:
    try:
        status = os.statvfs("/")
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize


def _written_since(begun: float, root: str = "/") -> int:
    """The bytes of all files below ``root``, on the disk of ``root``, that were changed since."""
    device, written = os.stat(root).st_dev, 0
    for folder, folders, names in os.walk(root):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys", "dev")]
        for name in names:
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:
                continue
            if status.st_ctime >= begun - 1 and status.st_dev == device:
                written += status.st_blocks * 512
    return written
