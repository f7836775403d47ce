"""Services of the embedded engine: in their own network, of this machine they reach and see nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from engines.conftest import known_to, started

from importguard.engines.base import Image, Limits, Service
from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.engines.embedded.memory_watch import descendant_processes
from importguard.engines.embedded.process import LARGEST_FILE

LIMITS = Limits(memory=256 * 1024**2, seconds=60)
SERVER = ("python3", "-m", "http.server", "8000")
RESETS = """
import socket
server = socket.create_server(("", 8000))
while True:
    client, _ = server.accept()
    client.recv(1)
    client.close()
"""
SEEN = """
import json, os, re, socket
def is_possible(action):
    try:
        action()
    except OSError:
        return False
    return True
def connect(family, address):
    with socket.socket(family) as made:
        made.settimeout(2)
        made.connect(address)
status = open("/proc/self/status").read()
print(json.dumps({
    "capabilities": [int(found, 16) for found in re.findall(r"Cap(?:Prm|Eff|Amb):\\s+(\\w+)", status)],
    "no new privileges": "NoNewPrivs:\\t1" in status,
    "filtered": "Seccomp:\\t2" in status,
    "tcp": is_possible(lambda: connect(socket.AF_INET, ("127.0.0.1", PORT))),
    "abstract": is_possible(lambda: connect(socket.AF_UNIX, "\\0NAME")),
    "file": is_possible(lambda: open("CANARY")),
    "process": is_possible(lambda: os.kill(PROCESS, 0)),
    "hosts": is_possible(lambda: open("/etc/hosts", "a")),
    "namespace": os.system("unshare -U true 2>/dev/null") == 0,
    "others": [p for p in os.listdir("/proc") if p.isdigit() and "bwrap" in open(f"/proc/{p}/comm").read()],
}))
"""


@pytest.fixture
def engine(docker_engine: None, cache: Path) -> Iterator[EmbeddedEngine]:
    made = EmbeddedEngine(cache=cache)
    made.kind = "embedded"  # type: ignore[attr-defined]
    yield made
    made.close()


@pytest.fixture
def image(engine: EmbeddedEngine, docker_reference: str, cache: Path) -> Image:
    return engine.image(known_to(engine, docker_reference, cache), pull="never")


@pytest.fixture
def network(engine: EmbeddedEngine) -> Iterator[Limits]:
    """The limits of what is in a network of this test."""
    with engine.network() as name:
        yield LIMITS._replace(network=name)


def output_of(engine: EmbeddedEngine, image: Image, code: str, limits: Limits) -> str:
    with engine.run(image, ["python3", "-c", code], [], limits) as run:
        return b"".join(run.output).decode()


def until_it_listens(service: Service) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', 8000))"
    ends = time.monotonic() + 30
    while (answer := service.execute(["python3", "-c", code], 30))[0]:
        assert time.monotonic() < ends, answer


def descendants(name: str) -> list[int]:
    """What comes from this process and has that name."""
    found = descendant_processes(os.getpid())
    return [pid for pid in found if Path(f"/proc/{pid}/comm").read_text().strip() == name]


def ask(address: str) -> str:
    return f"import urllib.request as r; print(r.urlopen('http://{address}/', timeout=20).status)"


def test_two_listen_on_one_port_and_know_one_another(
    engine: EmbeddedEngine, image: Image, network: Limits
) -> None:
    """The first one knows the name of the second, which was started later, too."""
    first = started(engine, image, [], network, command=SERVER, names=["shop"])
    second = started(engine, image, [], network, command=SERVER, names=["auth", "login"])
    with closing(first), closing(second):
        until_it_listens(first)
        until_it_listens(second)
        for asking, name in ((second, "shop"), (first, "auth"), (first, "login"), (first, "shop")):
            code, said = asking.execute(["python3", "-c", ask(f"{name}:8000")], 60)
            assert (code, said) == (0, b"200\n")
        assert output_of(engine, image, ask("login:8000"), network) == "200\n"


@pytest.mark.parametrize("user", ["", "1234"])
def test_nothing_of_this_machine_is_reached(
    engine: EmbeddedEngine, image: Image, network: Limits, cache: Path, user: str
) -> None:
    """Neither by the service, nor by what asks it, nor by a command in it."""
    image = Image(**{**image.__dict__, "user": user, "workdir": "/"})
    (cache / "secret").write_text("canary")
    name = f"importguard-canary-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as abstract, socket.create_server(("127.0.0.1", 0)) as server:
        abstract.bind(f"\0{name}")
        abstract.listen()
        code = SEEN.replace("CANARY", str(cache / "secret")).replace("NAME", name)
        code = code.replace("PROCESS", str(os.getpid())).replace("PORT", str(server.getsockname()[1]))
        loop = f"{code}\nimport sys, time\nsys.stdout.flush()\ntime.sleep(600)"
        with closing(started(engine, image, [], network, command=("python3", "-c", loop))) as service:
            while b"}" not in service.log():
                assert not service.wait(0.1), service.log()
            answers = [
                service.log().decode(),
                output_of(engine, image, code, network._replace(beside=service.id)),
                service.execute(["python3", "-c", code], 60)[1].decode(),
            ]
    nothing: dict[str, Any] = dict.fromkeys(
        ("tcp", "abstract", "file", "process", "hosts", "namespace"), False
    )
    wanted = {**nothing, "capabilities": [0, 0, 0], "no new privileges": True, "filtered": True, "others": []}
    assert [json.loads(answer) for answer in answers] == [wanted] * 3


def test_this_machine_reaches_what_is_published(
    engine: EmbeddedEngine, image: Image, network: Limits
) -> None:
    with closing(started(engine, image, [], network, command=SERVER, publish=[8000])) as service:
        until_it_listens(service)
        with urllib.request.urlopen(f"http://{service.address(8000)}/", timeout=20) as answer:
            assert answer.status == 200
        resets = ("python3", "-c", RESETS)
        with closing(started(engine, image, [], network, command=resets, publish=[8000])) as unwilling:
            until_it_listens(unwilling)
            with pytest.raises(OSError, match=r"reset|closed"):
                urllib.request.urlopen(f"http://{unwilling.address(8000)}/", timeout=20)
        address = service.address(8000)
    assert address is not None
    host, _, port = address.rpartition(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), 5)


def test_what_is_executed_has_exactly_the_image_s_variables(
    engine: EmbeddedEngine, image: Image, network: Limits
) -> None:
    """No process of this machine heeds them on the way: its dynamic linker would load what they name."""
    hostile = ["LD_PRELOAD=/nope.so", "LD_AUDIT=/nope.so", "LD_LIBRARY_PATH=/nope"]
    with closing(started(engine, image, hostile, network, program=["/bin/sleep", "600"])) as service:
        code, said = service.execute(["env"], 60)
    lines = said.decode().splitlines()
    printed = [line for line in lines if not line.startswith("ERROR: ld.so")]
    names = {item.partition("=")[0] for item in (*image.env, *hostile)} | {"PATH", "HOSTNAME", "HOME"}
    assert code == 0
    assert {line.partition("=")[0] for line in printed} == names
    assert set(hostile) <= set(printed)
    # The image's own linker says so of the one program that it loads: once of each.
    assert len(lines) - len(printed) == 2, said


def test_nothing_of_our_environment_is_in_a_waiting_sandbox(
    engine: EmbeddedEngine, image: Image, network: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service could read it in /proc of what is about to ask it."""
    monkeypatch.setenv("TOKEN_OF_THE_PIPELINE", "canary")
    with closing(engine.create_service(image, [], network, program=["/bin/sleep", "600"])):
        ends = time.monotonic() + 30
        while not (waiting := descendants("bwrap")):
            assert time.monotonic() < ends
        environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in waiting]
    assert not any(b"canary" in environment for environment in environments)


