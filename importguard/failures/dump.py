"""Read what ``faulthandler`` wrote when the interpreter died or was stopped, and what else was printed.

The format is that of CPython's Python/traceback.c: threads, each with its most recent call first.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from importguard.evidence.imports import Frame

_FRAME = re.compile(r'^\s*File "(.*)", line (\d+) in (.*)$')
_HEADER = re.compile(
    r"^(Fatal Python error: |Timeout \(\d+:\d\d:\d\d(\.\d+)?\)!|(Current )?[Tt]hread 0x[0-9a-f]+|"
    r"Extension modules: |Python runtime state: |<truncated |Current thread's C stack trace|"
    r"Garbage-collecting$|Stack \(most recent call first\):)"
)
_PROBE = "<importguard>"


def dumped_frames(output: str, modules: Mapping[str, str]) -> tuple[Frame, ...]:
    """The frames of the thread that imports, outermost first; ``modules``: file → name."""
    threads: list[list[Frame]] = [[]]
    for line in output.splitlines():
        match = _FRAME.match(line)
        if match is not None:
            path, number, function = normal_path(match[1]), *match.groups()[1:]
            threads[-1].append(Frame(path, int(number), function, modules.get(path, "")))
        elif "hread 0x" in line:
            threads.append([])
    importing = [thread for thread in threads if any(frame.path == _PROBE for frame in thread)]
    chosen = (importing or [thread for thread in threads if thread] or [[]])[0]
    return tuple(
        frame for frame in reversed(chosen) if frame.path != _PROBE and not frame.path.startswith("<")
    )


def normal_path(path: str) -> str:
    """The path without ``/./``, which a script has that a shell starts as ``./manage.py``."""
    return posixpath.normpath(path) if path.startswith("/") else path


def printed_lines(output: str) -> list[str]:
    """The lines of ``output`` that are the application's own."""
    lines = (line.rstrip() for line in output.splitlines())
    return [line for line in lines if line and not _FRAME.match(line) and not _HEADER.match(line)]
