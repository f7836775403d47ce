"""What a service is started with, and what is to be asked of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from importguard.config import Config
from importguard.engines.base import Image
from importguard.evidence.starts import HttpRequest, StartSettings

_DEFAULT_PORT = 8080
FAULT_HANDLER = "PYTHONFAULTHANDLER"
"""Lets Python say where it is when it gets SIGABRT, and where it was when it crashed."""


def service_request(
    image: Image, settings: StartSettings, ports: tuple[int, ...], config: Config, any_port: bool = False
) -> dict[str, Any]:
    """What the asker is to do. Cloud Run's front end speaks HTTPS, and tells the service so.

    With ``any_port`` a port that the image does not expose is as right as one that it does. A HEALTHCHECK is
    run in place of requests, and of a service that names no port it may do so without one.
    """
    check, may_have_any_port = (
        healthcheck(image, settings),
        any_port or not _is_port_said(image, config, settings),
    )
    by_default = () if settings.grpc else (HttpRequest("/"),)
    http = () if check else by_default if settings.http is None else settings.http
    headers = {"User-Agent": "importguard", "Accept": "*/*"}
    if settings.platform == "cloud-run":
        headers["X-Forwarded-Proto"] = "https"
    return {
        "ports": list(ports),
        "any_port": may_have_any_port,
        "worker": settings.port == "none",
        "idle_told": bool(check) and may_have_any_port and not (settings.websocket or settings.grpc),
        "http": [asdict(asked) for asked in http],
        "grpc": settings.grpc,
        "websocket": [asdict(asked) for asked in settings.websocket],
        "headers": headers,
        "names": list(settings.needs),
        "seconds": settings.seconds_to_ready,
        "seconds_to_answer": settings.seconds_to_answer,
        "patience": settings.seconds_of_patience,
        "default_time": settings.has_default_time,
        "settle": settings.settle,
    }


def healthcheck(image: Image, settings: StartSettings) -> Sequence[str]:
    """The command that says whether it is well: production's, or the image's where nothing else is asked."""
    is_free = settings.http is None and settings.platform != "cloud-run" and not settings.grpc
    return settings.healthcheck or (image.healthcheck if is_free else ())


def _is_port_said(image: Image, config: Config, settings: StartSettings) -> bool:
    """Whether the settings, the platform, PORT or EXPOSE say which port it is; else any port is right."""
    is_platform = settings.platform == "cloud-run"
    return bool(settings.port or is_platform or image.ports or "PORT" in _variables(image, config))


def expected_ports(image: Image, config: Config, settings: StartSettings) -> tuple[int, ...]:
    """The ports that it should listen on: the configured one, PORT, what the image exposes, or 8080."""
    if settings.port == "none":
        return ()
    if settings.port is not None:
        return (int(settings.port),)
    port = _variables(image, config).get("PORT", "")
    if settings.platform == "cloud-run":
        return (_DEFAULT_PORT,)
    if port.isdigit():
        return (int(port),)
    return image.ports or (_DEFAULT_PORT,)


def service_environment(image: Image, config: Config, settings: StartSettings) -> tuple[str, ...]:
    """The settings' variables and those that the platform adds (Cloud Run's container runtime contract)."""
    ports = expected_ports(image, config, settings)
    added = {"PORT": str(ports[0])} if ports else {}
    if settings.platform == "cloud-run":
        name = config.name or "service"
        added.update(K_SERVICE=name, K_REVISION=f"{name}-00001-abc", K_CONFIGURATION=name)
    own = _variables(image, config)
    if FAULT_HANDLER not in own:
        added[FAULT_HANDLER] = "1"
    if settings.platform != "cloud-run":
        added = {name: value for name, value in added.items() if name not in own}
    return (*config.env, *(f"{name}={value}" for name, value in added.items()))


def _variables(image: Image, config: Config) -> dict[str, str]:
    return dict(item.partition("=")[::2] for item in (*image.env, *config.env))


def shown_command(image: Image, command: Sequence[str]) -> str:
    """The command that the container runs, as one would write it in a shell."""
    return shlex.join([*image.entrypoint, *(command or image.cmd)])
