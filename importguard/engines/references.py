"""What a user may call an image: a name of an engine's or a registry's, or the place of an archive.

The prefixes are ours and those of skopeo, podman and buildah (containers-transports(5)); an existing file or
folder needs none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Optional

from importguard.errors import ImageError

ARCHIVES = ("docker-archive", "oci-archive", "oci-dir", "docker-dir")
"""What names a file or folder; what it holds tells its format."""

_SHORT_ARCHIVES = ("oci", "dir")  # They could be images: ``oci:latest`` is one unless there is such a folder.
_DAEMONS = {"docker": "docker", "podman": "podman", "docker-daemon": "docker", "containers-storage": "podman"}
_IN_REGISTRY = "docker://"


def engine_of_reference(reference: str) -> str:
    """The engine that a reference says outright, such as ``embedded`` for an archive; "" for a bare name."""
    prefix, _, rest = reference.partition(":")
    if is_archive(reference) or _is_in_registry(reference) or reference.startswith(_IN_REGISTRY):
        return "embedded"
    return _DAEMONS.get(prefix, "") if rest else ""


def is_archive(reference: str) -> bool:
    """Whether a reference names an archive by its place, and not an image by its name."""
    return _place_of_archive(reference) is not None or _is_path(reference)


def name_of_reference(reference: str) -> str:
    """What the engine calls the image: without the prefix that only chose the engine."""
    prefix, _, rest = reference.partition(":")
    if reference.startswith(_IN_REGISTRY):
        name = reference[len(_IN_REGISTRY) :]
        return f"registry:{name}" if "/" in name else f"registry:docker.io/{name}"
    return rest if prefix in _DAEMONS and engine_of_reference(reference) else reference


def archive_location(reference: str) -> tuple[Path, str]:
    """The path of an archive and the tag of the image in it, which may be empty: ``oci-archive:FILE[:TAG]``.

    Raises ImageError where there is no such file or folder.
    """
    text = _place_of_archive(reference) or reference
    if os.path.exists(text):
        return Path(text), ""
    path, colon, tag = text.partition(":")
    if colon and os.path.exists(path):
        return Path(path), tag
    raise ImageError(
        f"{reference}: there is no file or folder {path}. Name an archive of an image: `docker save`, "
        "`podman save` and `skopeo copy` make one."
    )


def _place_of_archive(reference: str) -> Optional[str]:
    """What follows a prefix of archives; None where there is none."""
    prefix, colon, rest = reference.partition(":")
    is_short = prefix in _SHORT_ARCHIVES and ("/" in rest or os.path.exists(rest.partition(":")[0]))
    return rest if colon and (prefix in ARCHIVES or is_short) else None


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
