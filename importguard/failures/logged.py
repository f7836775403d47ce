"""Tracebacks in a log: what the interpreter printed, plain, inside JSON lines or drawn by rich, as failures.

The format is that of CPython's ``traceback`` module: chained exceptions are printed innermost first, with a
sentence between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Optional

from importguard.evidence.imports import Cause, Frame, ImportFailure
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.failures.dump import normal_path
from importguard.failures.json_logs import (
    DIRECT_CAUSE,
    HEADER,
    WHILE_HANDLED,
    with_whole_tracebacks,
)
from importguard.failures.rich_tracebacks import with_plain_tracebacks

_BETWEEN = (DIRECT_CAUSE, WHILE_HANDLED)
_FRAME = re.compile(r'\s*(?:> )?File "(.*)", line (\d+)(?:, in (.*))?$')
_EXCEPTION = re.compile(r"((?:[^\W\d]\w*\.)*[^\W\d]\w*)(?:: (.*))?$")
_FROZEN = re.compile(r"<frozen ([\w.]+)>")
_LIBRARY = re.compile(r".*/(?:python3(?:\.\d+)?/)(?:(?:site|dist)-packages/)?")
_NO_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_NO_MODULE_QUOTED = re.compile(r"No module named '([\w.]+)'")
_NO_NAME = re.compile(r"cannot import name '[^']+' from (?:partially initialized module )?'([^']+)'")
# What servers raise to end themselves after a worker has logged why: gunicorn, uvicorn, asyncio.
_GIVING_UP = frozenset({"HaltServer", "SystemExit", "CancelledError", "KeyboardInterrupt"})
_NOT_FOUND = "ModuleNotFoundError"
_MOST_LINES = 200_000


class _Traceback(NamedTuple):
    """One traceback of a chain."""

    frames: tuple[Frame, ...]
    type: str
    message: str

    @property
    def missing_module_name(self) -> Optional[str]:
        """What ``ImportError.name`` was, as far as the message tells."""
        match = _NO_MODULE.search(self.message) or _NO_NAME.search(self.message)
        return (
            match.group(1) if match and self.type.endswith(("ImportError", "ModuleNotFoundError")) else None
        )


def logged_failures(log: str, evidence: Evidence) -> list[ImportFailure]:
    """The failures whose tracebacks ``log`` holds, in its order."""
    modules = {module.path: module.name for module in evidence.modules if module.path}
    lines = with_plain_tracebacks(list(with_whole_tracebacks(log.splitlines()[-_MOST_LINES:])))
    return [_failure(chain, modules, evidence.import_path) for chain in _chains(lines)]


def ending_failure(start: ServiceStart, evidence: Evidence) -> Optional[ImportFailure]:
    """The last failure in a service's log that is not merely how its server says that it gives up."""
    failures = logged_failures(start.log, evidence)
    telling = (failure for failure in reversed(failures) if failure.type.rpartition(".")[2] not in _GIVING_UP)
    return next(telling, None) or _failure_in_a_line(start)


def _failure_in_a_line(start: ServiceStart) -> Optional[ImportFailure]:
    """The missing module that the last line of a failed service names without a traceback, as handlers print
    it: ``fatal: ModuleNotFoundError("No module named 'bot'")``."""
    has_failed = start.ending is not None and start.ending.code != 0
    match = _NO_MODULE_QUOTED.search(start.log.rstrip().rpartition("\n")[2]) if has_failed else None
    if match is None:
        return None
    message, missing = match.group(), match.group(1)
    return ImportFailure(_NOT_FOUND, message, missing, (), (Cause(_NOT_FOUND, message, missing),))


def _chains(lines: Sequence[str]) -> Iterator[list[_Traceback]]:
    """The tracebacks of each chain, innermost exception first."""
    chain: list[_Traceback] = []
    joined, position = False, 0
    while position < len(lines):
        column = lines[position].find(HEADER)
        if column >= 0:
            prefix = lines[position][:column]
            traceback, position = _read(lines, position + 1, prefix)
            if traceback is not None:
                if chain and not joined:
                    yield chain
                    chain = []
                chain.append(traceback)
            joined = False
            continue
        joined = joined or lines[position].strip().endswith(_BETWEEN)
        position += 1
    if chain:
        yield chain


