"""What an image's configuration says of its HEALTHCHECK."""

from __future__ import annotations

from typing import Any

import pytest

from importguard.engines.image_configuration import image_of_configuration


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ({}, ()),
        ({"Healthcheck": None}, ()),
        ({"Healthcheck": {"Test": ["NONE"]}}, ()),
        ({"Healthcheck": {"Test": ["CMD", "curl", "-f", "localhost"]}}, ("curl", "-f", "localhost")),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "[ -f up ]"]}}, ("/bin/sh", "-c", "[ -f up ]")),
        (
            {"Healthcheck": {"Test": ["CMD-SHELL", "[[ -f up ]]"]}, "Shell": ["/bin/bash", "-ec"]},
            ("/bin/bash", "-ec", "[[ -f up ]]"),
        ),
    ],
)
def test_the_command_of_a_healthcheck(config: dict[str, Any], command: tuple[str, ...]) -> None:
    """Docker runs its text in the shell that the Dockerfile's SHELL line names."""
    assert image_of_configuration("shop", "sha256:1", "linux/amd64", "", config).healthcheck == command
