"""A child that does what could end this process or hold it up."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

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
