"""Images that were unpacked, by their id: each once, for every run of this user.

    images/ID/root    the unpacked root; beside it about.json, what it is, and folders.json, when each
                      of its folders last changed
    locks/ID          held shared by who uses it, alone by who makes or removes it; its time is the last use
    work/RANDOM       what is being made or removed; what no lock protects was left by a run that was killed

An image gets its name by one rename, when it is whole. Locks are the kernel's (flock(2)): they end with the
process that holds them, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from importguard.engines.embedded.removal import remove_tree
from importguard.errors import EngineError

DEFAULT_SIZE = 20 * 1024**3
"""Bytes that the cache may keep; the image in use stays whatever its size."""


_FORMAT = 2
"""Higher where unpacking gives other files or modes than before: what is of an older one is made again."""


class Unpacked(NamedTuple):
    """What was unpacked: bytes and files, as its layers give them."""

    size: int
    files: int


class CachedImage(NamedTuple):
    """An image of the cache; ``used`` in seconds since 1970."""

    id: str
    reference: str
    size: int
    used: float


class ImageCache:
    """The cache in one folder. Raises EngineError where that can't be used."""

    def __init__(self, folder: Path, most: int = DEFAULT_SIZE) -> None:
        self._folder = folder
        self._most = most
        with self._as_engine_error():
            for name in ("", "images", "locks", "work"):
                # No other user may run or read what images hold.
                (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid != os.geteuid():
                raise PermissionError(f"it belongs to user {folder.stat().st_uid}")
            folder.chmod(0o700)

    @contextmanager
    def hold_image(self, id: str, reference: str, unpack: Callable[[Path], Unpacked]) -> Iterator[Path]:
        """Give the root of an image, unpacked now if it is not there; it stays while the context lasts."""
        digest = id.rpartition(":")[2]
        home = self._folder / "images" / digest
        with self._as_engine_error():
            lock = open(self._folder / "locks" / digest, "a+b")  # noqa: SIM115
        with lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            while not _is_whole(home):
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not _is_whole(home):
                    self._make(home, id, reference, unpack)
                fcntl.flock(lock, fcntl.LOCK_SH)  # Not at once: it may be removed between the two.
            os.utime(lock.fileno())
            yield home / "root"

    def list_images(self) -> list[CachedImage]:
        """All images, the one that was used last first."""
        found = []
        for home in (self._folder / "images").iterdir():
            with suppress(OSError, ValueError, KeyError, TypeError):
                about = _read_about(home)
                used = (self._folder / "locks" / home.name).stat().st_mtime
                found.append(CachedImage(f"sha256:{home.name}", about["reference"], int(about["size"]), used))
        return sorted(found, key=lambda image: -image.used)

    def prune_images(self, keep: Optional[int] = None) -> list[CachedImage]:
        """Remove what killed runs left, and the images used least until ``keep`` bytes are left; tell which.

        ``keep`` is the cache's size if None. What is in use stays. What is damaged goes, untold.
        """
        self._remove_leftovers()
        for home in (self._folder / "images").iterdir():
            if not _is_whole(home):
                self._remove(home.name)
        left, removed = self._most if keep is None else keep, []
        for image in self.list_images():
            left -= image.size
            if left < 0 and self._remove(image.id):
                removed.append(image)
        return removed

    def scratch_folder(self) -> Path:
        """A folder for files that are removed when they are closed."""
        return self._folder / "work"

    def _make(self, home: Path, id: str, reference: str, unpack: Callable[[Path], Unpacked]) -> None:
        """Unpack into a folder of its own, then give it its name."""
        self._remove_leftovers()
        with self._as_engine_error(), self.work_folder() as work:
            (work / "root").mkdir(mode=0o700)
            unpacked = unpack(work / "root")
            told = {"id": id, "reference": reference, "made": time.time(), "format": _FORMAT}
            (work / "about.json").write_text(json.dumps({**told, **unpacked._asdict()}), "utf-8")
            (work / "folders.json").write_text(json.dumps(_change_times(work / "root")), "utf-8")
            self._take_away(home)
            work.rename(home)
        self.prune_images()

    @contextmanager
    def work_folder(self) -> Iterator[Path]:
        """A new folder, with a lock beside it; removed at the end, where it is still there."""
        work = self._folder / "work" / os.urandom(8).hex()
        with open(f"{work}.lock", "xb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                work.mkdir(mode=0o700)
                yield work
            finally:
                remove_tree(work)
                # Another run removes a lock that nobody holds yet.
                Path(lock.name).unlink(missing_ok=True)

    @contextmanager
    def _as_engine_error(self) -> Iterator[None]:
        """Say of what the disk refuses that it is the cache's: it is full, or may only be read."""
        try:
            yield
        except OSError as error:
            raise EngineError(
                f"The cache for unpacked images, {self._folder}, can't be used: {error}. Choose another "
                "folder with --cache-dir."
            ) from error

    def _remove_leftovers(self) -> None:
        for path in (self._folder / "work").glob("*.lock"):
            with suppress(OSError), open(path, "r+b") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(path.with_suffix(""))
                path.unlink()

    def _remove(self, id: str) -> bool:
        """Remove an image that nobody uses; tell whether it was."""
        home = self._folder / "images" / id.rpartition(":")[2]
        with open(self._folder / "locks" / home.name, "a+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            self._take_away(home)
        return True

    def _take_away(self, home: Path) -> None:
        """Remove an image that this process alone has locked, if it is there."""
        with self.work_folder() as work, suppress(FileNotFoundError):
            work.rmdir()
            home.rename(work)


def _read_about(home: Path) -> dict[str, Any]:
    """What is told of an image. Raises OSError or ValueError where it can't be read."""
    about: dict[str, Any] = json.loads((home / "about.json").read_text("utf-8"))
    return about


def _is_whole(home: Path) -> bool:
    """Whether an image is there, unpacked as this version does it, and no file of it was removed since."""
    try:
        return _read_about(home)["format"] == _FORMAT and _is_unchanged(home)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _change_times(root: Path) -> dict[str, int]:
    """When an entry was last added to each folder or removed from it, as far as this user may look (ctime).

    systemd-tmpfiles and tmpreaper remove old files from folders of caches and set the folders' mtime back;
    nobody can set a ctime. To look at each file of an image would take a second.
    """
    length = len(str(root)) + 1
    return {folder[length:]: os.lstat(folder).st_ctime_ns for folder, _, _ in os.walk(root)}


def _is_unchanged(home: Path) -> bool:
    """Whether each folder is as it was when the image was unpacked. Raises OSError where one is gone."""
    told: dict[str, int] = json.loads((home / "folders.json").read_text("utf-8"))
    root = f"{home}/root"  # A Path for each of thousands would take five times as long.
    return all(os.lstat(f"{root}/{name}").st_ctime_ns == time for name, time in told.items())


def default_cache_folder() -> Path:
    """Where this user's caches lie (platformdirs: XDG_CACHE_HOME on Linux)."""
    from platformdirs import user_cache_path

    return user_cache_path("importguard") / "images"
