"""What a file of an image grants, and what it must have here so that the image's USER may do the same.

As no user but root may give files away, all of them belong to who unpacks, and inside the sandbox to the
image's USER. So that this one may still do exactly what production lets it do, the owner's bits of each file
become the bits that production grants that user.
"""

from __future__ import annotations

import tarfile
from typing import NamedTuple

from importguard.engines.embedded.tar_entries import TarEntry


class Permissions(NamedTuple):
    """Whose a file is in the image, and what it grants to whom."""

    is_folder: bool
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: float = 0.0

    @classmethod
    def of_entry(cls, entry: TarEntry) -> Permissions:
        """Those of an entry of a layer."""
        return cls(entry.kind == tarfile.DIRTYPE, entry.mode, entry.uid, entry.gid, entry.mtime)


class Viewer(NamedTuple):
    """The user that an image's container runs as."""

    uid: int = 0
    gids: tuple[int, ...] = (0,)

    def mode_of(self, file: Permissions) -> int:
        """The mode, with the owner's bits as production grants them to this user."""
        mode = file.mode
        if self.uid == 0:  # who may read and write everything, and enter every folder
            own = 7 if file.is_folder or mode & 0o111 else 6
        elif file.uid == self.uid:
            own = mode >> 6 & 7
        else:
            own = (mode >> 3 if file.gid in self.gids else mode) & 7
        return own << 6 | mode & 0o1077  # Never set-user-ID: no file of an image may have it on this machine.


ROOT = Viewer()
