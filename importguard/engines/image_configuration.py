"""Read an image's configuration, which every engine has in the same words (OCI image-spec, config.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from importguard.engines.base import Image


def image_of_configuration(reference: str, id: str, platform: str, created: str, config: Any) -> Image:
    """Make an Image of its ``config``, whose lists and strings may be null or absent."""
    config = config if isinstance(config, Mapping) else {}
    return Image(
        reference=reference,
        id=id,
        platform=platform,
        entrypoint=_words(config.get("Entrypoint")),
        cmd=_words(config.get("Cmd")),
        env=tuple(config.get("Env") or ()),
        workdir=config.get("WorkingDir") or "/",
        user=config.get("User") or "",
        volumes=tuple(config.get("Volumes") or ()),
        created=created,
        ports=tuple(sorted(int(port) for port in map(_tcp_port, config.get("ExposedPorts") or ()) if port)),
        healthcheck=_health_command(
            (config.get("Healthcheck") or {}).get("Test") or (), _words(config.get("Shell"))
        ),
        labels=tuple((str(name), str(value)) for name, value in (config.get("Labels") or {}).items()),
    )


def platform_name(os: Any, architecture: Any, variant: Any = None) -> str:
    """``os/arch[/variant]`` of what is given of it."""
    return "/".join(str(part) for part in (os, architecture, variant) if part)


def _tcp_port(exposed: str) -> str:
    """``8080`` of ``8080/tcp``, the form of image-spec's ExposedPorts; nothing of another protocol."""
    number, _, protocol = exposed.partition("/")
    return number if number.isdigit() and protocol in ("", "tcp") else ""


def _health_command(test: Sequence[str], shell: tuple[str, ...]) -> tuple[str, ...]:
    """The command of a HEALTHCHECK: ``["CMD", …]`` or ``["CMD-SHELL", text]`` (Docker's image spec).

    A text is for the shell of the Dockerfile's SHELL line, as Docker runs it.
    """
    kind, *words = test or ("NONE",)
    if kind == "CMD-SHELL" and words:
        return (*(shell or ("/bin/sh", "-c")), words[0])
    return tuple(words) if kind == "CMD" else ()


def _words(value: Any) -> tuple[str, ...]:
    """Give a command as words; images of old or foreign builders hold a plain string, which is one word."""
    return (value,) if isinstance(value, str) and value else tuple(value or ())


_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}


def architecture_name(machine: str) -> str:
    """The field's name of what ``uname -m`` or a user calls an architecture."""
    return _ARCHITECTURES.get(machine, machine)


def same_platform(wanted: str, have: str) -> bool:
    """Tell whether an image of platform ``have`` serves who asks for ``wanted``.

    Platforms are ``os/arch[/variant]``; ``wanted`` may be just ``arch``. A variant counts only where both
    name one (containerd's ``platforms`` package knows a default variant for each architecture).
    """
    if "/" not in wanted:
        wanted = f"linux/{wanted}"
    mine, theirs = (name.lower().split("/") for name in (wanted, have))
    mine[1] = architecture_name(mine[1])
    return all(left == right for left, right in zip(mine, theirs))
