"""``[start]`` and ``[image.start]``: what they come to, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from importguard.cli.start_settings import read_services, read_start
from importguard.errors import UsageError
from importguard.evidence.starts import Handshake, HttpRequest, StartSettings
from importguard.policy.configuration import Configuration, ImageSettings
from importguard.policy.model import Policy


def read(start: dict[str, Any], image: dict[str, Any] | None = None) -> StartSettings:
    settings = ImageSettings("web", None, {}, image) if image is not None else None
    file = Configuration(Path("importguard.toml"), {}, Policy({}, ()), (), start)
    return read_start(file, settings)


def test_everything() -> None:
    settings = read(
        {
            "platform": "cloud-run",
            "port": 9000,
            "http": ["/health", {"path": "/v", "status": 200, "body": "ok"}],
            "websocket": [{"path": "/ws", "protocol": "chat.v1"}, {"path": "/no", "status": 403}],
            "timeout": "2m",
            "settle": 0.5,
            "max-start-time": "10s",
            "memory": "1g",
        }
    )
    assert settings == StartSettings(
        platform="cloud-run",
        port="9000",
        http=(HttpRequest("/health"), HttpRequest("/v", 200, "ok")),
        websocket=(Handshake("/ws", "chat.v1"), Handshake("/no", status=403)),
        timeout=120,
        settle=0.5,
        max_start_time=10,
        memory=1024**3,
    )


def test_an_image_has_settings_of_its_own() -> None:
    settings = read({"platform": "cloud-run", "timeout": 5}, {"port": "none", "timeout": 7})
    assert (settings.platform, settings.port, settings.timeout) == ("cloud-run", "none", 7)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("prot", 1, "did you mean port"),
        ("port", "some", "a port's number"),
        ("port", True, "a port's number"),
        ("port", 70000, "a port's number"),
        ("platform", "lambda", "container, cloud-run"),
        ("http", "/", "must be a list"),
        ("http", ["health"], "must be a path"),
        ("http", [{"status": 200}], "must be a path"),
        ("http", [{"path": "/", "code": 200}], "code = 200 is none of path"),
        ("websocket", [{"path": "/", "status": "403"}], "status = '403' is none of"),
        ("timeout", "soon", "no duration"),
        ("settle", [], "a number, or a string"),
        ("memory", "1k", "too little"),
    ],
)
def test_what_is_wrong_is_named(key: str, value: Any, words: str) -> None:
    with pytest.raises(UsageError, match=rf"importguard.toml: start\.{key}: .*{words}"):
        read({key: value})


def test_services_and_what_needs_them() -> None:
    images = (ImageSettings("backend", None, {}, {"needs": ["auth", "db"]}), ImageSettings("auth", None, {}))
    table = {
        "name": "db",
        "image": "postgres:16",
        "env": ["A=1"],
        "command": "postgres -c x=y",
        "ready": "pg_isready",
    }
    file = Configuration(Path("importguard.toml"), {}, Policy({}, ()), images, {}, (table,))
    (service,) = read_services(file)
    assert (service.name, service.image, service.env) == ("db", "postgres:16", ("A=1",))
    assert (service.command, service.ready) == (("postgres", "-c", "x=y"), ("pg_isready",))


@pytest.mark.parametrize("key", ["command", "ready"])
def test_an_open_quote_in_a_command_of_a_service_is_named(key: str) -> None:
    table = {"name": "db", "image": "postgres:16", key: "sh -c 'postgres"}
    file = Configuration(Path("importguard.toml"), {}, Policy({}, ()), (), {}, (table,))
    with pytest.raises(UsageError, match=rf"service 1\.{key}: .* is no command: No closing quotation"):
        read_services(file)


def test_a_circle_is_named_by_its_way() -> None:
    images = tuple(
        ImageSettings(name, None, {}, {"needs": [needed]}) for name, needed in ("ab", "bc", "ca", "da")
    )
    file = Configuration(Path("importguard.toml"), {}, Policy({}, ()), images)
    with pytest.raises(UsageError, match="a needs b needs c needs a"):
        read_services(file)
