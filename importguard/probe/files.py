"""Reads an image's files, which are hostile data: FIFOs, devices, huge files, names that are not UTF-8."""

from __future__ import annotations

import os
import stat

TEXT_LIMIT = 256 * 1024
"""Bytes of a script or a metadata file that are read at most."""

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What container engines set where an image sets no PATH."""


def read_bytes(path: str, limit: int = TEXT_LIMIT) -> bytes | None:
    """The first ``limit`` bytes of a regular file; None for everything else (a FIFO is never opened)."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        chunks = []
        while limit > 0:
            chunk = os.read(descriptor, min(limit, 65536))
            if not chunk:
                break
            chunks.append(chunk)
            limit -= len(chunk)
        return b"".join(chunks)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def read_text(path: str, limit: int = TEXT_LIMIT) -> str | None:
    """Like ``read_bytes``, as UTF-8 text; bytes that are not UTF-8 become surrogates, as in file names."""
    data = read_bytes(path, limit)
    return None if data is None else data.decode("utf-8", "surrogateescape")


def printable_path(path: str) -> str:
    r"""A path or name that is valid UTF-8: bytes that are not are written ``\xff``."""
    if path.isascii():
        return path
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_executable(path: str) -> bool:
    """Whether a program could be started from this path."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False


def find_program(program: str, environ: dict[str, str], directory: str) -> str | None:
    """Where ``execvp`` would find a program (POSIX), started in ``directory``; None where it would not."""
    if "/" in program:
        path = os.path.join(directory, program)
        return path if is_executable(path) else None
    for entry in environ.get("PATH", DEFAULT_PATH).split(":"):
        path = os.path.join(directory, entry, program)
        if program and is_executable(path):
            return path
    return None


def read_interpreter_line(path: str) -> list[str] | None:
    """The interpreter line of a script as the kernel splits it: a program and at most one argument."""
    head = read_bytes(path, 4096)
    if head is None or head[:2] != b"#!":
        return None
    line = os.fsdecode(head[2:].split(b"\n", 1)[0]).strip()
    return line.split(None, 1) or None
