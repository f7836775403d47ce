"""What the values of a report know of themselves."""

from __future__ import annotations

import pytest

from importguard.report import ImageInfo


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("shop", "shop"),
        ("shop:1.4", "shop"),
        ("host:5000/shop", "host:5000/shop"),
        ("host:5000/shop:1.4@sha256:0", "host:5000/shop"),
        ("registry:host:5000/shop:1.4", "host:5000/shop"),
        ("registry:2", "registry"),
        ("docker:shop:1.4", "shop"),
        ("podman:shop:1.4", "shop"),
        ("oci-archive:app.tar:1.4", "app.tar"),
        ("docker-archive:/builds/app.tar", "/builds/app.tar"),
        ("oci-dir:out/app:1.4", "out/app"),
    ],
)
def test_the_name_of_an_image_stays_the_same_over_builds_and_transports(reference: str, name: str) -> None:
    assert ImageInfo(reference, "sha256:0", "linux/amd64").stable_name == name
    assert ImageInfo(reference, "sha256:0", "linux/amd64", label="web").stable_name == "web"
