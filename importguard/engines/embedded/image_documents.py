"""Read the documents of an image: indexes lead to manifests, these to a configuration and layers.

The formats are those of https://github.com/opencontainers/image-spec (image-index.md, manifest.md,
config.md) and Docker's of the same fields. Nothing of them is trusted: each document is verified by the
digest that names it, sizes and numbers are limited.
"""

from __future__ import annotations

import hashlib
import json
import platform as host
import re
from collections.abc import Iterator, Sequence
from typing import Any, Callable, Optional

from importguard.engines.embedded.image_source import Layer, StoredImage
from importguard.engines.image_configuration import (
    architecture_name,
    image_of_configuration,
    platform_name,
    same_platform,
)
from importguard.errors import ImageError

LARGEST_DOCUMENT = 8 * 1024**2
"""Bytes of a manifest, an index or a configuration; registries refuse more than 4 MiB."""

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)

_DEEPEST_INDEX = 4
_MOST_MANIFESTS = 1000
_MOST_LAYERS = 1000  # Docker's overlay has at most 128.
_MOST_NAMES = 20
_LONGEST_NAME = 255
_DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")

ReadDocument = Callable[[str, bool], bytes]
"""Read the bytes of a digest; True for a manifest or index, which registries keep apart from blobs."""


class ImageDocuments:
    """The documents of one archive or repository. Raises ImageError for what is wrong in them."""

    def __init__(self, read: ReadDocument, reference: str) -> None:
        self._read = read
        self._reference = reference
        self._looked_at = 0

    def images_of_descriptors(
        self, descriptors: Sequence[Any], platform: Optional[str]
    ) -> Iterator[StoredImage]:
        """The images that descriptors lead to: of the platform, or this machine's, if there is any."""
        manifests = list(self._manifests(descriptors, ()))
        wanted = platform or f"linux/{architecture_name(host.machine())}"
        fitting = [item for item in manifests if _fits(item, wanted)]
        if not fitting and len(manifests) > 1:
            raise self._no_platform(wanted, sorted({_platform_of(item) for item in manifests}))
        for descriptor in fitting or manifests:
            yield self._image_of_manifest(descriptor)

    def choose_image(
        self, found: Sequence[StoredImage], platform: Optional[str], names: Sequence[str] = ()
    ) -> StoredImage:
        """Give the only one that serves the platform. Raises ImageError where there are none, or several.

        ``names`` are those of all images that are there: one of several is to be chosen by its own.
        """
        images = {image.image.id: image for image in found}
        chosen = [
            image
            for image in images.values()
            if not platform or same_platform(platform, image.image.platform)
        ]
        if len(chosen) == 1:
            return chosen[0]
        if not found:
            raise self.error("it has no image")
        platforms = sorted({image.image.platform for image in found})
        if not chosen:
            raise self._no_platform(platform or "", platforms)
        named = f": {list_names(names)}" if names else ""
        raise self.error(
            f"it has {len(found)} images (for {', '.join(platforms)}){named}. Name one by its tag, as in "
            "oci-archive:FILE:TAG, or choose by --platform"
        )

    def image_of_configuration(
        self, digest: str, configuration: dict[str, Any], files: Sequence[Layer]
    ) -> StoredImage:
        """Make an image of its configuration and of its layers' files, whose ``diff_id`` is not known yet."""
        diff_ids = list_of(configuration.get("rootfs") or {}, "diff_ids")
        if not files or len(diff_ids) != len(files):
            raise self.error(f"it has {len(files)} layers, and its configuration tells of {len(diff_ids)}")
        if len(files) > _MOST_LAYERS:
            raise self.error(f"it has more than {_MOST_LAYERS} layers")
        if not all(isinstance(item, str) and _DIGEST.match(item) for item in diff_ids):
            raise self.error("its configuration names a layer by something that is no digest")
        parts = (configuration.get(key) for key in ("os", "architecture", "variant"))
        created = str(configuration.get("created") or "")
        try:
            config = configuration.get("config")
            image = image_of_configuration(self._reference, digest, platform_name(*parts), created, config)
        except (TypeError, AttributeError, ValueError) as error:
            raise self.error(f"its configuration {digest} is broken: {error}") from error
        history = tuple(
            str(step.get("created_by") or "")
            for step in list_of(configuration, "history")
            if isinstance(step, dict)
        )
        layers = tuple(layer._replace(diff_id=diff_id) for layer, diff_id in zip(files, diff_ids))
        return StoredImage(image, layers, history)

    def parse_document(self, data: bytes, name: str, kind: type | tuple[type, ...] = dict) -> Any:
        """Parse JSON whose outermost value is of ``kind``."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self.error(f"{name} is no JSON: {error}") from error
        if not isinstance(document, kind):
            raise self.error(f"{name} is not what it should be")
        return document

    def _no_platform(self, wanted: str, there: Sequence[str]) -> ImageError:
        return self.error(f"it has no image for {wanted}, but for {', '.join(there)}. Choose by --platform")

    def error(self, text: str) -> ImageError:
        """An error that says which image it is about."""
        return ImageError(f"{self._reference}: {text}.")

    def _manifests(self, descriptors: Sequence[Any], above: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        """The descriptors of manifests, through indexes within indexes."""
        self._looked_at += len(descriptors)
        if len(above) > _DEEPEST_INDEX or self._looked_at > _MOST_MANIFESTS:
            raise self.error("its index holds too many images, or indexes within indexes without end")
        for descriptor in descriptors:
            digest = self._digest(descriptor)
            # Attestations of buildx are manifests for the platform unknown/unknown.
            if _platform_of(descriptor).startswith("unknown"):
                continue
            if descriptor.get("mediaType") in MANIFEST_TYPES:
                yield descriptor
                continue
            document = self._document(digest, is_manifest=True)
            if "manifests" in document:
                if digest in above:
                    raise self.error(f"its index {digest} leads to itself")
                yield from self._manifests(list_of(document, "manifests"), (*above, digest))
            else:
                yield descriptor

    def _image_of_manifest(self, descriptor: dict[str, Any]) -> StoredImage:
        manifest = self._document(self._digest(descriptor), is_manifest=True)
        if manifest.get("schemaVersion") == 1:
            raise self.error("it is in the format of Docker before 1.10 (schema 1). Push it again")
        digest = self._digest(manifest.get("config"))
        configuration = self._document(digest, is_manifest=False)
        files = [self._layer(layer) for layer in list_of(manifest, "layers")]
        return self.image_of_configuration(digest, configuration, files)

    def _layer(self, descriptor: Any) -> Layer:
        digest = self._digest(descriptor)
        size = descriptor.get("size", -1)
        if type(size) is not int or size < -1:
            raise self.error(f"the size of its layer {digest} is {size!r}, which is no number of bytes")
        return Layer(blob_path(digest), digest, "", size)

    def _document(self, digest: str, *, is_manifest: bool) -> dict[str, Any]:
        """A document by its digest, verified."""
        data = self._read(digest, is_manifest)
        algorithm, _, expected = digest.partition(":")
        if hashlib.new(algorithm, data).hexdigest() != expected:
            raise self.error(f"what is there for {digest} has another digest: it is damaged. Make it again")
        parsed: dict[str, Any] = self.parse_document(data, digest)
        return parsed

    def _digest(self, descriptor: Any) -> str:
        digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
        if not isinstance(digest, str) or not _DIGEST.match(digest):
            raise self.error(f"it names a file by {digest!r}, which is no digest")
        return digest


def list_names(names: Sequence[str]) -> str:
    """Write the names of images one after another, each once, and of very many only the first."""
    shown = list(dict.fromkeys(name[:_LONGEST_NAME] for name in names))
    more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
    return ", ".join(shown[:_MOST_NAMES]) + more


def blob_path(digest: str) -> str:
    """Where an image layout keeps what has this digest."""
    return "blobs/" + digest.replace(":", "/")


def list_of(document: Any, key: str) -> list[Any]:
    """The list under a key; empty where there is none."""
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []


def _platform_of(descriptor: Any) -> str:
    """The platform that a descriptor tells; "" where it tells none."""
    told = descriptor.get("platform") if isinstance(descriptor, dict) else None
    if not isinstance(told, dict) or not told.get("os"):
        return ""
    return platform_name(told.get("os"), told.get("architecture"), told.get("variant"))


def _fits(descriptor: dict[str, Any], wanted: str) -> bool:
    told = _platform_of(descriptor)
    return not told or same_platform(wanted, told)
