"""What is counted of a sandbox's processes, tried on ordinary ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from importguard.engines.base import Limits
from importguard.engines.embedded.memory_watch import MemoryWatch, _written_bytes, descendant_processes

TREE = "import subprocess, sys; subprocess.run(['sleep', '600'])"
HUNGRY = "import time; x = b'x' * 200_000_000; time.sleep(600)"


def test_all_that_come_from_one() -> None:
    with subprocess.Popen([sys.executable, "-c", TREE]) as process:
        for _ in range(200):
            if len(found := descendant_processes(process.pid)) == 2:
                break
            time.sleep(0.05)
        os.kill(found[1], signal.SIGKILL)
    assert found[0] == process.pid
    assert descendant_processes(process.pid) == [process.pid]


def test_this_machine_s_root_is_nothing_that_a_sandbox_wrote() -> None:
    assert _written_bytes(os.getpid()) == 0
    assert _written_bytes(2**22 + 1) == 0


@pytest.mark.parametrize(
    ("memory", "pids", "ends"), [(50 << 20, 100, True), (4 << 30, 0, True), (4 << 30, 9, False)]
)
def test_it_is_held_to_its_limits(memory: int, pids: int, ends: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", HUNGRY]) as process:
        watch = MemoryWatch(process.pid, Limits(memory, 60, pids=pids))
        try:
            process.wait(20 if ends else 1)
        except subprocess.TimeoutExpired:
            assert not ends
        watch.end_watch()
        was_killed = process.poll() == -signal.SIGKILL
        process.kill()
    assert was_killed is ends
    assert watch.ran_out_of_memory is (ends and pids > 0)
    assert watch.had_too_many_processes is (pids == 0)


def test_a_limit_that_is_lower_already_stays() -> None:
    """As by ``ulimit -f``: no ordinary user may raise it."""
    code = (
        "import resource; from importguard.engines.embedded.namespaces import limit_resources; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)); limit_resources(0, 8192, 4096); "
        "print(resource.getrlimit(resource.RLIMIT_FSIZE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(4096, 4096)\n"
