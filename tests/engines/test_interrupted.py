"""However importguard ends, its container ends and is removed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from engines.conftest import containers, docker, known_to, need_podman, podman_containers

from importguard.engines.docker.engine import DockerEngine
from importguard.engines.docker.podman import connect_to_podman

PROGRAM = """
import signal
# A shell lets its background jobs ignore it, as this run may be one.
signal.signal(signal.SIGINT, signal.default_int_handler)
from importguard.engines.base import Limits
from importguard.engines.docker.engine import DockerEngine

# Ends at the end of its standard input, as the probe does.
COMMAND = ["python3", "-c", "import sys; print('begun', flush=True); sys.stdin.read()"]

def check(engine, image, limits):
    with engine.run(image, COMMAND, [], limits) as run:
        for chunk in run.output:
            print(chunk.decode(), flush=True)

def start(engine, image, limits):
    with engine.network() as network:
        limits = limits._replace(network=network)
        service = engine.create_service(image, [], limits, command=["sleep", "600"])
        with engine.run(image, COMMAND, [], limits._replace(beside=service.id), first=service.start) as run:
            for chunk in run.output:
                print(chunk.decode(), flush=True)

def main():
    engine = DockerEngine()
    image = engine.image({reference!r}, pull="never", platform=None)
    print("starting", flush=True)
    {action}(engine, image, Limits(memory=2**28, seconds=120))

main()
"""


def begin(docker_reference: str, action: str = "check") -> subprocess.Popen[str]:
    program = PROGRAM.format(reference=docker_reference, action=action)
    return subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until_gone(pid: int) -> list[str]:
    """Give what is left of the containers of ``pid`` when they are gone, or a minute later."""
    until = time.monotonic() + 60
    while (left := containers(pid)) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def test_interrupt_removes_the_container(docker_reference: str) -> None:
    with begin(docker_reference) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["starting\n", "begun\n"]
        assert len(containers(process.pid)) == 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert containers(process.pid) == []


def test_kill_ends_the_container(docker_reference: str) -> None:
    with begin(docker_reference) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["starting\n", "begun\n"]
        process.kill()
    assert wait_until_gone(process.pid) == []


def strike(docker_reference: str, number: signal.Signals, action: str, within: int) -> list[int]:
    """Strike eight times ``within`` so many milliseconds, in which containers are made and started."""
    pids = []
    for delay in random.Random(7).sample(range(within), 8):
        with begin(docker_reference, action) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "starting\n"
            time.sleep(delay / 1000)
            process.send_signal(number)
            process.communicate(timeout=30)
        pids.append(process.pid)
    return pids


def test_interrupt_whenever_it_comes(docker_reference: str) -> None:
    assert [containers(pid) for pid in strike(docker_reference, signal.SIGINT, "check", 300)] == [[]] * 8


@pytest.mark.parametrize(("action", "within"), [("check", 300), ("start", 900)])
def test_kill_whenever_it_comes(docker_reference: str, action: str, within: int) -> None:
    """Also between the creation of a container and its start, which Docker removes only when it has run."""
    for pid in strike(docker_reference, signal.SIGKILL, action, within):
        assert wait_until_gone(pid) == []
        assert networks(pid) == []


def networks(pid: int) -> list[str]:
    """The networks that ``pid`` made and that are still there, ten seconds later at most."""
    until = time.monotonic() + 10
    wanted = f"label=importguard={pid}"
    while (left := docker("network", "ls", "-q", "--filter", wanted).split()) and time.monotonic() < until:
        time.sleep(0.2)
    return left


SERVICE = """
import sys
from importguard.engines.base import Limits
from importguard.engines.docker.engine import DockerEngine
from importguard.engines.docker.podman import connect_to_podman
engine = DockerEngine(connect=connect_to_podman)
image = engine.image(sys.argv[1], pull="never", platform=None)
with engine.network() as network:
    limits = Limits(2**28, 600, network=network)
    engine.create_service(image, [], limits, program=["sleep", "600"]).start()
    print("started", flush=True)
    sys.stdin.read()
"""


def test_podmans_service_and_network_are_removed_after_a_kill(docker_reference: str, cache: Path) -> None:
    need_podman()
    engine = DockerEngine(connect=connect_to_podman)
    engine.kind = "podman"  # type: ignore[attr-defined]
    command = [sys.executable, "-c", SERVICE, known_to(engine, docker_reference, cache)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert podman_left(process.pid)[0]
        process.kill()
    ends = time.monotonic() + 60
    while left := podman_left(process.pid):
        assert time.monotonic() < ends, left
        time.sleep(0.2)


def podman_left(pid: int) -> list[str]:
    """The containers and networks of a process."""
    line = ["podman", "network", "ls", "-q", "--filter", f"label=importguard={pid}"]
    networks = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    return [*podman_containers(pid), *networks]
