"""Read BuildKit's progress from ``docker buildx build --progress rawjson``.

Its output is a stream of JSON values (github.com/moby/buildkit, client.SolveStatus), each on one line or over
several, with plain text between and behind them: an error ends it in words and an excerpt of the Dockerfile.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Union

from importguard.engines.docker.connection import START_DOCKER
from importguard.progress import Progress
from importguard.terminal import printable_line

LAST_LINES = 20
"""How much of the failing step's output an error shows."""

_KEPT_LINES = 200
_LONGEST_LINE = 4000
_LONGEST_VALUE = 8 * 1024**2
_DECODER = json.JSONDecoder()


def json_values(chunks: Iterable[str]) -> Iterator[Union[dict[str, Any], str]]:
    """The JSON objects of a stream, and its lines of plain text.

    A chunk is a line with its newline, or a part of a long one.
    """
    pending: list[str] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        if size > _LONGEST_VALUE or not pending[0].lstrip().startswith("{"):
            if chunk.endswith("\n") or size > _LONGEST_LINE:
                yield from "".join(pending).splitlines()
                pending, size = [], 0
        elif chunk.rstrip().endswith("}"):
            found, rest = _decoded("".join(pending))
            yield from found
            pending, size = [rest] if rest else [], len(rest)
    yield from "".join(pending).splitlines()


def _decoded(text: str) -> tuple[list[dict[str, Any]], str]:
    """The whole objects at the start of ``text``, and what follows them."""
    found: list[dict[str, Any]] = []
    text = text.lstrip()
    while text.startswith("{"):
        try:
            value, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            break
        found.append(value)
        text = text[end:].lstrip()
    return found, text


@dataclass
class _Step:
    """A vertex of the build graph: an instruction of the Dockerfile, or work of the builder's own."""

    number: int
    name: str = ""
    completed: bool = False
    error: str = ""
    rest: str = ""
    """What it wrote behind its last newline."""
    transfers: dict[str, tuple[int, int]] = field(default_factory=dict)
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))


class BuildLog:
    """Follows one build: shows its progress, and keeps what an error message needs."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._steps: dict[str, _Step] = {}
        self._words: deque[str] = deque(maxlen=_KEPT_LINES)

    def follow(self, chunks: Iterable[str]) -> None:
        """Read the build's output to its end."""
        for value in json_values(chunks):
            if isinstance(value, str):
                self._words.append(value)
                self._progress.show_log_line(value)
            else:
                self._take(value)

    def _take(self, event: dict[str, Any]) -> None:
        for vertex in _objects(event, "vertexes"):
            self._vertex(vertex)
        for status in _objects(event, "statuses"):
            self._transfer(status)
        for log in _objects(event, "logs"):
            self._log(log)
        for warning in _objects(event, "warnings"):
            self._progress.show_log_line(f"WARNING: {_text(warning.get('short'))}")

    def _step(self, digest: Any) -> _Step:
        return self._steps.setdefault(str(digest), _Step(len(self._steps) + 1))

    def _vertex(self, vertex: dict[str, Any]) -> None:
        known = len(self._steps)
        step = self._step(vertex.get("digest"))
        step.name = str(vertex.get("name", step.name))
        if len(self._steps) > known:
            self._progress.show_log_line(f"#{step.number} {step.name}")
        if vertex.get("started") and not vertex.get("completed"):
            self._count(step.name)
        if vertex.get("completed") and not step.completed:
            step.completed = True
            self._write(step, "\n" if step.rest else "")
            if vertex.get("cached"):
                self._progress.show_log_line(f"#{step.number} CACHED")
        if vertex.get("error"):
            step.error = str(vertex["error"])
            self._progress.show_log_line(f"#{step.number} ERROR: {step.error}")

    def _count(self, text: str) -> None:
        done = sum(1 for step in self._steps.values() if step.completed)
        self._progress.show_count(done, len(self._steps), text)

    def _transfer(self, status: dict[str, Any]) -> None:
        """A layer that is pulled or pushed has a total."""
        total, current = status.get("total"), status.get("current") or 0
        if not isinstance(total, int) or not isinstance(current, int) or total <= 0:
            return
        step = self._step(status.get("vertex"))
        step.transfers[str(status.get("id"))] = (current, total)
        done, whole = (sum(column) for column in zip(*step.transfers.values()))
        self._count(f"{step.name}  {done / 1e6:.1f} of {whole / 1e6:.1f} MB")

    def _log(self, log: dict[str, Any]) -> None:
        self._write(self._step(log.get("vertex")), _text(log.get("data")))

    def _write(self, step: _Step, text: str) -> None:
        """Take what a step wrote; a carriage return writes over the line, so only its last state counts."""
        *whole, step.rest = (step.rest + text).split("\n")
        step.rest = step.rest[-_LONGEST_LINE:]
        for line in whole:
            shown = line.rstrip("\r").rpartition("\r")[2][:_LONGEST_LINE]
            step.lines.append(shown)
            self._progress.show_log_line(f"#{step.number} {shown}")

    def failure(self, context: str) -> str:
        """Say which step failed, with its last lines, and what the builder said in words."""
        failed = [
            step for step in self._steps.values() if step.error and "context canceled" not in step.error
        ]
        step, shown = "", list(self._words)
        if failed:
            step = failed[0].name
            shown = [*list(failed[0].lines)[-LAST_LINES:], *(shown or [f"ERROR: {failed[0].error}"])]
        return failure_message(context, step, [line for line in shown if line.strip()])


def failure_message(context: str, step: str, lines: Iterable[str]) -> str:
    """Say that a build failed, in which step if that is known, with its last ``lines`` and what to do."""
    title = f"The image of {context} was not built"
    title += f"; the step that failed: {printable_line(step)}" if step else ""
    body = "\n".join("    " + printable_line(line) for line in lines)
    remedy = f"Mend the step, then run again; `docker build {context}` shows the whole log."
    if "Cannot connect to the Docker daemon" in body:
        remedy = START_DOCKER
    return f"{title}\n{body}\n{remedy}"


def _objects(event: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = event.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _text(data: Any) -> str:
    """Go writes bytes as base64."""
    try:
        return base64.b64decode(str(data or "")).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
