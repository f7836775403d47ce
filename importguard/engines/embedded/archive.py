"""An archive or a folder as the source of an image: an OCI image layout, or what ``docker save`` writes.

The formats are those of https://github.com/opencontainers/image-spec (image-layout.md), of
https://github.com/moby/docker-image-spec, and the folder that ``dir:`` names in containers-transports(5).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Optional

from importguard.engines.embedded.archive_files import ArchiveFiles, open_archive_files
from importguard.engines.embedded.image_documents import (
    LARGEST_DOCUMENT,
    ImageDocuments,
    blob_path,
    list_names,
    list_of,
)
from importguard.engines.embedded.image_source import Layer, StoredImage

_MOST_IMAGES = 1000


class ImageArchive:
    """Implements ``ImageSource`` for an archive that is open, and the tag of an image in it, if any."""

    def __init__(self, files: ArchiveFiles, tag: str, reference: str) -> None:
        self._files = files
        self._tag = tag
        self._names: dict[str, str] = {}
        self._tags: list[str] = []
        self._documents = ImageDocuments(lambda digest, _: self._read(blob_path(digest)), reference)

    def choose_image(self, platform: Optional[str]) -> StoredImage:
        """See ``ImageSource.choose_image``."""
        if self._files.has_file("index.json"):
            found = list(self._in_index(platform))
        elif self._files.has_file("manifest.json"):
            found = list(self._in_manifest(platform))
        else:
            raise self._documents.error("it is no image: it has neither an index.json nor a manifest.json")
        if not found and self._tag:
            there = f"but {list_names(self._tags)}" if self._tags else "and its images have no names"
            raise self._documents.error(f"it has no image named {self._tag}, {there}")
        return self._documents.choose_image(found, platform, self._tags)

    def open_layers(self, image: StoredImage) -> Generator[tuple[Layer, BinaryIO], None, None]:
        """See ``ImageSource.open_layers``."""
        for layer in image.layers:
            with self._files.open_file(self._path_of(layer.file)) as stream:
                yield layer, stream

    def _in_index(self, platform: Optional[str]) -> Iterator[StoredImage]:
        index = self._documents.parse_document(self._read("index.json"), "index.json")
        descriptors = list_of(index, "manifests")
        self._tags = [names[-1] for names in map(_names_of_descriptor, descriptors) if names]
        if self._tag:
            descriptors = [item for item in descriptors if _is_meant(_names_of_descriptor(item), self._tag)]
        return self._documents.images_of_descriptors(descriptors, platform)

    def _in_manifest(self, platform: Optional[str]) -> Iterator[StoredImage]:
        """The images of a manifest.json: Docker's list, or the manifest or index itself, of ``dir:``."""
        data = self._read("manifest.json")
        document = self._documents.parse_document(data, "manifest.json", (list, dict))
        if isinstance(document, list):
            return self._in_docker_manifest(document)
        if self._tag:
            raise self._documents.error(f"it has one image, which has no name: leave out :{self._tag}")
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._names[blob_path(digest)] = "manifest.json"
        descriptor = {"digest": digest, "mediaType": document.get("mediaType")}
        return self._documents.images_of_descriptors([descriptor], platform)

    def _in_docker_manifest(self, entries: Sequence[Any]) -> Iterator[StoredImage]:
        """The images of what ``docker save`` wrote before Docker 25, kaniko writes, and Bazel."""
        documents = self._documents
        for entry in entries[:_MOST_IMAGES]:
            if not isinstance(entry, dict) or not isinstance(entry.get("Config"), str):
                raise documents.error("its manifest.json is broken: an image names no Config")
            names = [str(name) for name in list_of(entry, "RepoTags")]
            self._tags += names
            if self._tag and not _is_meant(names, self._tag):
                continue
            data = self._read(entry["Config"])
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            named = re.search(r"[0-9a-f]{64}", entry["Config"])
            if named and f"sha256:{named[0]}" != digest:
                raise documents.error(f"its configuration {entry['Config']} has another digest: {digest}")
            files = [Layer(str(name), "", "") for name in list_of(entry, "Layers")]
            configuration = documents.parse_document(data, entry["Config"])
            yield documents.image_of_configuration(digest, configuration, files)

    def _path_of(self, name: str) -> str:
        """Where a file of that name is. A blob of ``dir:`` lies beside its manifest, by its bare digest."""
        bare = name.rpartition("/")[2]
        names = (name, self._names.get(name, ""), bare, f"{bare}.manifest.json")
        return next((there for there in names if there and self._files.has_file(there)), name)

    def _read(self, name: str) -> bytes:
        with self._files.open_file(self._path_of(name)) as stream:
            data = stream.read(LARGEST_DOCUMENT + 1)
        if len(data) > LARGEST_DOCUMENT:
            raise self._documents.error(f"{name} has more than {LARGEST_DOCUMENT >> 20} MiB")
        return data


@contextmanager
def opened_archive(path: Path, tag: str, reference: str, scratch: Path) -> Iterator[ImageArchive]:
    """Open the archive or folder at ``path``; ``scratch`` takes what has to be uncompressed first."""
    with open_archive_files(path, reference, scratch) as files:
        yield ImageArchive(files, tag, reference)


def _names_of_descriptor(descriptor: Any) -> list[str]:
    """The names that an index gives an image: its tag, and as containerd and Docker write it, all of it."""
    names = (descriptor.get("annotations") or {}) if isinstance(descriptor, dict) else {}
    keys = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
    return [str(names[key]) for key in keys if names.get(key)]


def _is_meant(names: Sequence[str], tag: str) -> bool:
    """Whether ``registry/shop:1.2`` is meant by ``1.2``, ``shop:1.2`` or all; ``shop`` is its latest."""
    ends = (tag, f"{tag}:latest")
    return any(name in ends or name.endswith((f":{tag}", *(f"/{end}" for end in ends))) for name in names)
