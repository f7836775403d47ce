"""A pull that is killed or interrupted, two at once, and one image by two names."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from unit.engines.embedded.registry.conftest import BODY
from unit.engines.embedded.registry.fake_registry import FakeRegistry, cut_after, served, status
from unit.engines.embedded.registry.test_pulling import Pull, blob_of_layer

from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.engines.embedded.registry import downloads, retries
from importguard.errors import ImageError
from importguard.progress import QuietProgress

# A shell that runs tests in the background has them ignore SIGINT, and all that they start.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from importguard.engines.embedded.engine import EmbeddedEngine
EmbeddedEngine.check = lambda self: None
EmbeddedEngine(cache=Path(sys.argv[1])).image(sys.argv[2], pull="missing")
"""


def files_open_in(folder: Path, pid: int) -> list[str]:
    """The files of a folder, with a name or without, that a process has open."""
    names = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
    return [name for name in names if name.startswith(f"{folder}/") and not name.endswith(".lock")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_pull_that_is_ended_leaves_nothing(
    registry: FakeRegistry, pull: Pull, tmp_path: Path, sent: signal.Signals
) -> None:
    """In the middle of a layer, of which the half is there; the next run begins anew."""
    half_is_sent, go_on = threading.Event(), threading.Event()

    def stop_halfway(handler: Any) -> None:
        cut_after(150_000)(handler)
        handler.wfile.flush()
        half_is_sent.set()
        go_on.wait(20)

    registry.planned = {blob_of_layer(registry): [stop_halfway, served]}
    cache = tmp_path / "cache"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(cache), registry.reference], stderr=subprocess.DEVNULL
    ) as process:
        assert half_is_sent.wait(20)
        until = time.monotonic() + 10
        while not files_open_in(cache / "work", process.pid):
            assert time.monotonic() < until
        process.send_signal(sent)
        began = time.monotonic()
        assert process.wait(20) != 0
        assert time.monotonic() - began < 5, "it waits for the server"
    go_on.set()
    assert sum(path.stat().st_size for path in (cache / "work").rglob("*") if path.is_file()) == 0
    assert (pull(registry.reference) / "app/data").read_bytes() == BODY


def test_two_at_once_download_once(registry: FakeRegistry, tmp_path: Path) -> None:
    def wait_a_moment(handler: Any) -> None:
        time.sleep(0.5)
        served(handler)

    registry.planned = {blob_of_layer(registry, number): [wait_a_moment] for number in (0, 1)}
    engines = [EmbeddedEngine(cache=tmp_path / "cache") for _ in range(3)]
    threads = [
        threading.Thread(target=engine.image, args=(registry.reference,), kwargs={"pull": "missing"})
        for engine in engines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for engine in engines:
        engine.close()
    assert len(list((tmp_path / "cache/images").glob("*/root/app/data"))) == 1
    assert len(registry.asked_for(blob_of_layer(registry))) == 1


class NotedProgress(QuietProgress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def begin_phase(self, text: str) -> None:
        self.shown.append(text)

    def show_notice(self, text: str) -> None:
        self.shown.append(f"! {text}")

    def show_count(self, done: int, total: int, text: str) -> None:
        assert 0 <= done <= total
        self.shown.append(text)


def test_progress(registry: FakeRegistry, tmp_path: Path) -> None:
    def wait_a_moment(handler: Any) -> None:
        time.sleep(0.5)
        served(handler)

    registry.planned = {blob_of_layer(registry): [wait_a_moment]}
    progress = NotedProgress()
    engine = EmbeddedEngine(progress, cache=tmp_path / "cache")
    engine.image(registry.reference, pull="missing")
    engine.close()
    shown = progress.shown
    assert shown[0] == f"pulling {registry.reference}"
    assert shown[1] == f"pulling {registry.reference}: layer 1 of 2"
    assert "0 of 0 MB" in shown
    assert shown[-1] == f"unpacking {registry.reference}: layer 2 of 2"


def test_a_long_wait_is_told(registry: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "_WORTH_TELLING", 0.5)
    registry.planned["1"] = [status(429, {"Retry-After": "1"}), served]
    progress = NotedProgress()
    engine = EmbeddedEngine(progress, cache=tmp_path / "cache")
    engine.image(registry.reference, pull="missing")
    engine.close()
    assert progress.shown[1] == f"! {registry.host} wants fewer requests (429): waiting 1 s"


def test_a_full_disk(registry: FakeRegistry, pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(downloads.tempfile, "TemporaryFile", lambda **_: FullDisk())
    with pytest.raises(ImageError, match=r"can't be written to the cache: No space left on device"):
        pull(registry.reference)
