"""Pulling from a private registry, with the credentials of the user's Docker configuration."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import local_registry
import pytest
from engines.conftest import docker
from local_registry import need

from importguard.engines.docker.engine import DockerEngine
from importguard.errors import ImageError

USER, PASSWORD = "reader", "correct-horse"
AUTH = "auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n"


@dataclass(frozen=True)
class Registry:
    """A running registry that holds the image ``reference``."""

    host: str
    reference: str


def auth(host: str, password: str) -> dict[str, Any]:
    """The Docker configuration after ``docker login``."""
    return {"auths": {host: {"auth": base64.b64encode(f"{USER}:{password}".encode()).decode()}}}


def configure(folder: Path, config: dict[str, Any]) -> None:
    """Write a Docker configuration."""
    (folder / "config.json").write_text(json.dumps(config))


@pytest.fixture(scope="module")
def registry(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry on the loopback interface that asks for a password, with one small image."""
    need("htpasswd")
    folder = tmp_path_factory.mktemp("registry")
    hashed = subprocess.run(
        ["htpasswd", "-Bbn", USER, PASSWORD], capture_output=True, text=True, check=True
    ).stdout
    (folder / "htpasswd").write_text(hashed)
    with local_registry.registry(folder, AUTH.format(folder=folder)) as host:
        yield push(folder, host)


def push(folder: Path, host: str) -> Registry:
    """Build and push an image of one file, and remove it here."""
    reference = f"{host}/private/app:1"
    configure(folder, auth(host, PASSWORD))
    docker(
        "build", "-q", "-t", reference, "-", stdin="FROM scratch\nLABEL private=1\nENV A=b\nWORKDIR /app\n"
    )
    docker("push", "-q", reference, DOCKER_CONFIG=str(folder))
    docker("image", "rm", reference)
    return Registry(host, reference)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's Docker configuration, empty."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


def pull(reference: str, policy: str = "missing", platform: Optional[str] = None) -> str:
    """Pull with a new engine, remove the image again; give its WORKDIR."""
    engine = DockerEngine()
    try:
        return engine.image(reference, pull=policy, platform=platform).workdir
    finally:
        engine.close()
        docker("image", "rm", reference, check=False)


@pytest.mark.parametrize("policy", ["missing", "always"])
def test_right_credentials(registry: Registry, config: Path, policy: str) -> None:
    configure(config, auth(registry.host, PASSWORD))
    assert pull(registry.reference, policy) == "/app"


def test_credential_helper(registry: Registry, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = json.dumps({"ServerURL": registry.host, "Username": USER, "Secret": PASSWORD})
    helper = config / "docker-credential-here"
    helper.write_text(f"#!/bin/sh\necho '{answer}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(config), prepend=os.pathsep)
    configure(config, {"credHelpers": {registry.host: "here"}})
    assert pull(registry.reference) == "/app"


def test_wrong_credentials(registry: Registry, config: Path) -> None:
    configure(config, auth(registry.host, "wrong-horse"))
    with pytest.raises(ImageError, match=r"refused the credentials.*docker login") as raised:
        pull(registry.reference)
    assert "horse" not in str(raised.value)


def test_no_credentials(registry: Registry, config: Path) -> None:
    with pytest.raises(ImageError, match="docker login"):
        pull(registry.reference)


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_credential_helper_that_is_not_installed(registry: Registry, config: Path, key: str) -> None:
    named = "not-here" if key == "credsStore" else {registry.host: "not-here"}
    configure(config, {key: named})
    with pytest.raises(ImageError, match="docker-credential-not-here, which is not installed"):
        pull(registry.reference)


def test_image_that_the_registry_does_not_have(registry: Registry, config: Path) -> None:
    configure(config, auth(registry.host, PASSWORD))
    with pytest.raises(ImageError, match="no such image"):
        pull(f"{registry.host}/private/app:2")


def test_platform_that_the_registry_does_not_have(registry: Registry, config: Path) -> None:
    configure(config, auth(registry.host, PASSWORD))
    with pytest.raises(ImageError, match="--platform"):
        pull(registry.reference, platform="linux/s390x")


def test_registry_that_does_not_answer(docker_engine: None, config: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with pytest.raises(ImageError, match="could not reach the registry"):
        pull(f"127.0.0.1:{port}/app:1")


def test_the_command_says_that_it_pulls(registry: Registry, config: Path) -> None:
    """A pull takes minutes: whoever waits sees what for."""
    configure(config, auth(registry.host, PASSWORD))
    line = [sys.executable, "-m", "importguard", "check", registry.reference]
    done = subprocess.run(line, cwd=config, capture_output=True, text=True, timeout=120, check=False)
    docker("image", "rm", registry.reference, check=False)
    assert f"pulling {registry.reference}" in done.stderr
