"""The files of an image archive by name: a folder, a tar file, or a tar file that is compressed."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from importguard.engines.embedded.compression import decompressed_stream
from importguard.errors import ImageError

MOST_FILES = 100_000
"""Files of an archive: layers, manifests, and what ``docker save`` adds to each layer."""


class ArchiveFiles(Protocol):
    """The files of an archive; ``open_file`` raises ImageError for one that is not there."""

    def has_file(self, name: str) -> bool:
        """Whether there is a file of that name."""

    def open_file(self, name: str) -> BinaryIO:
        """Open a file for reading."""


class FolderFiles:
    """The files of a folder, never of what lies outside it."""

    def __init__(self, folder: Path, reference: str) -> None:
        self._folder = folder
        self._reference = reference

    def has_file(self, name: str) -> bool:
        """See ``ArchiveFiles.has_file``."""
        return (self._folder / name).is_file()

    def open_file(self, name: str) -> BinaryIO:
        """See ``ArchiveFiles.open_file``."""
        if os.path.isabs(name) or ".." in name.split("/"):
            raise ImageError(f"{self._reference}: it names a file outside of it: {name!r}.")
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise ImageError(
                f"{self._reference}: its file {name} can't be read: {error.strerror}."
            ) from error
        return open(descriptor, "rb")


class TarFiles:
    """The files of a tar archive, which is read where it lies."""

    def __init__(self, archive: tarfile.TarFile, reference: str) -> None:
        self._archive = archive
        self._reference = reference
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            for number, member in enumerate(archive):
                if number >= MOST_FILES:
                    raise ImageError(f"{reference}: it has more than {MOST_FILES} files: it is no image.")
                self._members[os.path.normpath(member.name)] = member
        except (tarfile.TarError, OSError, EOFError, ValueError, RecursionError) as error:
            raise ImageError(f"{reference}: the archive is damaged: {error}. Make it again.") from error

    def has_file(self, name: str) -> bool:
        """See ``ArchiveFiles.has_file``."""
        return name in self._members

    def open_file(self, name: str) -> BinaryIO:
        """See ``ArchiveFiles.open_file``. Links are followed: ``docker save`` writes a layer once."""
        try:
            member = self._members[os.path.normpath(name)]
            stream = self._archive.extractfile(member)
        except (KeyError, tarfile.TarError, RecursionError):
            stream = None
        if stream is None:
            raise ImageError(f"{self._reference}: it lacks the file {name}: the archive is not whole.")
        return stream  # type: ignore[return-value]


@contextmanager
def open_archive_files(path: Path, reference: str, scratch: Path) -> Iterator[ArchiveFiles]:
    """Open an archive or a folder.

    What can't be read where it lies goes to ``scratch`` first: what comes through a pipe, or is compressed as
    a whole.
    """
    if path.is_dir():
        yield FolderFiles(path, reference)
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        raise ImageError(f"{reference}: {path} can't be read: {error.strerror}.") from error
    with stream, ExitStack() as stack:
        reader: BinaryIO = decompressed_stream(stream, reference)
        if reader is not stream or not stream.seekable():
            reader = stack.enter_context(_copy_to_scratch(reader, scratch, reference))
        try:
            archive = tarfile.open(fileobj=reader, mode="r:")  # noqa: SIM115
        except (tarfile.TarError, OSError, EOFError, ValueError) as error:
            raise ImageError(f"{reference}: {path} is no image archive: {_advice(reader, error)}") from error
        with archive:
            yield TarFiles(archive, reference)


def _copy_to_scratch(reader: BinaryIO, scratch: Path, reference: str) -> BinaryIO:
    """A file in the folder ``scratch`` that has no name and holds what ``reader`` gives."""
    try:
        with ExitStack() as stack:
            copy = stack.enter_context(tempfile.TemporaryFile(dir=scratch))
            shutil.copyfileobj(reader, copy, 1 << 20)
            copy.seek(0)
            stack.pop_all()
            return copy
    except OSError as error:
        raise ImageError(
            f"{reference}: it can't be written to the cache: {error.strerror}. Choose another folder with "
            "--cache-dir."
        ) from error


def _advice(reader: BinaryIO, error: Exception) -> str:
    """What to do with a file that is no tar archive."""
    reader.seek(0)
    head = reader.read(6)
    for signature, program in ((b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz")):
        if head.startswith(signature):
            return f"it is compressed with {program}. Uncompress it first: {program} -dk FILE."
    return (
        f"{error}. Such files are made by `docker save`, `docker buildx build --output type=oci`, kaniko "
        "--tar-path, `skopeo copy` or `podman save`."
    )
