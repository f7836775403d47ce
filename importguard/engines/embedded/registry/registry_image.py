"""An image of a registry as the source of what is unpacked: asked of its mirrors first, then of itself."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, Callable, Optional

from importguard.engines.embedded.image_documents import ImageDocuments
from importguard.engines.embedded.image_source import Layer, StoredImage
from importguard.engines.embedded.registry.credentials import find_credentials
from importguard.engines.embedded.registry.downloads import LayerDownload, LayerDownloads
from importguard.engines.embedded.registry.endpoint import RegistryEndpoint
from importguard.engines.embedded.registry.image_name import mirrors_of_hub, parse_registry_name
from importguard.engines.embedded.registry.retries import TransferError, Waits
from importguard.engines.embedded.registry.transport import Transport
from importguard.engines.embedded.unpack import USUAL_LIMITS
from importguard.errors import ImageError
from importguard.progress import Progress

_SECONDS_BETWEEN_LOOKS = 0.1


class RegistryImage:
    """Implements ``ImageSource`` for a registry. The layers are downloaded when they are opened."""

    def __init__(self, reference: str, scratch: Path, transport: Transport, progress: Progress) -> None:
        self._reference = reference
        self._scratch = scratch
        self._progress = progress
        self._name = parse_registry_name(reference)
        self._waits = Waits(progress.show_notice)
        names = [self._name._replace(host=host) for host in (*mirrors_of_hub(self._name), self._name.host)]
        self._endpoints = [
            RegistryEndpoint(name, partial(find_credentials, name), transport, self._waits) for name in names
        ]
        self._documents = ImageDocuments(self._read_document, reference)
        self._manifest_read = ("", b"")  # by digest, the one that is asked for first

    def choose_image(self, platform: Optional[str]) -> StoredImage:
        """See ``ImageSource.choose_image``."""
        self._progress.begin_phase(f"pulling {self._reference}" + (f" ({platform})" if platform else ""))
        version = self._name.version
        data = self._ask_each(lambda endpoint: endpoint.read_manifest(version))
        digest = version if ":" in version else "sha256:" + hashlib.sha256(data).hexdigest()
        self._manifest_read = (digest, data)
        found = list(self._documents.images_of_descriptors([{"digest": digest}], platform))
        return self._documents.choose_image(found, platform)

    def open_layers(self, image: StoredImage) -> Generator[tuple[Layer, BinaryIO], None, None]:
        """See ``ImageSource.open_layers``. What is given is verified, and has no digest any more."""
        self._refuse_sizes(image.layers)
        servers = [endpoint.open_blob for endpoint in self._endpoints]
        with closing(LayerDownloads(image.layers, self._scratch, servers, self._waits)) as downloads:
            for number, download in enumerate(downloads, 1):
                self._wait_for(download, downloads, f"layer {number} of {len(image.layers)}")
                with closing(download):
                    yield download.layer._replace(digest=""), download.opened_file()

    def _wait_for(self, download: LayerDownload, downloads: LayerDownloads, which: str) -> None:
        """Wait until a layer is there, and show how far all of them are."""
        if not download.wait_until_ended(0):
            self._progress.begin_phase(f"pulling {self._reference}: {which}")
        while not download.wait_until_ended(_SECONDS_BETWEEN_LOOKS):
            done, size = downloads.received, downloads.size
            self._progress.show_count(done, size, f"{done / 1e6:.0f} of {size / 1e6:.0f} MB")
        if isinstance(download.failure, TransferError):
            raise self._error(download.failure) from download.failure
        if download.failure is not None:
            raise download.failure

    def _refuse_sizes(self, layers: Sequence[Layer]) -> None:
        if any(layer.size < 0 for layer in layers):
            raise self._documents.error("its manifest does not say how large its layers are")
        size = sum(layer.size for layer in layers)
        if size > USUAL_LIMITS.size:
            raise self._documents.error(f"its layers have {size >> 20} MiB, more than any image may have")

    def _read_document(self, digest: str, is_manifest: bool) -> bytes:
        if digest == self._manifest_read[0]:
            return self._manifest_read[1]
        if is_manifest:
            return self._ask_each(lambda endpoint: endpoint.read_manifest(digest))
        return self._ask_each(lambda endpoint: endpoint.read_blob(digest))

    def _ask_each(self, ask: Callable[[RegistryEndpoint], bytes]) -> bytes:
        """Ask the mirrors and then the registry; who answers is asked first from then on."""
        failures = []
        for endpoint in self._endpoints:
            try:
                answer = ask(endpoint)
            except TransferError as failure:
                failures.append(failure)
                continue
            self._endpoints.remove(endpoint)
            self._endpoints.insert(0, endpoint)
            return answer
        raise self._error(*failures) from failures[-1]

    def _error(self, *failures: TransferError) -> ImageError:
        reasons = "; ".join(failure.reason for failure in failures)
        return ImageError(f"{self._reference} was not pulled: {reasons}.")


@contextmanager
def opened_registry_image(reference: str, scratch: Path, progress: Progress) -> Iterator[RegistryImage]:
    """Open the image ``[registry:][HOST/]NAME[:TAG][@DIGEST]``; ``scratch`` takes its layers."""
    with closing(Transport()) as transport:
        yield RegistryImage(reference, scratch, transport, progress)
