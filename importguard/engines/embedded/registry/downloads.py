"""Download the layers of an image side by side, each into a file without a name, and verify them."""

from __future__ import annotations

import hashlib
import queue
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Callable, Optional

from importguard.engines.embedded.image_source import Layer
from importguard.engines.embedded.registry.retries import Patience, TransferError, Waits
from importguard.engines.embedded.registry.transport import Answer

SIDE_BY_SIDE = 3
"""How many layers are downloaded at a time; Docker's number."""

_WORTH_TRYING_ON = 1 << 20
"""Bytes after which a broken connection counts as the first failure again."""

OpenBlob = Callable[[str, int], AbstractContextManager[Answer]]


class LayerDownload:
    """One layer that is on its way. ``received`` are the bytes that are there."""

    def __init__(self, layer: Layer, folder: Path) -> None:
        self.layer = layer
        self.received = 0
        self.failure: Optional[BaseException] = None
        self._folder = folder
        self._file: Optional[BinaryIO] = None  # An image may have more layers than a process open files.
        self._hash = hashlib.new(layer.digest.partition(":")[0])
        self._ended = threading.Event()

    def receive_layer(self, servers: Sequence[OpenBlob], waits: Waits) -> None:
        """Download it, going on where a connection broke, at the next of ``servers`` where one can't give it.

        What went wrong is kept in ``failure``.
        """
        try:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
            for number, open_blob in enumerate(servers, 1):
                try:
                    self._receive_verified(open_blob, waits)
                    break
                except TransferError:
                    if number == len(servers) or waits.have_ended():
                        raise
        except OSError as error:
            self.failure = TransferError(f"a layer can't be written to the cache: {error.strerror}")
        except BaseException as failure:
            self.failure = failure
        finally:
            self._ended.set()

    def _receive_verified(self, open_blob: OpenBlob, waits: Waits) -> None:
        """Receive the rest from one server, or all of it where what another one sent was wrong."""
        is_begun = self.received > 0
        self._receive_from(open_blob, waits)
        if is_begun and not self._is_verified():
            self._begin_afresh()
            self._receive_from(open_blob, waits)
        if not self._is_verified():
            self._begin_afresh()
            raise TransferError(
                f"a layer is not what its digest {self.layer.digest} says: the registry or something on "
                "the way to it changed it. Push the image again"
            )

    def _is_verified(self) -> bool:
        return self._hash.hexdigest() == self.layer.digest.partition(":")[2]

    def _begin_afresh(self) -> None:
        assert self._file is not None
        self._file.seek(0)
        self._file.truncate()
        self.received = 0
        self._hash = hashlib.new(self.layer.digest.partition(":")[0])

    def _receive_from(self, open_blob: OpenBlob, waits: Waits) -> None:
        """Receive what is not there yet from one server, tried again as long as there is hope."""
        patience = Patience(waits)
        while self.received < self.layer.size:
            before = self.received
            try:
                with open_blob(self.layer.digest, self.received) as answer:
                    self._append(answer, waits)
            except TransferError as failure:
                if self.received - before >= _WORTH_TRYING_ON:
                    patience.renew()
                patience.wait_after(failure)

    def wait_until_ended(self, seconds: float) -> bool:
        """Wait for so long at most; tell whether it has ended."""
        return self._ended.wait(seconds)

    def opened_file(self) -> BinaryIO:
        """The file with the whole layer, at its beginning."""
        assert self._file is not None
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Give the file's space free."""
        if self._file is not None:
            self._file.close()

    def _append(self, answer: Answer, waits: Waits) -> None:
        assert self._file is not None
        skip = self.received - self._start_of(answer)
        for chunk in answer.read_chunks():
            if waits.have_ended():
                raise TransferError("it was stopped")
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            new, skip = chunk[skip:], 0
            if self.received + len(new) > self.layer.size:
                raise self._wrong_size(answer, "more")
            self._file.write(new)
            self._hash.update(new)
            self.received += len(new)
        if self.received < self.layer.size:
            raise TransferError(
                f"{answer.host} closed the connection in the middle of a layer", temporary=True
            )

    def _start_of(self, answer: Answer) -> int:
        """Where in the layer the answer begins. Raises TransferError where its size can't be right."""
        if answer.status == 200:
            told = answer.told_length()
            if told is not None and told != self.layer.size:
                raise self._wrong_size(answer, str(told))
            return 0
        match = re.match(r"bytes ([0-9]{1,18})-", answer.headers.get("Content-Range", ""))
        if match is None or int(match[1]) > self.received:
            raise TransferError(f"{answer.host} sends another part of a layer than it was asked for")
        return int(match[1])

    def _wrong_size(self, answer: Answer, size: str) -> TransferError:
        return TransferError(
            f"{answer.host} sends {size} bytes for a layer that has {self.layer.size} by its manifest. "
            "Push the image again"
        )


class LayerDownloads:
    """The layers of an image, downloaded in the background from the lowest up."""

    def __init__(
        self, layers: Sequence[Layer], folder: Path, servers: Sequence[OpenBlob], waits: Waits
    ) -> None:
        self._downloads = [LayerDownload(layer, folder) for layer in layers]
        self._waiting: queue.SimpleQueue[LayerDownload] = queue.SimpleQueue()
        for download in self._downloads:
            self._waiting.put(download)
        self._servers = servers
        self._waits = waits
        self.size = sum(layer.size for layer in layers)
        # Daemons: an interrupted run must not wait for a server that says nothing.
        self._threads = [
            threading.Thread(target=self._work, daemon=True)
            for _ in range(min(SIDE_BY_SIDE, len(self._downloads)))
        ]
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[LayerDownload]:
        return iter(self._downloads)

    @property
    def received(self) -> int:
        """The bytes that are there, of all layers."""
        return sum(download.received for download in self._downloads)

    def close(self) -> None:
        """Stop what still runs. A thread that waits for a server ends a little later."""
        self._waits.end_all()
        for thread in self._threads:
            thread.join(0.2)
        for download in self._downloads:
            download.close()

    def _work(self) -> None:
        while not self._waits.have_ended():
            try:
                download = self._waiting.get_nowait()
            except queue.Empty:
                return
            download.receive_layer(self._servers, self._waits)
