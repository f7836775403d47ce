"""Turn the Docker daemon's description of an image into an ``engines.base.Image``."""

from __future__ import annotations

from typing import Any

from importguard.engines.base import Image
from importguard.engines.image_configuration import image_of_configuration, platform_name


def read_image(reference: str, inspected: dict[str, Any]) -> Image:
    """Read the answer of "Inspect an image"."""
    platform = platform_name(inspected.get("Os"), inspected.get("Architecture"), inspected.get("Variant"))
    created = inspected.get("Created") or ""
    return image_of_configuration(reference, inspected["Id"], platform, created, inspected.get("Config"))
