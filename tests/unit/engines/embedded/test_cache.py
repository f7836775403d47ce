"""The cache: what it keeps, what it removes, and what a killed run leaves."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from importguard.engines.embedded.cache import ImageCache, Unpacked, default_cache_folder
from importguard.engines.embedded.removal import remove_tree
from importguard.errors import EngineError

IDS = [f"sha256:{number:064d}" for number in range(4)]


def filled(root: Path) -> Unpacked:
    (root / "file").write_text("x")
    return Unpacked(100, 1)


def fill(cache: ImageCache, id: str) -> None:
    with cache.hold_image(id, "shop", filled) as root:
        assert (root / "file").read_text() == "x"


def work_of(cache: Path) -> list[str]:
    return [path.name for path in (cache / "work").iterdir()]


def test_an_image_is_unpacked_once(tmp_path: Path) -> None:
    cache, made = ImageCache(tmp_path), []
    for _ in range(2):
        with cache.hold_image(IDS[0], "shop:1", lambda root: made.append(root) or filled(root)):  # type: ignore[func-returns-value]
            pass
    assert len(made) == 1
    (image,) = cache.list_images()
    assert (image.id, image.reference, image.size) == (IDS[0], "shop:1", 100)
    assert work_of(tmp_path) == []


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(root: Path) -> Unpacked:
        (root / "half").mkdir(mode=0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), ImageCache(tmp_path).hold_image(IDS[0], "shop", fail):
        pass
    assert (work_of(tmp_path), ImageCache(tmp_path).list_images()) == ([], [])


def test_the_least_used_goes_first(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, most=250)
    for id in IDS[:2]:
        fill(cache, id)
    os.utime(tmp_path / "locks" / IDS[1][7:], (1, 1))
    fill(cache, IDS[2])
    assert {image.id for image in cache.list_images()} == {IDS[0], IDS[2]}


def test_what_is_in_use_stays(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path, most=10)
    with cache.hold_image(IDS[0], "shop", filled) as root:
        assert cache.prune_images(0) == []
        assert root.exists()
    assert [image.id for image in cache.prune_images(0)] == [IDS[0]]
    assert (cache.list_images(), work_of(tmp_path)) == ([], [])


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    made = []

    def slowly(root: Path) -> Unpacked:
        made.append(root)
        time.sleep(0.3)
        return filled(root)

    def use() -> None:
        with ImageCache(tmp_path).hold_image(IDS[0], "shop", slowly) as root:
            assert (root / "file").exists()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


KILLED = """
import sys, time
from pathlib import Path
from importguard.engines.embedded.cache import ImageCache

def unpack(root):
    (root / "half").mkdir(mode=0)
    print("begun", flush=True)
    time.sleep(600)

with ImageCache(Path(sys.argv[1])).hold_image(sys.argv[2], "shop", unpack):
    pass
"""


def test_a_run_that_was_killed_is_cleaned_up_by_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path), IDS[0]]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert len(work_of(tmp_path)) == 2
        ImageCache(tmp_path).prune_images()
        assert len(work_of(tmp_path)) == 2, "what still runs is left alone"
        process.send_signal(signal.SIGKILL)
    fill(ImageCache(tmp_path), IDS[0])
    assert work_of(tmp_path) == []


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match=r"file.*--cache-dir"):
        ImageCache(tmp_path / "file")


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ImageCache(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_it_lies_in_the_user_s_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "importguard" / "images"


@pytest.mark.parametrize("damaged", ["about.json", "root", "old"])
def test_what_is_damaged_is_made_again_or_removed(tmp_path: Path, damaged: str) -> None:
    """Whoever cleans up caches by the age of their files leaves parts of an image; versions differ."""
    for id in IDS[:2]:
        fill(ImageCache(tmp_path), id)
        home = tmp_path / "images" / id[7:]
        if damaged == "root":
            shutil.rmtree(home / "root")
        else:
            (home / "about.json").write_text("" if damaged == "about.json" else '{"size": 1, "format": 1}')
    fill(ImageCache(tmp_path), IDS[0])
    ImageCache(tmp_path).prune_images()
    assert [path.name for path in (tmp_path / "images").iterdir()] == [IDS[0][7:]]
    assert work_of(tmp_path) == []


@pytest.mark.parametrize("removed", ["in/file", "in", "in/deep"])
def test_an_image_that_lost_a_file_is_unpacked_again(tmp_path: Path, removed: str) -> None:
    """Its verdict would be another one. What cleans up sets the folder's times back (systemd-tmpfiles)."""
    unpacked = []

    def unpack(root: Path) -> Unpacked:
        (root / "in/deep").mkdir(parents=True)
        (root / "in/file").write_text("x")
        unpacked.append(root)
        return Unpacked(100, 1)

    def hold_image() -> Path:
        with ImageCache(tmp_path).hold_image(IDS[0], "shop", unpack) as root:
            assert (root / removed).exists()
            return root

    hold_image()
    root = hold_image()
    assert len(unpacked) == 1
    folder = (root / removed).parent
    times = folder.stat()
    remove_tree(root / removed)
    os.utime(folder, ns=(times.st_atime_ns, times.st_mtime_ns))
    hold_image()
    hold_image()
    assert len(unpacked) == 2


@pytest.mark.parametrize("refused", ["root", "lock"])
def test_a_full_disk_is_told_of_the_cache(tmp_path: Path, refused: str) -> None:
    cache = ImageCache(tmp_path)
    if refused == "lock":
        (tmp_path / "locks").rmdir()

    def unpack(root: Path) -> Unpacked:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(EngineError, match="--cache-dir"), cache.hold_image(IDS[0], "shop", unpack):
        pass
    assert work_of(tmp_path) == []
