"""A child that does what could end this process or hold it up."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from importguard.probe import worker
from importguard.probe.worker import Worker

SCRIPT = """
import os, signal, sys, time
from importguard.probe.child_processes import call_in_child
def action():
    {action}
print("well", flush=True) if call_in_child(action, {seconds}) else print("badly", flush=True)
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


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Worker]]:
    """Make a worker whose process runs some code, looked at for the first time when that begins."""
    monkeypatch.setattr(worker, "WAITING_SECONDS", 0.0)
    running = []

    def look(code: str) -> Worker:
        command = [sys.executable, "-c", f"print(flush=True)\n{code}"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        worker = Worker.__new__(Worker)
        worker.pid, worker.heard, worker.limit, worker.dumped = process.pid, 1.0, 10.0, None
        worker.sample, worker.is_waiting = (0.0, -1), False
        worker.starved_since, worker.starved = 0.0, 0.0
        worker.script, worker.rest, worker.waits_since = None, 5.0, None
        worker.look_at_processor_time()
        return worker

    yield look
    for process in running:
        process.kill()
        process.communicate()


def test_a_worker_without_processor_time_waits(looked_at: Callable[[str], Worker]) -> None:
    worker = looked_at("input()")
    assert not worker.is_waiting  # nothing is known yet
    time.sleep(0.3)
    worker.look_at_processor_time()
    time.sleep(0.1)
    worker.look_at_processor_time()
    assert worker.is_waiting
    assert worker.message_deadline() == 11.0
    worker.script, worker.heard, worker.limit = "/app/main.py", worker.sample[0], 60.0
    rests = worker.message_deadline() - worker.sample[0]
    assert 3.0 < rests < 5.0, "a script is asked where it is when it has waited for five seconds"


def test_a_worker_that_could_run_and_may_not_has_more_time(looked_at: Callable[[str], Worker]) -> None:
    worker = looked_at("while True: pass")
    worker.look_at_processor_time()
    assert not worker.is_waiting
    worker.sample = worker.sample[0] - 5.0, worker.sample[1]  # as if it had used nothing for 5 seconds
    worker.look_at_processor_time()
    assert 15.0 < worker.message_deadline() < 41.0
    worker.starved = 1000.0
    assert worker.message_deadline() == 41.0, "four times the limit"
    worker.heard = 2.0
    assert worker.message_deadline() == 12.0, "it was heard of since"
