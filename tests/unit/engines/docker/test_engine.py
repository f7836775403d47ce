"""The parts of the Docker engine that need no daemon."""

from __future__ import annotations

import gc
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import APIError

from importguard.engines.base import CommandNotFound, Image
from importguard.engines.docker.container import demultiplexed
from importguard.engines.docker.engine import DockerEngine
from importguard.engines.docker.image import read_image
from importguard.engines.docker.pull import pull_failure
from importguard.engines.docker.settings import start_failure
from importguard.engines.image_configuration import same_platform
from importguard.errors import EngineError, UsageError

IMAGE = Image("app:1", "sha256:1", "linux/amd64")


def frame(payload: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_frames_however_they_are_cut(size: int) -> None:
    data = frame(b"out") + frame(b"", 2) + frame(b"err" * 5, 2) + frame(b"\n")
    chunks = iter([data[start : start + size] for start in range(0, len(data), size)] + [b""])
    assert b"".join(demultiplexed(lambda: next(chunks))) == b"out" + b"err" * 5 + b"\n"


def test_frame_that_is_cut_off() -> None:
    chunks = iter([frame(b"whole") + frame(b"cut")[:9], b""])
    assert list(demultiplexed(lambda: next(chunks))) == [b"whole", b"c"]


@pytest.mark.parametrize(
    ("wanted", "have", "same"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("amd64", "linux/amd64", True),
        ("linux/x86_64", "linux/amd64", True),
        ("linux/aarch64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm64", "linux/amd64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_same_platform(wanted: str, have: str, same: bool) -> None:
    assert same_platform(wanted, have) is same


@pytest.mark.parametrize("config", [None, {}, {"Entrypoint": None, "Cmd": None, "Env": None, "User": None}])
def test_image_without_a_configuration(config: object) -> None:
    given = {"Id": "sha256:1", "Os": "linux", "Architecture": "arm64", "Variant": "v8", "Config": config}
    assert read_image("app:1", given) == Image("app:1", "sha256:1", "linux/arm64/v8")


def test_image_with_a_command_that_is_a_string() -> None:
    given = {
        "Id": "sha256:1",
        "Os": "linux",
        "Architecture": "amd64",
        "Config": {"Entrypoint": "/run", "Cmd": []},
    }
    image = read_image("app:1", given)
    assert (image.entrypoint, image.cmd) == (("/run",), ())


def test_image_with_what_only_causes_are_told_from() -> None:
    given = {"Id": "sha256:1", "Created": "2026-01-01T00:00:00Z", "Config": {"Volumes": {"/data": {}}}}
    image = read_image("app:1", given)
    assert (image.created, image.volumes) == ("2026-01-01T00:00:00Z", ("/data",))


def refusal(reason: str, *env: str) -> Exception:
    made = start_failure(APIError("500", explanation=reason), IMAGE, ["python3", "-c"], env)
    assert made is not None
    return made


@pytest.mark.parametrize(
    "reason",
    [
        'runc create failed: exec: "python3": executable file not found in $PATH: unknown',
        'runc create failed: exec: "python3": permission denied: unknown',
        'crun: exec: "python3": no such file or directory: OCI runtime attempted to invoke a command',
    ],
)
def test_command_that_is_not_there(reason: str) -> None:
    failure = refusal(reason)
    assert isinstance(failure, CommandNotFound)
    assert "python3 is not in app:1" in str(failure)


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ('exec: "python3": exec format error', "--platform"),
        ("unable to find user x: no matching entries in passwd file", "/etc/passwd"),
        ("Minimum memory limit allowed is 6MB", "--memory"),
        ("network nowhere not found", "--network"),
        ("something new", "docker run"),
    ],
)
def test_refusal_comes_with_advice(reason: str, advice: str) -> None:
    failure = refusal(reason)
    assert isinstance(failure, EngineError)
    assert advice in str(failure)


def test_refusal_hides_values_of_the_environment() -> None:
    assert "hunter2" not in str(refusal("invalid environment variable: PASSWORD=hunter2", "PASSWORD=hunter2"))


def test_what_is_not_the_engine_s_is_left_alone() -> None:
    assert start_failure(KeyboardInterrupt(), IMAGE, ["python3"], []) is None


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ('Head "https://r/v2/": unauthorized: authentication required', "docker login"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "spelling"),
        ("manifest for r/x:1 not found: manifest unknown", "no such image"),
        ("no matching manifest for linux/s390x in the manifest list entries", "--platform"),
        ('Get "https://r/v2/": dial tcp 127.0.0.1:1: connect: connection refused', "could not reach"),
        ("Credentials store error: StoreError('docker-credential-x not installed')", "docker-credential-x"),
        ("Credentials store error: StoreError('locked')", "helper failed"),
        ("something new", "docker pull r/x:1"),
    ],
)
def test_pull_failure_comes_with_advice(reason: str, advice: str) -> None:
    assert advice in str(pull_failure("r/x:1", reason, None))


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """No Docker settings but those of the test."""
    for name in [name for name in os.environ if name.startswith("DOCKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    yield monkeypatch
    gc.collect()  # While the warning below is ignored.


# The SDK does not close a socket that it could not connect.
unconnected = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


def ask() -> None:
    DockerEngine().image("app:1", pull="never", platform=None)


@unconnected
def test_no_daemon(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(
        EngineError, match=r"No Docker daemon answers at unix://.*none\.sock .*No such file.*Start it"
    ):
        ask()


def test_no_daemon_over_tcp(environ: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    with pytest.raises(EngineError, match=f"No Docker daemon answers at tcp://127.0.0.1:{port} .*refused"):
        ask()


@unconnected
def test_socket_of_others(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    environ.setattr(socket.socket, "connect", refuse)
    environ.setenv("DOCKER_HOST", f"unix://{tmp_path}/x.sock")
    with pytest.raises(EngineError, match=r"may not use the Docker daemon at unix://.*usermod -aG docker"):
        ask()


def test_address_that_is_none(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("DOCKER_HOST", "what://ever")
    with pytest.raises(EngineError, match="DOCKER_HOST"):
        ask()


def test_certificates_that_are_not_there(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environ.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    environ.setenv("DOCKER_TLS_VERIFY", "1")
    environ.setenv("DOCKER_CERT_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(EngineError, match="DOCKER_CERT_PATH"):
        ask()


def write_context(folder: Path, name: str, host: str) -> None:
    from docker.context.config import get_meta_file

    file = Path(get_meta_file(name))
    file.parent.mkdir(parents=True)
    endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
    file.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints}))


@unconnected
def test_current_context(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"currentContext": "mine"}')
    write_context(tmp_path, "mine", f"unix://{tmp_path}/mine.sock")
    with pytest.raises(EngineError, match=r"mine\.sock"):
        ask()
    environ.setenv("DOCKER_HOST", f"unix://{tmp_path}/host.sock")
    with pytest.raises(EngineError, match=r"host\.sock"):
        ask()


def test_context_that_does_not_exist(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(EngineError, match="context nowhere does not exist"):
        ask()


def test_configuration_that_is_broken(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"auths": {"r": {"auth": "no base64"}}}')
    with pytest.raises(EngineError, match=r"config\.json"):
        ask()


@pytest.mark.docker
def test_empty_reference(docker_engine: None) -> None:
    engine = DockerEngine()
    with pytest.raises(UsageError, match="reference is empty"):
        engine.image("", pull="missing", platform=None)
    engine.close()


def test_the_port_of_a_registry_is_no_status() -> None:
    reason = "manifest for 127.0.0.1:44013/private/app:2 not found: manifest unknown"
    assert "no such image" in str(pull_failure("127.0.0.1:44013/private/app:2", reason, None))
