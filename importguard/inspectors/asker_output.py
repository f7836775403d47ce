"""Read the frames of what asks a service. Its Python is the image's: what a frame holds is checked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Optional, TypeVar

from importguard.engines.base import Exit, MemoryUse
from importguard.errors import InspectionError
from importguard.evidence.starts import (
    Answer,
    CommandResult,
    Handshake,
    HttpRequest,
    Process,
    Surroundings,
)

_LONGEST_BUFFER = 4 << 20
_LONGEST_NOISE = 2000
_NONE = type(None)
_TYPES: dict[str, Any] = {
    "bool": bool,
    "int": int,
    "float": (int, float),
    "str": str,
    "Optional[int]": (int, _NONE),
    "Optional[str]": (str, _NONE),
    "tuple[tuple[str, str], ...]": tuple,
}
"""The annotation of a field of the evidence → what its value has to be."""

_Evidence = TypeVar("_Evidence", Answer, Handshake, HttpRequest, Process)


@dataclass
class Conversed:
    """What the conversation has told so far, and when, in seconds since the start."""

    port: Optional[int] = None
    launched: Optional[float] = None
    accepted: Optional[float] = None
    given_up: Optional[float] = None
    ready: Optional[float] = None
    held: bool = False
    http: tuple[tuple[HttpRequest, Answer], ...] = ()
    health: Optional[CommandResult] = None
    websocket: tuple[tuple[Handshake, Answer], ...] = ()
    grpc: Optional[Answer] = None
    surroundings: Surroundings = field(default_factory=Surroundings)
    ended: bool = False
    served_from: int = 0
    noise: bytes = b""
    memory: MemoryUse = field(default_factory=MemoryUse)
    memory_peak: int = 0
    dumped_from: Optional[int] = None
    ended_before: Optional[Exit] = None


def frames_taken(output: Iterator[bytes], secret: str, seen: Conversed, begun: float) -> Iterator[str]:
    """Take every frame of an asker's output into ``seen``, and give its kind.

    ``begun`` is the time from which it is told when things were seen. Raises InspectionError for a frame that
    no asker writes.
    """
    mark, buffer = secret.encode() + b" ", b""
    for chunk in output:
        *lines, buffer = (buffer + chunk).split(b"\n")
        buffer = buffer[-_LONGEST_BUFFER:]
        for line in lines:
            if not line.startswith(mark):
                seen.noise = (seen.noise + line + b"\n")[-_LONGEST_NOISE:]
                continue
            try:
                event = json.loads(line[len(mark) :])
                _take_event(event, seen, time.monotonic() - begun)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                raise InspectionError(
                    "the service was asked with the image's own Python, which answered with what none says "
                    f"({type(error).__name__}: {error})"
                ) from error
            yield event["event"]


def _take_event(event: dict[str, Any], seen: Conversed, seconds: float) -> None:
    kind = event["event"]
    if kind == "listening":
        seen.port, seen.accepted = int(event["port"]), seconds
    elif kind == "given_up":
        seen.given_up = float(event["seconds"])
    elif kind == "http":
        asked = _request(event["asked"])  # A second answer takes the place of the first.
        seen.http = (*(pair for pair in seen.http if pair[0] != asked), (asked, _answer(event["answer"])))
    elif kind == "websocket":
        seen.websocket += ((_checked(Handshake(**event["asked"])), _answer(event["answer"])),)
    elif kind == "grpc":
        seen.grpc = _answer(event["answer"])
    elif kind == "ready":
        seen.ready = seconds
    elif kind == "settled":
        seen.held = bool(event["listening"])
    elif kind == "end":
        seen.ended = True
    elif kind == "surroundings":
        seen.memory_peak = int(event["memory_peak"])
        seen.surroundings = Surroundings(
            listeners=_addresses(event["listeners"]),
            ipv6_only=tuple(map(int, event["ipv6_only"])),
            unix_sockets=tuple(map(str, event["unix"])),
            connecting=_addresses(event["connecting"]),
            connected=_addresses(event["connected"]),
            processes=tuple(_checked(Process(*process)) for process in event["processes"]),
        )


def _addresses(plain: list[Any]) -> tuple[tuple[str, int], ...]:
    return tuple((str(address), int(port)) for address, port in plain)


def _request(plain: dict[str, Any]) -> HttpRequest:
    headers = tuple((str(name), str(value)) for name, value in plain["headers"])
    return _checked(HttpRequest(**{**plain, "headers": headers}))


def _answer(plain: dict[str, Any]) -> Answer:
    kept = ("right", "status", "error", "late", "body", "seconds", "waited", "tls", "protocol")
    answer = Answer(
        **{name: plain[name] for name in kept if name in plain},
        location=plain["headers"].get("location", ""),
        close_code=plain.get("close_code"),
        close_reason=plain.get("close_reason", ""),
    )
    return _checked(answer)


def _checked(value: _Evidence) -> _Evidence:
    """The same value. Raises TypeError where a field is not of its type."""
    for each in fields(value):
        if not isinstance(getattr(value, each.name), _TYPES[str(each.type)]):
            raise TypeError(f"{type(value).__name__}.{each.name}")
    return value
