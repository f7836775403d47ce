"""Uncompress what an archive holds, and verify it while it is read."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from typing import Any, BinaryIO

from importguard.errors import ImageError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_REASONABLE = 256 * 1024**2
_HIGHEST_RATIO = 200
"""Text compresses by ten, zeros by a thousand: what grows more than this, beyond the first 256 MiB, is a
bomb, which would fill the disk."""


def decompressed_stream(stream: io.BufferedReader, reference: str) -> io.BufferedReader:
    """Give ``stream`` uncompressed: gzip, zstd, or as it is. It is told by its first bytes."""
    head = stream.peek(4)[:4]
    if head.startswith(_GZIP):
        plain: Any = gzip.GzipFile(fileobj=stream)
    elif head == _ZSTD:
        plain = _zstd_file(stream, reference)
    else:
        return stream
    return io.BufferedReader(_Guarded(plain, stream, reference), 1 << 20)


def _zstd_file(stream: io.BufferedReader, reference: str) -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise ImageError(
            f"{reference}: a layer is compressed with zstd, which this Python can't read by itself. Install "
            "what does: pip install backports.zstd."
        ) from error
    return zstd.ZstdFile(stream)


class _Guarded(io.RawIOBase):
    """What comes out of a decompressor: no bomb, and every error one of ours."""

    def __init__(self, plain: Any, packed: io.BufferedReader, reference: str) -> None:
        self._plain = plain
        self._packed = packed
        self._reference = reference
        self._given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = int(self._plain.readinto(buffer))
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise ImageError(
                f"{self._reference}: a layer is damaged: {error}. Make the image again."
            ) from error
        except Exception as error:
            if type(error).__name__ != "ZstdError":  # of one of two modules
                raise
            raise ImageError(
                f"{self._reference}: a layer is damaged: {error}. Make the image again."
            ) from error
        self._given += count
        if self._given > _REASONABLE and self._given > _HIGHEST_RATIO * self._packed.tell():
            raise ImageError(
                f"{self._reference}: a layer grows more than {_HIGHEST_RATIO} times when it is uncompressed: "
                "it would fill the disk, and is refused."
            )
        return count


class VerifiedReader(io.RawIOBase):
    """Read a stream to its end and compare it with the digest that names it. An empty digest fits all."""

    def __init__(self, stream: BinaryIO, digest: str, reference: str) -> None:
        algorithm, _, self._expected = digest.partition(":")
        self._hash = hashlib.new(algorithm) if digest else None
        self._stream = stream
        self._digest = digest
        self._reference = reference
        self._position = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        """How many bytes were read."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        if self._hash is not None:
            self._hash.update(data)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def verify_to_the_end(self) -> None:
        """Read what is left; raise ImageError where the whole is not what its digest says."""
        while self._hash is not None and self.read(1 << 20):
            pass
        if self._hash is not None and self._hash.hexdigest() != self._expected:
            raise ImageError(
                f"{self._reference}: a layer is not what its digest {self._digest} says: the archive is "
                "damaged or was changed. Make it again."
            )