def _read(lines: Sequence[str], position: int, prefix: str) -> tuple[Optional[_Traceback], int]:
    """The traceback whose first frame is at ``position``, and where it ends.

    ``prefix`` is what stands before the heading: a level or a time, on its line alone or on each.
    """
    frames: list[Frame] = []
    while position < len(lines):
        line = lines[position]
        line = line[len(prefix) :] if prefix and line.startswith(prefix) else line
        match = _FRAME.match(line)
        if match is not None:
            path, number, function = match.groups()
            frames.append(Frame(normal_path(path), int(number), function or "<module>", ""))
        elif line and not line[0].isspace():
            ended = _EXCEPTION.match(line)
            if ended is None:
                return None, position
            message, after = _message(lines, position + 1, ended.group(2) or "")
            return _Traceback(tuple(frames), ended.group(1), message), after
        position += 1
    return None, position


def _message(lines: Sequence[str], position: int, first: str) -> tuple[str, int]:
    """The whole message: indented lines and pydantic's fields belong to it."""
    told = [first]
    while position < len(lines) and lines[position][:1] in (" ", "\t") and lines[position].strip():
        told.append(lines[position].rstrip())
        position += 1
    return "\n".join(told), position


def _failure(
    chain: Sequence[_Traceback], modules: Mapping[str, str], import_path: Sequence[str]
) -> ImportFailure:
    """A chain as a failed import is told: the outermost exception, and the one that decides."""
    outermost_first = _without_outlived(chain[::-1], modules, import_path)
    causes = tuple(Cause(one.type, one.message, one.missing_module_name) for one in outermost_first)
    imports = [one for one in outermost_first if one.missing_module_name]
    missing = next(
        (one.missing_module_name for one in imports if one.type.endswith("ModuleNotFoundError")), None
    )
    deciding = next((one for one in imports if one.missing_module_name == missing), None) if missing else None
    deciding = deciding or (imports[0] if imports else outermost_first[-1])
    frames = tuple(
        replace(frame, module=modules.get(frame.path) or _module_name(frame.path, import_path))
        for frame in _whole_way(deciding, outermost_first)
    )
    return ImportFailure(outermost_first[0].type, outermost_first[0].message, missing, frames, causes)


def _whole_way(deciding: _Traceback, outermost_first: Sequence[_Traceback]) -> tuple[Frame, ...]:
    """The frames of one of a chain, led by those that called the handler: its own begin there.

    So an error of a database's driver, which the library above raises again, has the application's line.
    """
    frames = deciding.frames
    for outer in reversed(outermost_first[: outermost_first.index(deciding)]):
        places = [(frame.path, frame.function) for frame in outer.frames]
        first = (frames[0].path, frames[0].function) if frames else None
        if first in places:
            frames = outer.frames[: places.index(first)] + frames
    return frames


def _without_outlived(
    outermost_first: Sequence[_Traceback], modules: Mapping[str, str], import_path: Sequence[str]
) -> list[_Traceback]:
    """Without the modules that were missing at first, and ran when they were imported again."""
    kept: list[_Traceback] = []
    for one in outermost_first:
        missing = one.missing_module_name if one.type.endswith("ModuleNotFoundError") else None
        later = [frame.path for outer in kept for frame in _frames_after(one, outer)] if missing else []
        names = [modules.get(path) or _module_name(path, import_path) for path in later]
        file = f"/{(missing or '').replace('.', '/')}.py"
        by_file = any(path.endswith(file) for path in later)
        if not by_file and not any(f"{name}.".startswith(f"{missing}.") for name in names):
            kept.append(one)
    return kept


def _frames_after(handled: _Traceback, outer: _Traceback) -> Sequence[Frame]:
    """The frames of ``outer`` below the function that handles ``handled``: entered after it was raised."""
    first = handled.frames[0] if handled.frames else None
    places = [(frame.path, frame.function) for frame in outer.frames]
    if first is None or (first.path, first.function) not in places:
        return ()
    return outer.frames[places.index((first.path, first.function)) + 1 :]


def _module_name(path: str, import_path: Sequence[str]) -> str:
    """The name of the module that a file is by its place on the import path; empty where it has none."""
    frozen = _FROZEN.fullmatch(path)
    if frozen:
        return frozen.group(1)
    library = _LIBRARY.match(path)
    roots = [root.rstrip("/") + "/" for root in import_path] + ([library.group()] if library else [])
    holding = [root for root in roots if path.startswith(root) and path.endswith(".py")]
    if not holding:
        return ""
    parts = path[len(max(holding, key=len)) : -len(".py")].split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
