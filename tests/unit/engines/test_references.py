"""Which engine a reference means, and what that one calls the image."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.engines.references import archive_location, engine_of_reference, name_of_reference
from importguard.errors import ImageError


@pytest.mark.parametrize(
    ("reference", "engine", "name"),
    [
        ("shop", "", "shop"),
        ("shop:1", "", "shop:1"),
        ("registry.example.org:5000/shop@sha256:0", "", "registry.example.org:5000/shop@sha256:0"),
        ("docker:shop:1", "docker", "shop:1"),
        ("podman:localhost/shop:1", "podman", "localhost/shop:1"),
        ("docker", "", "docker"),
        ("oci-archive:shop.tar", "embedded", "oci-archive:shop.tar"),
        ("docker-archive:/x/shop.tar:shop:1", "embedded", "docker-archive:/x/shop.tar:shop:1"),
        ("oci-dir:out", "embedded", "oci-dir:out"),
        ("./shop", "embedded", "./shop"),
        ("/x/shop.tar", "embedded", "/x/shop.tar"),
        ("here.tar", "embedded", "here.tar"),
        ("folder", "", "folder"),
        ("registry:example.org/shop:1", "embedded", "registry:example.org/shop:1"),
        ("registry:team/shop", "embedded", "registry:team/shop"),
        ("docker-daemon:shop:1", "docker", "shop:1"),
        ("containers-storage:localhost/shop", "podman", "localhost/shop"),
        ("docker://example.org/shop:1", "embedded", "registry:example.org/shop:1"),
        ("docker://shop:1", "embedded", "registry:docker.io/shop:1"),
        ("oci:folder", "embedded", "oci:folder"),
        ("oci:folder:1.2", "embedded", "oci:folder:1.2"),
        ("dir:./nowhere", "embedded", "dir:./nowhere"),
        ("oci:latest", "", "oci:latest"),  # an image of that name
        ("registry:2", "", "registry:2"),  # an image of that name
        ("registry", "", "registry"),
    ],
)
def test_references(
    reference: str, engine: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.tar").write_text("")
    (tmp_path / "folder").mkdir()
    assert (engine_of_reference(reference), name_of_reference(reference)) == (engine, name)


def test_where_an_archive_is(tmp_path: Path) -> None:
    (tmp_path / "a:b.tar").write_text("")
    (tmp_path / "c.tar").write_text("")
    assert archive_location(f"oci-archive:{tmp_path}/a:b.tar") == (tmp_path / "a:b.tar", "")
    assert archive_location(f"oci-archive:{tmp_path}/c.tar:shop:1") == (tmp_path / "c.tar", "shop:1")
    assert archive_location(f"oci:{tmp_path}:1") == (tmp_path, "1")
    assert archive_location(f"{tmp_path}/c.tar") == (tmp_path / "c.tar", "")
    with pytest.raises(ImageError, match=r"no file or folder"):
        archive_location("oci-archive:nowhere.tar")
