"""Read an image from an archive or a folder: an OCI image layout, or what ``docker save`` writes.

The formats are those of https://github.com/opencontainers/image-spec (image-layout.md, image-index.md,
manifest.md) and of https://github.com/moby/docker-image-spec. Nothing of it is trusted: every blob is
verified by the digest that names it, sizes are limited, and names may not leave the folder.
"""

from __future__ import annotations

import hashlib
import json
import platform as host
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Optional

from importguard.engines.base import Image
from importguard.engines.embedded.archive_files import ArchiveFiles, open_archive_files
from importguard.engines.image_configuration import (
    architecture_name,
    image_of_configuration,
    platform_name,
    same_platform,
)
from importguard.errors import ImageError

LARGEST_DOCUMENT = 8 * 1024**2
"""Bytes of a manifest, an index or a configuration; registries refuse more than 4 MiB."""

_DEEPEST_INDEX = 4
_MOST_MANIFESTS = 1000
_DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")


class Layer(NamedTuple):
    """One layer: its file in the archive, the digest of that file, and that of the tar in it.

    ``digest`` is empty where the archive does not name one, as in what ``docker save`` writes.
    """

    file: str
    digest: str
    diff_id: str


@dataclass(frozen=True)
class ArchivedImage:
    """An image of an archive: what a container of it starts from, its layers, and how it was made."""

    image: Image
    layers: tuple[Layer, ...]
    history: tuple[str, ...]


