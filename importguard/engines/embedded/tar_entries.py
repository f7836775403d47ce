"""Read a tar stream entry by entry, with limits that ``tarfile`` does not have.

``tarfile`` reads an extended header of any size into memory, calls itself for each one that follows another,
and keeps every member: a hostile layer ends it. It still parses the header block itself.
The formats are POSIX.1-2001 pax and GNU tar (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from importguard.errors import ImageError

BLOCK = 512
LONGEST_HEADER = 1024**2
"""Bytes of one extended header: names have at most 4096 bytes, but extended attributes stand there too."""

_EXTENDED = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE})
_REGULAR = frozenset({tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE})
_SPARSE = b"S"


class TarEntry(NamedTuple):
    """One entry. Names are bytes, as the kernel takes them. ``kind`` is ``tarfile``'s type."""

    name: bytes
    kind: bytes
    size: int
    mode: int
    uid: int
    gid: int
    mtime: float
    target: bytes


class TarReader:
    """The entries of a tar stream. ``read_content`` reads what one holds, before the next is asked for."""

    def __init__(self, stream: BinaryIO, reference: str) -> None:
        self._stream = stream
        self._reference = reference
        self._left = 0

    def __iter__(self) -> Iterator[TarEntry]:
        extended: dict[str, bytes] = {}
        while True:
            self._skip(self._left)
            header = self._header()
            if header is None:
                return
            if header.size < 0:
                raise self._error("an entry has a negative size")
            self._left = -(-header.size // BLOCK) * BLOCK if _has_content(header) else 0
            if header.type in _EXTENDED:
                extended.update(self._pax_records(self._whole(header.size)))
            elif header.type == tarfile.XGLTYPE:
                self._whole(header.size)
            elif header.type == tarfile.GNUTYPE_LONGNAME:
                extended["path"] = self._whole(header.size).rstrip(b"\0")
            elif header.type == tarfile.GNUTYPE_LONGLINK:
                extended["linkpath"] = self._whole(header.size).rstrip(b"\0")
            else:
                yield self._entry(header, extended)
                extended = {}

    def read_content(self, size: int) -> Iterator[bytes]:
        """The bytes of the entry that was given last."""
        while size > 0:
            chunk = self._stream.read(min(size, 1 << 18))
            if not chunk:
                raise self._error("a layer ends in the middle of a file")
            size -= len(chunk)
            self._left -= len(chunk)
            yield chunk

    def _header(self) -> tarfile.TarInfo | None:
        block = self._stream.read(BLOCK)
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            return None
        except tarfile.HeaderError as error:
            # GNU tar and Go end an archive at its end, with or without the blocks of zeros.
            if not block:
                return None
            raise self._error(f"a layer is no tar archive: {error}") from error

    def _entry(self, header: tarfile.TarInfo, extended: dict[str, bytes]) -> TarEntry:
        if header.type == _SPARSE or any(key.startswith("GNU.sparse.") for key in extended):
            raise self._error(f"{header.name!r} is a sparse file, which no builder writes")
        size = header.size
        if "size" in extended:
            size = self._number(extended["size"])
            self._left = -(-size // BLOCK) * BLOCK if _has_content(header) else 0
        return TarEntry(
            extended.get("path") or header.name.encode("utf-8", "surrogateescape"),
            tarfile.REGTYPE if header.type in _REGULAR else header.type,
            size if header.type in _REGULAR else 0,
            header.mode,
            self._number(extended["uid"]) if "uid" in extended else header.uid,
            self._number(extended["gid"]) if "gid" in extended else header.gid,
            self._time(extended["mtime"] if "mtime" in extended else b"%d" % header.mtime),
            extended.get("linkpath") or header.linkname.encode("utf-8", "surrogateescape"),
        )

    def _pax_records(self, data: bytes) -> Iterator[tuple[str, bytes]]:
        """``LENGTH KEY=VALUE\\n`` records; LENGTH counts the whole record."""
        position = 0
        while position < len(data) and data[position : position + 1] != b"\0":
            space = data.find(b" ", position, position + 20)
            length = data[position:space] if space > 0 else b""
            record = data[space + 1 : position + int(length) - 1] if length.isdigit() else b""
            key, equals, value = record.partition(b"=")
            if not equals or position + int(length) > len(data):
                raise self._error("an extended header of a layer is broken")
            yield key.decode("utf-8", "replace"), value
            position += int(length)

    def _number(self, text: bytes) -> int:
        try:
            number = int(float(text)) if b"." in text else int(text)
        except (ValueError, OverflowError) as error:
            raise self._error(f"{text[:40]!r} is no number") from error
        if not 0 <= number < 1 << 62:
            raise self._error(f"{text[:40]!r} is no possible number")
        return number

    def _time(self, text: bytes) -> float:
        """Seconds since 1970, or 0 for a time that a file system may not know."""
        seconds = int(text.partition(b".")[0]) if text.partition(b".")[0].isdigit() else 0
        return float(seconds if seconds < 1 << 33 else 0)

    def _whole(self, size: int) -> bytes:
        if size > LONGEST_HEADER:
            raise self._error(f"an extended header has more than {LONGEST_HEADER >> 20} MiB")
        return b"".join(self.read_content(size))

    def _skip(self, size: int) -> None:
        while size > 0:
            chunk = self._stream.read(min(size, 1 << 18))
            if not chunk:
                raise self._error("a layer ends in the middle of a file")
            size -= len(chunk)
        self._left = 0

    def _error(self, text: str) -> ImageError:
        return ImageError(f"{self._reference}: {text}: it is damaged or hostile, and is refused.")


def _has_content(header: tarfile.TarInfo) -> bool:
    """Links, devices and folders have none, whatever size they give (as in Go's archive/tar)."""
    return header.type not in (
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
    )