OPEN = """
import os
for number in os.listdir("/proc/self/fd"):
    if os.path.lexists(f"/proc/self/fd/{number}"):
        print(os.readlink(f"/proc/self/fd/{number}"))
"""


def test_no_descriptor_of_a_namespace_is_open_in_there(
    engine: EmbeddedEngine, image: Image, network: Limits
) -> None:
    lasting = f"{OPEN}print('all', flush=True)\nimport time\ntime.sleep(600)"
    with closing(started(engine, image, [], network, command=["python3", "-c", lasting])) as service:
        said = [
            service.execute(["python3", "-c", OPEN], 60)[1].decode(),
            output_of(engine, image, OPEN, network._replace(beside=service.id)),
        ]
        ends = time.monotonic() + 30
        while b"all" not in service.log():
            assert time.monotonic() < ends
        said.append(service.log().decode())
    assert all("pipe:" in each for each in said), said
    assert not any(re.search(r"net:\[|mnt:\[|pidfd|importguard", each) for each in said), said
    # bubblewrap leaves those open by which what stands beside a service came in. The filter forbids setns.
    assert not any(re.search(r"user:\[|pid:\[", said[number]) for number in (0, 2)), said


def test_what_is_executed_has_the_service_s_limits(
    engine: EmbeddedEngine, image: Image, network: Limits
) -> None:
    code = "import resource as r; print(*map(r.getrlimit, (r.RLIMIT_CORE, r.RLIMIT_FSIZE, r.RLIMIT_NPROC)))"
    pids = network.pids
    with closing(started(engine, image, [], network, program=["/bin/sleep", "600"])) as service:
        said = service.execute(["python3", "-c", code], 60)[1].decode()
        assert said == f"(0, 0) ({LARGEST_FILE}, {LARGEST_FILE}) ({pids}, {pids})\n"
        greedy = "import time; held = b'x' * 1024**3; time.sleep(60)"
        assert service.execute(["python3", "-c", greedy], 60)[0] == 128 + signal.SIGKILL
        assert service.ran_out_of_memory()
        assert service.exit() is None  # It was not what used the memory.


