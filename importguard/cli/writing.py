"""Writing reports: to standard output, and to files that are whole or not there."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterable

from importguard.cli.options import parse_output
from importguard.errors import InspectionError, UsageError
from importguard.terminal import fit_encoding


def check_writable(path: str, option: str = "--output") -> None:
    """Raise UsageError now where ``path`` can't be written later: a check may take minutes."""
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise UsageError(f"{option} {path} is a folder; name a file")
    if not os.path.isdir(folder):
        raise UsageError(f"{option} {path} can't be written: there is no folder {folder}")
    if not os.access(path if _is_special(path) else folder, os.W_OK):
        raise UsageError(f"{option} {path} can't be written: no permission to write in {folder}")


def writable_outputs(values: Iterable[str]) -> list[tuple[str, str]]:
    """(format, file) of each ``-o``. Raises UsageError now for what could not be written after the check."""
    outputs = [parse_output(value) for value in values]
    for _, path in outputs:
        check_writable(path)
    return outputs


def write_file(path: str, text: str, option: str = "--output") -> None:
    """Write atomically: a reader sees the old file or the whole new one. Devices and pipes are written to."""
    real = os.path.realpath(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        if _is_special(real):
            with open(real, "wb") as stream:
                stream.write(data)
        else:
            _replace(real, data)
    except OSError as error:
        raise UsageError(f"{option} {path} can't be written: {error.strerror or error}") from error


def append_file(path: str, text: str) -> None:
    """Add to a file that others write to as well. Raises OSError."""
    with open(path, "ab") as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))


def _replace(path: str, data: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".importguard-", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode(path: str) -> int:
    """The mode of the file that is replaced, else that of any new file: mkstemp's is for its owner only."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


def _is_special(path: str) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def write_stdout(text: str) -> None:
    """Write to standard output, if there is one. A reader that has gone away (``| head``) is no error.

    Raises InspectionError where the text can't be written: a report that nobody can read is no verdict.
    """
    stream = sys.stdout
    if stream is None:
        return
    try:
        stream.write(fit_encoding(text, stream.encoding or "utf-8"))
        stream.flush()
    except BrokenPipeError:
        # Python flushes standard output once more at its end: it needs somewhere to write.
        _discard(stream.fileno())
    except OSError as error:
        _discard(stream.fileno())
        raise InspectionError(f"the report can't be written to standard output: {error.strerror}") from error


def _discard(descriptor: int) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
