"""Unpack the layers of an image, one over the other, into one folder: a security boundary.

A layer is hostile until proven otherwise. Nothing is ever followed: each folder on the way to a file is
opened by itself and refused where it is a link, so that no entry reaches what lies outside. Whiteouts are
those of the OCI image-spec (layer.md): ``.wh.NAME`` hides NAME of the layers below, ``.wh..wh..opq`` all that
they have in a folder.

``tarfile`` can't be used: its ``data`` filter refuses absolute links, which every root file system has, and
knows no whiteouts.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from importguard.engines.embedded.permissions import ROOT, Permissions, Viewer
from importguard.engines.embedded.removal import remove_entry
from importguard.engines.embedded.tar_entries import TarEntry, TarReader
from importguard.errors import ImageError

_WHITEOUT, _OPAQUE = b".wh.", b".wh..wh..opq"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 200
_MOST_OPEN = 100

Path = tuple[bytes, ...]


class UnpackLimits(NamedTuple):
    """What an image may have in all: bytes, and entries of its layers."""

    size: int = 40 * 1024**3
    entries: int = 900_000


USUAL_LIMITS = UnpackLimits()


_USUAL = Permissions(True, 0o755)  # of folders that no layer describes


class RootFolder:
    """The folder that becomes an image's root. Raises ImageError for what must not be unpacked."""

    def __init__(self, folder: str, reference: str, limits: UnpackLimits = USUAL_LIMITS) -> None:
        self._reference = reference
        self._limits = limits
        self._root = os.open(folder, _FOLDER)
        self._open: dict[Path, int] = {}
        self._made: set[Path] = set()
        self._permissions: dict[Path, Permissions] = {(): _USUAL}
        self.size = self.entries = 0

    def close(self) -> None:
        """Close what is open."""
        self._forget()
        os.close(self._root)

    def grant_permissions(self, viewer: Viewer) -> None:
        """Set all permissions for the user of the image; until then, everything is open for us."""
        for path in sorted(self._permissions, key=len, reverse=True):
            file = self._permissions[path]
            parent = self._walk(path[:-1], make=False)
            assert parent is not None, path
            if file.is_folder:
                descriptor = self._walk(path, make=False)
                assert descriptor is not None, path
                os.utime(descriptor, (file.mtime, file.mtime))
                os.fchmod(descriptor, viewer.mode_of(file))
            elif viewer != ROOT:
                os.chmod(path[-1], viewer.mode_of(file), dir_fd=parent)
            if len(self._open) > _MOST_OPEN:
                self._forget()

    def make_mount_point(self, name: bytes) -> None:
        """Make sure that there is an empty folder of this name, and no link.

        bubblewrap before 0.12 followed a link at a mount point out of the sandbox (GHSA-pxhw-h44j-8pfx).
        """
        self._made = set()
        if _status(name, self._root) is not None:
            self._remove((name,), self._root)
        self._walk((name,), make=True)

    def unpack_layer(self, stream: BinaryIO) -> None:
        """Unpack a layer over those that are there."""
        self._made = set()
        reader = TarReader(stream, self._reference)
        for entry in reader:
            self.entries += 1
            self.size += entry.size
            if self.entries > self._limits.entries or self.size > self._limits.size:
                raise self._error(
                    f"it has more than {self._limits.entries} files or {self._limits.size >> 20} MiB"
                )
            try:
                self._add(entry, reader)
            except OSError as error:
                shown = entry.name[:200].decode("utf-8", "backslashreplace")
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise self._error(
                        f"there is no space left on the disk of the cache for {shown!r}. Choose another "
                        "folder with --cache-dir, or make room with `importguard cache prune --keep SIZE`"
                    ) from error
                raise self._error(f"{shown!r} can't be unpacked: {error.strerror}") from error

    def _add(self, entry: TarEntry, reader: TarReader) -> None:
        if len(self._open) > _MOST_OPEN:
            self._forget()
        path = self._path(entry.name)
        if not path:
            self._permissions[path] = Permissions.of_entry(entry)
            return
        name = path[-1]
        if name.startswith(_WHITEOUT):
            self._white_out(path[:-1], name)
            return
        add = _ADD.get(entry.kind)
        if entry.kind in (tarfile.CHRTYPE, tarfile.BLKTYPE) and path[0] == b"dev":
            return  # of old base images: a container has a /dev of its own
        if add is None:
            raise self._error(f"{_shown(path)} is a device, or of a kind that no image has")
        parent = self._walk(path[:-1], make=True)
        assert parent is not None
        add(self, entry, path, parent, reader)
        # With a file, a layer has the folders above it.
        while path and path not in self._made:
            self._made.add(path)
            path = path[:-1]

    def _add_folder(self, entry: TarEntry, path: Path, parent: int, reader: TarReader) -> None:
        there = _status(path[-1], parent)
        if there is not None and not stat.S_ISDIR(there.st_mode):
            self._remove(path, parent)
            there = None
        if there is None:
            os.mkdir(path[-1], 0o700, dir_fd=parent)
        self._permissions[path] = Permissions.of_entry(entry)

    def _add_file(self, entry: TarEntry, path: Path, parent: int, reader: TarReader) -> None:
        self._remove(path, parent)
        descriptor = os.open(path[-1], _NEW_FILE, 0o600, dir_fd=parent)
        try:
            for chunk in reader.read_content(entry.size):
                while chunk:
                    chunk = chunk[os.write(descriptor, chunk) :]
            # An interpreter compares the time of a module's file with what its .pyc says.
            os.utime(descriptor, (entry.mtime, entry.mtime))
            os.fchmod(descriptor, ROOT.mode_of(Permissions.of_entry(entry)))
        finally:
            os.close(descriptor)
        self._permissions[path] = Permissions.of_entry(entry)

    def _add_symlink(self, entry: TarEntry, path: Path, parent: int, reader: TarReader) -> None:
        if not entry.target or b"\0" in entry.target:
            raise self._error(f"{_shown(path)} is a link to nowhere")
        self._remove(path, parent)
        # Wherever it leads: it is resolved inside the sandbox, and never followed here.
        os.symlink(entry.target, path[-1], dir_fd=parent)

    def _add_hard_link(self, entry: TarEntry, path: Path, parent: int, reader: TarReader) -> None:
        target = self._path(entry.target)
        if target == path:
            raise self._error(f"{_shown(path)} is a hard link to itself")
        folder = self._walk(target[:-1], make=False) if target else None
        there = _status(target[-1], folder) if folder is not None else None
        if there is None or stat.S_ISDIR(there.st_mode):
            raise self._error(
                f"{_shown(path)} is a hard link to {_shown(target)}, which is no file of the image"
            )
        self._remove(path, parent)
        # What was removed may have been on the way to the target.
        folder = self._walk(target[:-1], make=False)
        os.link(target[-1], path[-1], src_dir_fd=folder, dst_dir_fd=parent, follow_symlinks=False)
        if target in self._permissions:  # The target may be removed, and this name stays.
            self._permissions[path] = self._permissions[target]

    def _add_fifo(self, entry: TarEntry, path: Path, parent: int, reader: TarReader) -> None:
        self._remove(path, parent)
        os.mkfifo(path[-1], 0o600, dir_fd=parent)

    def _white_out(self, folder: Path, name: bytes) -> None:
        """Remove what layers below have, and nothing of this one."""
        parent = self._walk(folder, make=False)
        if name == _OPAQUE:
            if parent is not None:
                self._remove_of_lower_layers(folder)
            return
        if name.startswith(_WHITEOUT * 2):
            return  # what aufs noted for itself
        hidden = name[len(_WHITEOUT) :]
        if hidden in (b"", b".", b".."):
            raise self._error(f"{_shown((*folder, name))} removes what is no file")
        path = (*folder, hidden)
        if parent is None or _status(hidden, parent) is None:
            return
        if path not in self._made:
            self._remove(path, parent)
        else:
            self._remove_of_lower_layers(path)

    def _remove_of_lower_layers(self, folder: Path) -> None:
        """Remove what is in a folder, but for what this layer put there; nothing where it is no folder."""
        descriptor = self._walk(folder, make=False)
        for name in map(os.fsencode, os.listdir(descriptor) if descriptor is not None else ()):
            path = (*folder, name)
            if path in self._made:
                self._remove_of_lower_layers(path)
            elif (parent := self._walk(folder, make=False)) is not None:
                self._remove(path, parent)

    def _remove(self, path: Path, parent: int) -> None:
        there = _status(path[-1], parent)
        if there is None:
            return
        if not stat.S_ISDIR(there.st_mode):
            os.unlink(path[-1], dir_fd=parent)
            self._permissions.pop(path, None)
            return
        self._forget(keep=parent)
        remove_entry(path[-1], parent)
        length = len(path)
        self._made = {other for other in self._made if other[:length] != path}
        kept = self._permissions.items()
        self._permissions = {other: file for other, file in kept if other[:length] != path}

    def _walk(self, path: Path, *, make: bool) -> int | None:
        """Open a folder, going down from the root, following nothing.

        ``make``: make what is not there, and replace what layers below have in its place, as an overlay
        does; None without it. Raises ImageError where this layer itself put a link or a file there.
        """
        if not path:
            return self._root
        if path in self._open:
            return self._open[path]
        parent = self._walk(path[:-1], make=make)
        if parent is None:
            return None
        there = _status(path[-1], parent)
        if there is not None and not stat.S_ISDIR(there.st_mode):
            if path in self._made and make:
                raise self._error(
                    f"an entry leads through {_shown(path)}, which is no folder but a link or file"
                )
            if not make:
                return None
            self._remove(path, parent)
            there = None
        if there is None:
            if not make:
                return None
            os.mkdir(path[-1], 0o700, dir_fd=parent)
            self._made.add(path)
            self._permissions[path] = _USUAL
        self._open[path] = os.open(path[-1], _FOLDER, dir_fd=parent)
        return self._open[path]

    def _forget(self, keep: int = -1) -> None:
        """Close the folders that are open, but for the one that is in use."""
        for path in [path for path, descriptor in self._open.items() if descriptor != keep]:
            os.close(self._open.pop(path))

    def _path(self, name: bytes) -> Path:
        """The parts of a name. Raises ImageError for one that leads outside.

        A leading slash is the image's root: kaniko writes the root itself so, buildpacks and Nix all names.
        """
        parts = tuple(part for part in name.split(b"/") if part not in (b"", b"."))
        if not parts:
            return ()
        if b".." in parts:
            raise self._error(f"{name[:200]!r} leads outside of the image")
        if b"\0" in name or len(parts) > _DEEPEST or len(name) > 4096:
            raise self._error(f"{name[:80]!r} is no name that a file can have")
        return parts

    def _error(self, text: str) -> ImageError:
        return ImageError(f"{self._reference}: {text}. It is not unpacked.")


_ADD: dict[bytes, Callable[[RootFolder, TarEntry, Path, int, TarReader], None]] = {
    tarfile.REGTYPE: RootFolder._add_file,
    tarfile.DIRTYPE: RootFolder._add_folder,
    tarfile.SYMTYPE: RootFolder._add_symlink,
    tarfile.LNKTYPE: RootFolder._add_hard_link,
    tarfile.FIFOTYPE: RootFolder._add_fifo,
}


def _status(name: bytes, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _shown(path: Path) -> str:
    return repr(b"/".join(path)[:200].decode("utf-8", "backslashreplace"))
