"""What a user may call an image: a name of an engine's or a registry's, or the place of an archive.

The prefixes are those of skopeo and podman (containers-transports(5)); an existing file or folder needs none.
"""

from __future__ import annotations

import os
from pathlib import Path

from importguard.errors import ImageError

ARCHIVES = ("docker-archive", "oci-archive", "oci-dir")
"""What names a file or folder; what it holds tells its format."""

_DAEMONS = ("docker", "podman")


def engine_of_reference(reference: str) -> str:
    """The engine that a reference says outright, such as ``embedded`` for an archive; "" for a bare name."""
    prefix, colon, rest = reference.partition(":")
    if is_archive(reference) or _is_in_registry(reference):
        return "embedded"
    return prefix if colon and prefix in _DAEMONS and rest else ""


def is_archive(reference: str) -> bool:
    """Whether a reference names an archive by its place, and not an image by its name."""
    prefix, colon, _ = reference.partition(":")
    return (bool(colon) and prefix in ARCHIVES) or _is_path(reference)


def name_of_reference(reference: str) -> str:
    """What the engine calls the image: without the prefix that only chose the engine."""
    prefix, _, rest = reference.partition(":")
    return rest if prefix in _DAEMONS and engine_of_reference(reference) == prefix else reference


def archive_location(reference: str) -> tuple[Path, str]:
    """The path of an archive and the tag of the image in it, which may be empty: ``oci-archive:FILE[:TAG]``.

    Raises ImageError where there is no such file or folder.
    """
    prefix, _, rest = reference.partition(":")
    text = rest if prefix in ARCHIVES else reference
    if os.path.exists(text):
        return Path(text), ""
    path, colon, tag = text.partition(":")
    if colon and os.path.exists(path):
        return Path(path), tag
    raise ImageError(
        f"{reference}: there is no file or folder {path}. Name an archive of an image: `docker save`, "
        "`podman save` and `skopeo copy` make one."
    )


def names_a_registry(reference: str) -> bool:
    """Whether a reference says in which registry it lies: a mistyped file is no image of Docker Hub's."""
    return _is_in_registry(reference) or has_registry_host(reference)


def has_registry_host(name: str) -> bool:
    """Whether a name begins with a host: for Docker, with what has a dot or a port, or ``localhost``."""
    first, slash, _ = name.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def _is_in_registry(reference: str) -> bool:
    """Whether it is ``registry:HOST/NAME``; ``registry:2`` is an image of that name and this tag."""
    prefix, _, rest = reference.partition(":")
    return prefix == "registry" and "/" in rest


def _is_path(reference: str) -> bool:
    """Whether this is a file or folder, and no image's name: a name begins with no dot and no slash.

    An archive in the working directory may have a name without one, but not a folder: ``shop`` is an image.
    """
    if reference.startswith(("./", "../", "/")):
        return True
    return os.path.isfile(reference)