@pytest.mark.parametrize("seconds_before", [0, 0.05, 0.1, 0.15, 2])
def test_what_is_closed_before_its_start_never_runs(
    engine: EmbeddedEngine, image: Image, network: Limits, seconds_before: float
) -> None:
    """However far its sandbox is by then."""
    seconds = f"600.{os.getpid()}"
    service = engine.create_service(image, [], network, program=["/bin/sleep", seconds])
    time.sleep(seconds_before)
    service.close()
    assert_nothing_runs(seconds)


UNSTARTED = """
import sys, time
from pathlib import Path
from importguard.engines.base import Limits
from importguard.engines.embedded.engine import EmbeddedEngine
engine = EmbeddedEngine(cache=Path(sys.argv[1]))
image = engine.image(sys.argv[2], pull="never")
with engine.network() as network:
    limits = Limits(2**28, 600, network=network)
    service = engine.create_service(image, [], limits, program=["/bin/sleep", sys.argv[3]])
    time.sleep(float(sys.argv[4]))
    print("made", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("seconds_before", ["0.15", "2"])
def test_what_a_killed_run_has_not_started_never_runs(
    engine: EmbeddedEngine, docker_reference: str, cache: Path, seconds_before: str
) -> None:
    seconds = f"600.{os.getpid()}"
    archive = known_to(engine, docker_reference, cache)
    command = [sys.executable, "-c", UNSTARTED, str(cache), archive, seconds, seconds_before]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        process.kill()
    # Its bubblewrap may wait for ever for the one that was to set it up: it has nothing, and runs nothing.
    assert_nothing_runs(seconds, "^/bin/sleep")


def assert_nothing_runs(seconds: str, program: str = "(bwrap|sleep)") -> None:
    """Neither the program nor a bubblewrap that is about to become it, now and a moment later."""
    for _ in range(2):
        time.sleep(0.5)
        found = subprocess.run(["pgrep", "-af", f"{program}.*{seconds}$"], stdout=subprocess.PIPE, text=True)
        assert not found.stdout


PROGRAM = """
import sys, time
from pathlib import Path
from importguard.engines.base import Limits
from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.engines.embedded.memory_watch import descendant_processes
from importguard.engines.embedded.process import LARGEST_FILE
engine = EmbeddedEngine(cache=Path(sys.argv[1]))
image = engine.image(sys.argv[2], pull="never")
with engine.network() as network:
    limits = Limits(2**28, 600, network=network)
    service = engine.create_service(image, [], limits, program=["/bin/sleep", sys.argv[3]], publish=[8000])
    service.start()
    print(service.address(8000), flush=True)
    beside = limits._replace(beside=service.id)
    with engine.run(image, ["/bin/sleep", sys.argv[3]], [], beside):
        service.execute(["/bin/sleep", sys.argv[3]], 600)
"""


def test_nothing_is_left_of_a_killed_run(engine: EmbeddedEngine, docker_reference: str, cache: Path) -> None:
    """Neither the service, nor what asks it, nor a command in it, nor what passes connections on."""
    seconds = f"600.{os.getpid()}"
    archive = known_to(engine, docker_reference, cache)
    command = [sys.executable, "-c", PROGRAM, str(cache), archive, seconds]

    def left() -> list[str]:
        found = subprocess.run(["pgrep", "-f", f"^/bin/sleep {seconds}"], stdout=subprocess.PIPE, text=True)
        return found.stdout.split()

    def is_reached(host: str, port: str) -> bool:
        with socket.socket() as made:
            return made.connect_ex((host, int(port))) == 0

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        host, _, port = process.stdout.readline().strip().partition(":")
        ends = time.monotonic() + 60
        while len(left()) < 3:
            assert time.monotonic() < ends, left()
            time.sleep(0.1)
        assert is_reached(host, port)
        process.kill()
    while left() or is_reached(host, port):
        assert time.monotonic() < ends, left()
        time.sleep(0.1)
