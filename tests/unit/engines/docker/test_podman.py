"""Finding Podman, without one."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from importguard.engines.docker import podman
from importguard.errors import EngineError


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither the machine's socket nor its podman."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    monkeypatch.setattr(podman.os, "geteuid", lambda: 4321)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    folder = tmp_path / "own"
    monkeypatch.setattr(podman, "_own_folder", lambda: folder)
    return folder


def test_without_podman() -> None:
    with pytest.raises(EngineError, match=r"no podman in PATH.*CONTAINER_HOST"):
        podman.connect_to_podman()


def test_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman.sys, "platform", "win32")
    monkeypatch.delattr(podman.os, "geteuid")
    with pytest.raises(EngineError, match=r"On Windows.*DOCKER_HOST"):
        podman.connect_to_podman()


@pytest.mark.parametrize("place", ["CONTAINER_HOST", "run/podman/podman.sock", "own/podman.sock"])
def test_where_it_is_looked_for(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / (place if "/" in place else "named.sock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    monkeypatch.setattr(podman, "connect_to_address", lambda address: address)
    if place == "own/podman.sock":  # which belongs to who runs the tests
        monkeypatch.setattr(podman.os, "geteuid", os.getuid)
    if place == "CONTAINER_HOST":
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(path))
        served.listen()
        assert podman.connect_to_podman() == f"unix://{path}"


def test_what_served_a_socket_has_ended(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman.os, "geteuid", os.getuid)
    monkeypatch.setattr(podman, "connect_to_address", lambda address: pytest.fail(f"{address} was asked"))
    own_folder.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(own_folder / "podman.sock"))
        served.listen()
    with pytest.raises(EngineError, match="no podman in PATH"):
        podman.connect_to_podman()


def test_a_socket_that_somebody_else_could_make_is_not_used(own_folder: Path) -> None:
    own_folder.mkdir()  # not its user's, as 4321 sees it
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(own_folder / "podman.sock"))
        served.listen()
        with pytest.raises(EngineError):
            podman.connect_to_podman()


def test_a_folder_of_somebody_else_is_not_used(
    own_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    (tmp_path / "podman").chmod(0o755)
    own_folder.mkdir(mode=0o777)
    with pytest.raises(EngineError, match="belongs to somebody else"):
        podman.connect_to_podman()
    assert os.listdir(own_folder) == []
