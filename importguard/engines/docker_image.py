"""What the Docker daemon says of an image, as ``engines.base.Image``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from importguard.engines.base import HistoryStep, Image


def read_image(reference: str, inspected: dict[str, Any], history: Sequence[dict[str, Any]] = ()) -> Image:
    """Read the answers of "Inspect an image" and "Get the history of an image".

    Lists and strings of the configuration may be null or absent. The history has the last step first, times
    in seconds, and doesn't tell a layer without files from none.
    """
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
        history=tuple(_step(step) for step in reversed(history)),
    )


def _step(step: dict[str, Any]) -> HistoryStep:
    try:
        created = datetime.fromtimestamp(step.get("Created") or 0, timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        created = ""
    return HistoryStep(created, step.get("CreatedBy") or "", empty=not step.get("Size"))


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
