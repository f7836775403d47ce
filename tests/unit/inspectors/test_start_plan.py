"""What is asked of a service: which port is right by what the settings and the image say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import IMAGE

from importguard.config import Config
from importguard.engines.base import Image
from importguard.evidence.starts import StartSettings
from importguard.inspectors.start_plan import expected_ports, service_request

EXPOSES = replace(IMAGE, ports=(8000, 9100))


@pytest.mark.parametrize(
    ("image", "settings", "ports", "any_port"),
    [
        (IMAGE, StartSettings(), (8080,), True),
        (EXPOSES, StartSettings(), (8000, 9100), False),
        (replace(EXPOSES, env=("PORT=5000",)), StartSettings(), (5000,), False),
        (EXPOSES, StartSettings(port="7000"), (7000,), False),
        (IMAGE, StartSettings(platform="cloud-run"), (8080,), False),
    ],
)
def test_another_port_is_right_only_where_nothing_says_which(
    image: Image, settings: StartSettings, ports: tuple[int, ...], any_port: bool
) -> None:
    request = service_request(image, settings, expected_ports(image, Config(), settings), Config())
    assert (request["ports"], request["any_port"]) == (list(ports), any_port)
