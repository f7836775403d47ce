"""A child that does what could end this process or hold it up."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from importguard.probe import processes
from importguard.probe.processes import Worker

SCRIPT = """
import os, signal, sys, time
from importguard.probe.processes import apart
def action():
    {action}
print("well", flush=True) if apart(action, {seconds}) else print("badly", flush=True)
"""


def started(action: str, seconds: float = 20.0) -> subprocess.Popen[bytes]:
    script = SCRIPT.format(action=action, seconds=seconds)
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe, stderr=pipe)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("os.write(1, b'done ')", b"done well\n"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", b"badly\n"),
        ("raise ValueError", b"badly\n"),
        ("os._exit(0)", b"badly\n"),
    ],
)
def test_how_it_ended(action: str, said: bytes) -> None:
    with started(action) as process:
        assert process.stdout is not None
        assert process.stdout.read() == said


def test_it_is_given_up_in_time() -> None:
    begun = time.monotonic()
    with started("time.sleep(600)", 0.2) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b"badly\n"
    assert time.monotonic() - begun < 300


def test_the_end_of_standard_input_ends_both() -> None:
    with started("print('begun', flush=True); time.sleep(600)") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(timeout=60) == 1


def looked_at(code: str, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker whose process runs ``code`` and says when it begins, looked at for the first time."""
    monkeypatch.setattr(processes, "WAITING_SECONDS", 0.0)
    process = subprocess.Popen(
        [sys.executable, "-c", f"print(flush=True)\n{code}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    worker = Worker.__new__(Worker)
    worker.process, worker.pid = process, process.pid  # type: ignore[attr-defined]
    worker.sample, worker.is_waiting = (0.0, -1), False
    worker.look_whether_it_waits()
    return worker


@pytest.mark.parametrize(("code", "waits"), [("input()", True), ("while True: pass", False)])
def test_whether_a_worker_waits_is_told_by_its_processor_time(
    code: str, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = looked_at(code, monkeypatch)
    try:
        assert not worker.is_waiting  # nothing is known yet
        until = time.monotonic() + (0.2 if waits else 60)
        while not waits and processes._processor_ticks(worker.pid) < worker.sample[1] + 2:
            assert time.monotonic() < until
        worker.look_whether_it_waits()
        assert worker.is_waiting is waits
    finally:
        worker.process.kill()  # type: ignore[attr-defined]
        worker.process.communicate()  # type: ignore[attr-defined]
