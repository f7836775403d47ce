"""What an image is unpacked from: an archive or a registry. Both give its layers by their digests."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, Optional, Protocol

from importguard.engines.base import Image


class Layer(NamedTuple):
    """One layer: its file in an archive, the digest and size of that file, and the digest of the tar in it.

    ``digest`` is empty where the archive does not name one, as in what ``docker save`` writes, or where who
    gives the layer has verified it. ``size`` is what the manifest says, or -1.
    """

    file: str
    digest: str
    diff_id: str
    size: int = -1


@dataclass(frozen=True)
class StoredImage:
    """An image of a source: what a container of it starts from, its layers, and how it was made."""

    image: Image
    layers: tuple[Layer, ...]
    history: tuple[str, ...]


class ImageSource(Protocol):
    """Where one image lies. Every method raises ImageError for what is wrong with it."""

    def choose_image(self, platform: Optional[str]) -> StoredImage:
        """Give the image for that platform; without one, for this machine's, or the only one."""

    def open_layers(self, image: StoredImage) -> Generator[tuple[Layer, BinaryIO], None, None]:
        """Give each layer and its open file, the lowest first. Whoever unpacks verifies its digests.

        The file is closed when the next one is asked for. Close the iterator where it is not read to its end.
        """
