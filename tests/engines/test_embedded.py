"""A hostile image in the embedded engine: it reads and writes nothing of this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.conftest import docker
from unit.engines.embedded.archives import entry, layer, oci_archive, symlink

from importguard.engines.base import Exit, Image, Limits
from importguard.engines.embedded.engine import EmbeddedEngine

LIMITS = Limits(memory=256 * 1024**2, seconds=60)


@pytest.fixture(scope="module")
def engine(cache: Path) -> Iterator[EmbeddedEngine]:
    made = EmbeddedEngine(cache=cache)
    yield made
    made.close()


@pytest.fixture(scope="module")
def image(engine: EmbeddedEngine, docker_reference: str, cache: Path) -> Image:
    """The image of the engines' tests, with links wherever the sandbox mounts or writes something."""
    container = docker("create", docker_reference, "true")
    try:
        files = subprocess.run(["docker", "export", container], stdout=subprocess.PIPE, check=True).stdout
    finally:
        docker("rm", "-f", "-v", container)
    target = f"/oldroot{cache}/canary"
    names = ("proc", "dev", "sys", "run", "tmp", "etc/hosts", "etc/resolv.conf", "etc/hostname", "srv/app")
    attack = layer(*(symlink(name, target) for name in names), entry("srv/none"))
    archive = oci_archive(
        cache / "hostile.tar", files, attack, packed=bytes, config={"WorkingDir": "/srv/app"}
    )
    return engine.image(str(archive), pull="never")


def observe(engine: EmbeddedEngine, image: Image, code: str) -> Any:
    image = Image(**{**image.__dict__, "workdir": "/"})
    with engine.run(image, ["/usr/bin/env", "python3", "-c", code], [], LIMITS) as run:
        output = b"".join(run.output)
    assert run.exit == Exit(0), output
    return json.loads(output)


def test_links_at_mount_points_lead_nowhere(engine: EmbeddedEngine, image: Image, cache: Path) -> None:
    """bubblewrap before 0.12 made files where they lead (GHSA-pxhw-h44j-8pfx)."""
    code = (
        "import json, os; print(json.dumps([os.path.islink(n) for n in ('/proc', '/dev', '/sys', '/run')]))"
    )
    assert observe(engine, image, code) == [False, False, False, True]
    assert not os.path.lexists(cache / "canary")


def test_nothing_of_this_machine_is_seen(engine: EmbeddedEngine, image: Image, cache: Path) -> None:
    (cache / "secret").write_text("canary")
    with socket.socket(socket.AF_UNIX) as abstract, socket.create_server(("127.0.0.1", 0)) as server:
        abstract.bind(f"\0importguard-canary-{os.getpid()}")
        abstract.listen()
        code = f"""
import json, os, socket
writable = []
for folder, folders, names in os.walk("/proc"):
    if folder == "/proc":  # but for processes, and what any user may write
        folders[:] = set(folders) - {{"self", "thread-self", "pressure", *map(str, range(99))}}
    writable += [name for name in names if os.access(os.path.join(folder, name), os.W_OK)]
def tried(action):
    try:
        action()
    except OSError:
        return False
    return True
def connect(family, address):
    with socket.socket(family) as made:
        made.connect(address)
print(json.dumps({{
    "file": tried(lambda: open({str(cache / "secret")!r})),
    "root": any(tried(lambda: open(f"/proc/{{n}}/root{cache}/secret")) for n in range(1, 50)),
    "abstract": tried(lambda: connect(socket.AF_UNIX, "\\0importguard-canary-{os.getpid()}")),
    "tcp": tried(lambda: connect(socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]}))),
    "process": tried(lambda: os.kill({os.getpid()}, 0)),
    "writable": writable,
    "disk": [name for name in os.listdir("/dev") if name.startswith(("sd", "vd", "nvme", "mem"))],
    "namespace": tried(lambda: os.unshare(0x10000000)) if hasattr(os, "unshare") else False,
    "mounts": [line.split()[4] for line in open("/proc/self/mountinfo")],
    "environment": [name for name in os.environ if name.startswith("PYTEST")],
    "descriptors": sorted(os.listdir("/proc/self/fd"))[:6],
}}))
"""
        seen = observe(engine, image, code)
    mounts = seen.pop("mounts")
    assert all(path == "/" or path.startswith(("/proc", "/dev")) for path in mounts)
    assert seen.pop("descriptors") == ["0", "1", "2", "3"]
    assert {name: value for name, value in seen.items() if value} == {}


def test_what_it_writes_is_gone(engine: EmbeddedEngine, image: Image) -> None:
    code = (
        "import json, os; there = os.path.exists('/w'); open('/w', 'w').write('x'); print(json.dumps(there))"
    )
    assert [observe(engine, image, code) for _ in range(2)] == [False, False]


PROGRAM = """
import sys
from pathlib import Path
from importguard.engines.base import Limits
from importguard.engines.embedded.engine import EmbeddedEngine
engine = EmbeddedEngine(cache=Path(sys.argv[1]))
image = engine.image(sys.argv[2], pull="never")
command = ["/bin/sh", "-c", "echo; exec /bin/sleep " + sys.argv[3]]
with engine.run(image, command, [], Limits(2**28, 600)) as run:
    for chunk in run.output:
        print("begun", flush=True)
"""


def assert_is_gone(command: str) -> None:
    """Wait until no process has this command line: the kernel takes a moment to end one that was killed."""
    until = time.monotonic() + 30
    while left := subprocess.run(["pgrep", "-f", command], stdout=subprocess.PIPE).stdout:
        assert time.monotonic() < until, left
        time.sleep(0.1)


def test_a_killed_run_leaves_no_process(docker_reference: str, cache: Path, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    docker("save", "-o", str(archive), docker_reference)
    seconds = f"600.{os.getpid()}"
    command = [sys.executable, "-c", PROGRAM, str(cache), str(archive), seconds]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        assert subprocess.run(["pgrep", "-f", f"sleep {seconds}"], stdout=subprocess.DEVNULL).returncode == 0
        process.kill()
    assert_is_gone(f"^/bin/sleep {seconds}")


def test_a_run_that_ends_while_it_is_set_up_leaves_no_process(engine: EmbeddedEngine, image: Image) -> None:
    image = Image(**{**image.__dict__, "workdir": "/"})
    seconds = f"601.{os.getpid()}"
    for _ in range(40):
        with engine.run(image, ["/bin/sleep", seconds], [], Limits(2**28, 600)):
            pass
    assert_is_gone(f"sleep {seconds}")