class ImageArchive:
    """An archive that is open. Every method raises ImageError for what is wrong in it."""

    def __init__(self, files: ArchiveFiles, reference: str) -> None:
        self._files = files
        self._reference = reference

    def choose_image(self, tag: str, platform: Optional[str]) -> ArchivedImage:
        """Give the image of that tag and platform, or the only one where no tag is given."""
        if self._files.has_file("index.json"):
            found = list(self._in_index(self._document("index.json"), tag, platform))
        elif self._files.has_file("manifest.json"):
            found = list(self._in_docker_manifest(tag))
        else:
            raise self._error("it is no image: it has neither an index.json nor a manifest.json")
        chosen = list({image.image.id: image for image in found}.values())
        if platform:
            chosen = [image for image in chosen if same_platform(platform, image.image.platform)]
        if len(chosen) != 1:
            raise self._not_one(found, tag, platform)
        return chosen[0]

    def open_layer(self, layer: Layer) -> BinaryIO:
        """Open a layer's file as it lies in the archive; its digests are verified by who reads it."""
        return self._files.open_file(layer.file)

    def _in_index(self, index: dict[str, Any], tag: str, platform: Optional[str]) -> Iterator[ArchivedImage]:
        """The images of an index, those of this machine's platform first where none is asked for."""
        descriptors = [item for item in _list(index, "manifests") if not tag or _has_tag(item, tag)]
        manifests = list(self._manifests(descriptors, platform, ()))
        wanted = platform or f"linux/{architecture_name(host.machine())}"
        fitting = [item for item in manifests if _fits(item, wanted)]
        for descriptor in fitting or manifests:
            yield self._image_of_manifest(descriptor)

    def _manifests(
        self, descriptors: Sequence[Any], platform: Optional[str], above: tuple[str, ...]
    ) -> Iterator[dict[str, Any]]:
        """The manifests that descriptors lead to, through indexes within indexes."""
        if len(above) > _DEEPEST_INDEX or len(descriptors) > _MOST_MANIFESTS:
            raise self._error("its index holds too many images, or indexes within indexes without end")
        for descriptor in descriptors:
            digest = self._digest(descriptor)
            # Attestations of buildx are manifests for the platform unknown/unknown.
            if (descriptor.get("platform") or {}).get("os") == "unknown":
                continue
            document = self._blob(digest)
            if "manifests" in document:
                if digest in above:
                    raise self._error(f"its index {digest} leads to itself")
                yield from self._manifests(_list(document, "manifests"), platform, (*above, digest))
            else:
                yield descriptor

    def _image_of_manifest(self, descriptor: dict[str, Any]) -> ArchivedImage:
        manifest = self._blob(self._digest(descriptor))
        digest = self._digest(manifest.get("config"))
        configuration = self._blob(digest)
        digests = [self._digest(layer) for layer in _list(manifest, "layers")]
        return self._archived(digest, configuration, [(_blob_path(each), each) for each in digests])

    def _in_docker_manifest(self, tag: str) -> Iterator[ArchivedImage]:
        """The images of what ``docker save`` wrote before Docker 25, kaniko writes, and Bazel."""
        entries = self._document("manifest.json", kind=list)
        for entry in entries[:_MOST_MANIFESTS]:
            if not isinstance(entry, dict) or not isinstance(entry.get("Config"), str):
                raise self._error("its manifest.json is broken: an image names no Config")
            if tag and not any(_same_tag(name, tag) for name in entry.get("RepoTags") or ()):
                continue
            data = self._read(entry["Config"])
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            named = re.search(r"[0-9a-f]{64}", entry["Config"])
            if named and f"sha256:{named[0]}" != digest:
                raise self._error(f"its configuration {entry['Config']} has another digest: {digest}")
            layers = [(str(name), "") for name in _list(entry, "Layers")]
            yield self._archived(digest, self._parsed(data, entry["Config"]), layers)

    def _archived(
        self, digest: str, configuration: dict[str, Any], files: Sequence[tuple[str, str]]
    ) -> ArchivedImage:
        diff_ids = _list(configuration.get("rootfs") or {}, "diff_ids")
        if not files or len(diff_ids) != len(files):
            raise self._error(f"it has {len(files)} layers, and its configuration tells of {len(diff_ids)}")
        if not all(isinstance(item, str) and _DIGEST.match(item) for item in diff_ids):
            raise self._error("its configuration names a layer by something that is no digest")
        parts = (configuration.get(key) for key in ("os", "architecture", "variant"))
        created = str(configuration.get("created") or "")
        try:
            config = configuration.get("config")
            image = image_of_configuration(self._reference, digest, platform_name(*parts), created, config)
        except (TypeError, AttributeError, ValueError) as error:
            raise self._error(f"its configuration {digest} is broken: {error}") from error
        history = tuple(
            str(step.get("created_by") or "") for step in _list(configuration, "history") if _is_table(step)
        )
        layers = tuple(Layer(file, digest, diff_id) for (file, digest), diff_id in zip(files, diff_ids))
        return ArchivedImage(image, layers, history)

    def _blob(self, digest: str) -> dict[str, Any]:
        """A document by its digest, verified."""
        data = self._read(_blob_path(digest))
        algorithm, _, expected = digest.partition(":")
        if hashlib.new(algorithm, data).hexdigest() != expected:
            raise self._error(
                f"the file of {digest} has another digest: the archive is damaged. Make it again"
            )
        parsed: dict[str, Any] = self._parsed(data, digest)
        return parsed

    def _document(self, name: str, kind: type = dict) -> Any:
        return self._parsed(self._read(name), name, kind)

    def _parsed(self, data: bytes, name: str, kind: type = dict) -> Any:
        try:
            document = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._error(f"{name} is no JSON: {error}") from error
        if not isinstance(document, kind):
            raise self._error(f"{name} is not what it should be")
        return document

    def _read(self, name: str) -> bytes:
        with self._files.open_file(name) as stream:
            data = stream.read(LARGEST_DOCUMENT + 1)
        if len(data) > LARGEST_DOCUMENT:
            raise self._error(f"{name} has more than {LARGEST_DOCUMENT >> 20} MiB")
        return data

    def _digest(self, descriptor: Any) -> str:
        digest = descriptor.get("digest") if isinstance(descriptor, dict) else None
        if not isinstance(digest, str) or not _DIGEST.match(digest):
            raise self._error(f"it names a file by {digest!r}, which is no digest")
        return digest

    def _not_one(self, found: Sequence[ArchivedImage], tag: str, platform: Optional[str]) -> ImageError:
        if not found:
            return self._error(f"it has no image named {tag}" if tag else "it has no image")
        platforms = ", ".join(sorted({image.image.platform for image in found}))
        if platform and not any(same_platform(platform, image.image.platform) for image in found):
            return self._error(f"it has no image for {platform}, but for {platforms}. Choose by --platform")
        return self._error(
            f"it has {len(found)} images (for {platforms}). Name one by its tag, as in oci-archive:FILE:TAG, "
            "or choose by --platform"
        )

    def _error(self, text: str) -> ImageError:
        return ImageError(f"{self._reference}: {text}.")


@contextmanager
def opened_archive(path: Path, reference: str, scratch: Path) -> Iterator[ImageArchive]:
    """Open the archive or folder at ``path``; ``scratch`` takes what has to be uncompressed first."""
    with open_archive_files(path, reference, scratch) as files:
        yield ImageArchive(files, reference)


def _blob_path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _list(document: Any, key: str) -> list[Any]:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, list) else []


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _has_tag(descriptor: Any, tag: str) -> bool:
    names = (descriptor.get("annotations") or {}) if isinstance(descriptor, dict) else {}
    keys = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
    return any(_same_tag(str(names.get(key) or ""), tag) for key in keys)


def _same_tag(name: str, tag: str) -> bool:
    """Whether ``registry/shop:1.2`` is meant by ``1.2``, ``shop:1.2`` or all of it."""
    return name == tag or name.endswith((f"/{tag}", f":{tag}"))


def _fits(descriptor: dict[str, Any], wanted: str) -> bool:
    told = descriptor.get("platform")
    if not isinstance(told, dict) or not told.get("os"):
        return True
    return same_platform(wanted, platform_name(told.get("os"), told.get("architecture"), told.get("variant")))
