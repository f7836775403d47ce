"""The engines that the contract is tested with, and a small image with a volume for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from local_registry import need

from importguard.engines.base import Engine, Image, Limits, Service
from importguard.engines.docker.engine import DockerEngine
from importguard.engines.docker.podman import connect_to_podman
from importguard.engines.embedded.engine import EmbeddedEngine

BASE = os.environ.get("IMPORTGUARD_TEST_BASE", "python:3.13-slim")

DOCKERFILE = f"""
FROM {BASE}
RUN mkdir -m 700 /private \\
    && echo secret > /private/file && chown -R 1234:1234 /private \\
    && printf '#!/nowhere\\n' > /usr/local/bin/bad-shebang \\
    && printf 'no program' > /usr/local/bin/bad-format \\
    && printf x > /usr/local/bin/not-executable && chmod 755 /usr/local/bin/bad-*
ENV FROM_IMAGE=1
WORKDIR /data
VOLUME /data
CMD ["python3"]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs Docker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.docker)


def docker(*arguments: str, stdin: str = "", check: bool = True, **environ: str) -> str:
    """Run the docker command line and return what it printed."""
    done = subprocess.run(
        ["docker", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


def containers(pid: int) -> list[str]:
    """The containers, running or not, that the process ``pid`` made with importguard."""
    return docker("ps", "-a", "-q", "--filter", f"label=importguard={pid}").split()


def processes(pid: int) -> list[str]:
    """The sandboxes that the process ``pid`` has made and that still run."""
    asked = subprocess.run(["pgrep", "-P", str(pid), "bwrap"], capture_output=True, text=True, check=False)
    return asked.stdout.split()


def what_is_left() -> list[str]:
    """The containers and sandboxes of this process."""
    return [*containers(os.getpid()), *processes(os.getpid()), *podman_containers(os.getpid())]


def remove_image(name: str) -> None:
    """Remove an image from Docker, and from Podman if it was loaded there."""
    docker("image", "rm", "-f", name)
    podman("image", "rm", "-f", name)


def podman(*arguments: str) -> str:
    """What podman's command line prints, of the Podman that CONTAINER_HOST names; nothing without one."""
    if not shutil.which("podman"):
        return ""
    line = ["podman", *(["--remote"] if os.environ.get("CONTAINER_HOST") else []), *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False).stdout


def need_podman() -> None:
    """Install Podman with what an ordinary user's needs, as root on Debian; elsewhere the test is skipped."""
    need("podman", "netavark", "aardvark-dns", "nft", "newuidmap", "pasta")


def podman_containers(pid: int) -> list[str]:
    """The same of Podman's."""
    return podman("ps", "-a", "-q", "--filter", f"label=importguard={pid}").split()


@pytest.fixture(scope="session")
def docker_reference(docker_engine: None) -> Iterator[str]:
    """An image with a volume, files of another owner, and programs that cannot be executed."""
    name = f"importguard-test-engine-{uuid.uuid4().hex[:8]}"
    docker("build", "-q", "-t", name, "-", stdin=DOCKERFILE)
    yield name
    remove_image(name)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the embedded engine unpacks."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def podman_of_a_user() -> Iterator[str]:
    """The address of a Podman that an ordinary user serves, made for these tests."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("useradd", "setpriv"))):
        pytest.skip("needs root, who makes a user")
    name, folder = f"importguard-{os.getpid()}", Path(tempfile.mkdtemp(prefix="importguard-"))
    subprocess.run(["useradd", "--create-home", "--home-dir", str(folder / "home"), name], check=True)
    shutil.chown(folder, name)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder)}
    line = ["setpriv", "--reuid", name, "--regid", name, "--init-groups", "podman", "--runtime", "runc"]
    address = f"unix://{folder}/podman.sock"
    try:
        with subprocess.Popen(
            [*line, "system", "service", "--time=0", address],
            env=environ,
            cwd=folder / "home",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as service:
            ends = time.monotonic() + 30
            while not (folder / "podman.sock").is_socket():
                assert service.poll() is None
                assert time.monotonic() < ends
                time.sleep(0.1)
            yield address
            subprocess.run([*line, "system", "reset", "-f"], env=environ, cwd=folder, capture_output=True)
            service.terminate()
    finally:
        subprocess.run(["userdel", "-f", "-r", name], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["docker", "podman", "podman-of-a-user", "embedded"])
def engine(
    request: pytest.FixtureRequest, docker_engine: None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """Each engine in turn."""
    kind, _, whose = request.param.partition("-")
    if kind == "podman":
        need_podman()
    if whose:
        monkeypatch.setenv("CONTAINER_HOST", request.getfixturevalue("podman_of_a_user"))
    engines = {
        "docker": DockerEngine,
        "podman": lambda: DockerEngine(connect=connect_to_podman),
        "embedded": lambda: EmbeddedEngine(cache=cache),
    }
    made = engines[kind]()
    made.kind = kind
    made.is_of_a_user = kind == "podman" and (bool(whose) or os.geteuid() != 0)
    yield made
    made.close()


@pytest.fixture
def with_limits(engine: Engine) -> None:
    """Skip where memory is not limited, which the engine says then."""
    if "memory" in engine.limits_not_held():
        pytest.skip("this engine does not limit memory here")


def is_of_control_groups_1() -> bool:
    """Whether this machine has control groups of version 1, which an ordinary user gets none of."""
    return not Path("/sys/fs/cgroup/cgroup.controllers").exists()


def known_to(engine: Engine, name: str, folder: Path) -> str:
    """The reference by which an engine knows an image of Docker's: for the embedded one, an archive of it."""
    kind = engine.kind  # type: ignore[attr-defined]
    if kind == "docker":
        return name
    archive = folder / f"{name}.tar"
    if not archive.exists():
        docker("save", "-o", str(archive), name)
    if kind == "podman" and name not in podman("images", "--format", "{{.Repository}}"):
        podman("load", "-q", "-i", str(archive))
    return name if kind == "podman" else f"docker-archive:{archive}"


@pytest.fixture
def reference(engine: Engine, docker_reference: str, cache: Path) -> str:
    """The image of these tests, by the name that the engine knows."""
    return known_to(engine, docker_reference, cache)


@pytest.fixture
def image(engine: Engine, reference: str) -> Image:
    """The image of these tests, as the engine gives it."""
    return engine.image(reference, pull="never", platform=None)


def started(engine: Engine, image: Image, env: Sequence[str], limits: Limits, **more: Any) -> Service:
    """A service that runs; whoever asks for it closes it."""
    service = engine.create_service(image, env, limits, **more)
    service.start()
    return service
