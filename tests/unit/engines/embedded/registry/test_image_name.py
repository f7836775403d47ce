"""Names of images in registries, and the mirrors of Docker Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.engines.embedded.registry.conftest import BODY
from unit.engines.embedded.registry.fake_registry import FakeRegistry, cut_after, status
from unit.engines.embedded.registry.test_pulling import Pull, blob_of_layer

from importguard.engines.embedded.registry import image_name
from importguard.engines.embedded.registry.image_name import (
    RegistryName,
    is_loopback,
    mirrors_of_hub,
    parse_registry_name,
)
from importguard.errors import ImageError

NAMED = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "host", "repository", "version"),
    [
        ("shop", "docker.io", "library/shop", "latest"),
        ("team/shop:1.2", "docker.io", "team/shop", "1.2"),
        ("docker.io/shop", "docker.io", "library/shop", "latest"),
        ("index.docker.io/team/shop", "docker.io", "team/shop", "latest"),
        ("registry:example.org/shop", "example.org", "shop", "latest"),
        ("registry:localhost/a/b/c:1", "localhost", "a/b/c", "1"),
        ("registry:shop:5000/app", "shop:5000", "app", "latest"),
        ("registry:[::1]:5000/app:x", "[::1]:5000", "app", "x"),
        (f"eu-docker.pkg.dev/p/shop/web:1@{NAMED}", "eu-docker.pkg.dev", "p/shop/web", NAMED),
        (f"127.0.0.1:5000/a__b-c.d@{NAMED}", "127.0.0.1:5000", "a__b-c.d", NAMED),
    ],
)
def test_names(reference: str, host: str, repository: str, version: str) -> None:
    assert parse_registry_name(reference) == RegistryName(host, repository, version)


@pytest.mark.parametrize(
    "reference",
    [
        "registry:",
        "registry:example.org/",
        "registry:example.org/Shop",
        "registry:example.org/../shop",
        "registry:example.org//shop",
        "registry:user:password@example.org/shop",
        "registry:https://example.org/shop",
        "registry:example.org/shop:1?x=y",
        "registry:example.org/shop:1\n",
        "registry:example.org:99999999/shop",
        "registry:example.org/shop@sha256:0",
        "registry:example.org/shop@md5:" + "0" * 32,
    ],
)
def test_what_is_no_name(reference: str) -> None:
    with pytest.raises(ImageError, match=r"no name of an image"):
        parse_registry_name(reference)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("127.8.9.1:80", True),
        ("[::1]:5000", True),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org:80", False),
        ("10.0.0.1:5000", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"registry-mirrors": ["https://mirror.example.org"]}, ["mirror.example.org"]),
        ({"registry-mirrors": ["http://[::1]:5000/", "https://b/"]}, ["[::1]:5000", "b"]),
        ({"registry-mirrors": ["http://mirror.example.org", "https://a@b", "x", 7]}, []),
        ({"registry-mirrors": "https://mirror.example.org"}, []),
        ({}, []),
        ([], []),
        ("{", []),
    ],
)
def test_mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any, expected: list[str]) -> None:
    path = tmp_path / "daemon.json"
    path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    monkeypatch.setattr(image_name, "_SETTINGS", (tmp_path / "none.json", path))
    assert mirrors_of_hub(parse_registry_name("shop")) == expected
    assert mirrors_of_hub(parse_registry_name("example.org/shop")) == []


@pytest.fixture
def hub(registry: FakeRegistry, other: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mirrors of Docker Hub, of which the second has the image; Docker Hub itself does not answer."""
    urls = [f"http://{other.host}", f"http://{registry.host}"]
    (tmp_path / "daemon.json").write_text(json.dumps({"registry-mirrors": urls}))
    monkeypatch.setattr(
        RegistryName, "api_host", property(lambda name: name.host.replace("docker.io", "127.0.0.1:1"))
    )


@pytest.mark.parametrize("code", [404, 403, 500])
def test_a_mirror_that_has_it_not(
    hub: None, registry: FakeRegistry, other: FakeRegistry, pull: Pull, code: int
) -> None:
    other.planned["1"] = [status(code)]
    assert (pull("registry:team/app:1") / "app/main.py").exists()
    assert not other.asked_for("blobs")


@pytest.mark.parametrize("code", [404, 403, 500])
def test_a_mirror_that_lacks_a_layer(
    hub: None, registry: FakeRegistry, other: FakeRegistry, pull: Pull, code: int
) -> None:
    """It has the manifest; the next one goes on where it ended."""
    other.files.update(registry.files)
    layer = blob_of_layer(registry)
    other.planned[layer] = [cut_after(1000), status(code)]
    assert (pull("registry:team/app:1") / "app/data").read_bytes() == BODY
    assert registry.asked_for(layer)[0].headers["Range"] == "bytes=1000-"


def test_where_none_has_it_all_say_why(
    hub: None, registry: FakeRegistry, other: FakeRegistry, pull: Pull
) -> None:
    message = (
        rf"{other.host} has no such image.*{registry.host} has no such image.*127.0.0.1:1 can't be reached"
    )
    with pytest.raises(ImageError, match=message):
        pull("registry:team/nothing:1")
