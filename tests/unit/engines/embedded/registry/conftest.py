"""A registry that can misbehave, and the embedded engine without its sandbox."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from unit.engines.embedded.archives import entry, layer
from unit.engines.embedded.registry.fake_registry import PASSWORD, USER, FakeRegistry, fake_registry

from importguard.engines.embedded.engine import EmbeddedEngine
from importguard.engines.embedded.registry import credentials, image_name, retries, transport

BODY = random.Random(0).randbytes(300_000)
LAYERS = (
    layer(entry("app/main.py", b"x = 1\n"), entry("app/data", BODY)),
    layer(entry("app/b.py", BODY[:2000])),
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No sandbox, no long pauses, and nothing of this machine's settings."""
    monkeypatch.setattr(EmbeddedEngine, "check", lambda self: None)
    monkeypatch.setattr(retries, "PAUSES", (0.01, 0.01, 0.01, 0.01))
    monkeypatch.setattr(transport, "CERTIFICATES", (tmp_path / "certs.d",))
    monkeypatch.setattr(image_name, "_SETTINGS", (tmp_path / "daemon.json",))
    monkeypatch.setattr(credentials, "HELPER_SECONDS", 1.0)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A registry with one image of two layers."""
    with fake_registry() as server:
        server.add_image(*LAYERS)
        yield server


@pytest.fixture
def other() -> Iterator[FakeRegistry]:
    """A second server."""
    with fake_registry() as server:
        yield server


@pytest.fixture
def pull(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Pull an image and give its root; what is left in the cache otherwise fails the test."""
    engine = EmbeddedEngine(cache=tmp_path / "cache")

    def pull_image(reference: str, platform: Any = None, policy: str = "missing") -> Path:
        image = engine.image(reference, pull=policy, platform=platform)
        return tmp_path / "cache/images" / image.id.partition(":")[2] / "root"

    yield pull_image
    engine.close()
    assert list((tmp_path / "cache/work").glob("*")) == []


@pytest.fixture
def configure(tmp_path: Path) -> Callable[[Any], None]:
    """Write the Docker configuration."""

    def write(configuration: Any) -> None:
        path = tmp_path / "docker/config.json"
        path.parent.mkdir(exist_ok=True)
        text = configuration if isinstance(configuration, str) else json.dumps(configuration)
        path.write_text(text)

    return write


def login(host: str, password: str = PASSWORD) -> dict[str, Any]:
    """What ``docker login`` writes."""
    return {"auths": {host: {"auth": base64.b64encode(f"{USER}:{password}".encode()).decode()}}}
