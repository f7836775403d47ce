"""Turn the Docker daemon's description of an image into an ``engines.base.Image``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from importguard.engines.base import Image


def read_image(reference: str, inspected: dict[str, Any]) -> Image:
    """Read the answer of "Inspect an image". Lists and strings of the configuration may be null or absent."""
    config = inspected.get("Config") or {}
    parts = (inspected.get("Os"), inspected.get("Architecture"), inspected.get("Variant"))
    return Image(
        reference=reference,
        id=inspected["Id"],
        platform="/".join(part for part in parts if part),
        entrypoint=_words(config.get("Entrypoint")),
        cmd=_words(config.get("Cmd")),
        env=tuple(config.get("Env") or ()),
        workdir=config.get("WorkingDir") or "/",
        user=config.get("User") or "",
        volumes=tuple(config.get("Volumes") or ()),
        created=inspected.get("Created") or "",
        ports=tuple(sorted(int(port) for port in map(_tcp_port, config.get("ExposedPorts") or ()) if port)),
        healthcheck=_health_command((config.get("Healthcheck") or {}).get("Test") or ()),
    )


def _tcp_port(exposed: str) -> str:
    """``8080`` of ``8080/tcp``, the form of image-spec's ExposedPorts; nothing of another protocol."""
    number, _, protocol = exposed.partition("/")
    return number if number.isdigit() and protocol in ("", "tcp") else ""


def _health_command(test: Sequence[str]) -> tuple[str, ...]:
    """The command of a HEALTHCHECK: ``["CMD", …]`` or ``["CMD-SHELL", text]`` (Docker's image spec)."""
    kind, *words = test or ("NONE",)
    if kind == "CMD-SHELL" and words:
        return ("/bin/sh", "-c", words[0])
    return tuple(words) if kind == "CMD" else ()


def _words(value: Any) -> tuple[str, ...]:
    """Give a command as words; images of old or foreign builders hold a plain string, which is one word."""
    return (value,) if isinstance(value, str) and value else tuple(value or ())


_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


def same_platform(wanted: str, have: str) -> bool:
    """Tell whether an image of platform ``have`` serves who asks for ``wanted``.

    Platforms are ``os/arch[/variant]``; ``wanted`` may be just ``arch``. A variant counts only where both
    name one (containerd's ``platforms`` package knows a default variant for each architecture).
    """
    if "/" not in wanted:
        wanted = f"linux/{wanted}"
    mine, theirs = (name.lower().split("/") for name in (wanted, have))
    mine[1] = _ARCHITECTURES.get(mine[1], mine[1])
    return all(left == right for left, right in zip(mine, theirs))
