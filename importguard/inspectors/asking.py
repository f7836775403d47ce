"""Have a service asked from beside it: the host half of ``probe/asking``."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Optional

from importguard.engines.base import CommandNotFound, Engine, Exit, Image, Limits, MemoryUse, Service
from importguard.errors import EngineError, InspectionError
from importguard.evidence.starts import (
    Answer,
    CommandResult,
    Handshake,
    HttpRequest,
    Process,
    Surroundings,
)
from importguard.inspectors.shipment import loading_command, packed_modules

ASKING = Path(__file__).parent.parent / "probe" / "asking"
END_SECONDS = 10.0
"""How long the engine may take to say that a service has ended."""

_MEMORY = 256 * 1024**2
_SECONDS = 30.0  # that the asker has beyond the service's own time
_LONGEST_BUFFER = 4 << 20
_PACKAGE = "importguard.probe.asking"
_OTHERS = ("relay",)  # another program of that folder
_LAUNCH = f"from {_PACKAGE}.conversation import run\nrun(REQUEST)\n"


class Asker(NamedTuple):
    """An image with a Python that can speak to services, and where that is."""

    image: Image
    python: str


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


class _NotStarted(Exception):
    """The service could not be started."""

    def __init__(self, why: Exception) -> None:
        self.why = why


def converse(
    engine: Engine, service: Service, asker: Asker, request: Mapping[str, Any], begun: float
) -> Conversed:
    """Start the service and hold the conversation to its end, or to the end of the service.

    ``begun`` is the time from which it is told when things were seen. Raises what ``Service.start`` raises,
    and InspectionError where the service runs and could not be asked.
    """
    secret, seen = os.urandom(16).hex(), Conversed()
    paths = {f"{_PACKAGE}.{path.stem}": path for path in ASKING.glob("[!_]*.py") if path.stem not in _OTHERS}
    given = partial(packed_modules, paths, {**request, "secret": secret})
    # With less than the service has, it could neither see its files of /proc nor signal its workers.
    limits = Limits(_MEMORY, request["seconds"] + _SECONDS, beside=service.id, usual_privileges=True)

    def start() -> None:
        try:
            service.start()
        except (CommandNotFound, EngineError) as error:
            raise _NotStarted(error) from error
        seen.launched = time.monotonic() - begun

    try:
        command = loading_command(asker.python, _LAUNCH)
        with engine.run(asker.image, command, (), limits, given, start) as run:
            for event in _events(run.output, secret, seen):
                _take(event, seen, time.monotonic() - begun)
                _look(service, event["event"], seen)
                if seen.ended:
                    break  # Nothing more comes.
    except _NotStarted as error:
        raise error.why from None
    except (CommandNotFound, EngineError) as error:
        # A service that has ended has no network left to join.
        if service.wait(END_SECONDS):
            return seen
        raise InspectionError(f"the service runs, but could not be asked: {error}") from error
    if not seen.ended and not service.wait(END_SECONDS):
        said = seen.noise.decode("utf-8", "backslashreplace").strip()
        raise InspectionError(f"the service runs, but the conversation with it broke off: {said[-500:]}")
    return seen


def _look(service: Service, event: str, seen: Conversed) -> None:
    """What is read of the service itself when the asker has come so far."""
    if event == "listening":
        seen.served_from = len(service.log())
    elif event == "ready":
        seen.memory = service.memory_use()  # While it settles, this takes nobody's time.
    elif event == "dumping":
        seen.dumped_from, seen.ended_before = len(service.log()), service.exit()


def _events(output: Iterator[bytes], secret: str, seen: Conversed) -> Iterator[dict[str, Any]]:
    """The frames of the asker's output."""
    mark, buffer = secret.encode() + b" ", b""
    for chunk in output:
        *lines, buffer = (buffer + chunk).split(b"\n")
        buffer = buffer[-_LONGEST_BUFFER:]
        for line in lines:
            if line.startswith(mark):
                yield json.loads(line[len(mark) :])
            else:
                seen.noise = (seen.noise + line + b"\n")[-2000:]


def _take(event: dict[str, Any], seen: Conversed, seconds: float) -> None:
    """Take in one frame."""
    kind = event["event"]
    if kind == "listening":
        seen.port, seen.accepted = event["port"], seconds
    elif kind == "given_up":
        seen.given_up = event["seconds"]
    elif kind == "http":
        seen.http += ((_request(event["asked"]), _answer(event["answer"])),)
    elif kind == "websocket":
        seen.websocket += ((Handshake(**event["asked"]), _answer(event["answer"])),)
    elif kind == "grpc":
        seen.grpc = _answer(event["answer"])
    elif kind == "ready":
        seen.ready = seconds
    elif kind == "settled":
        seen.held = event["listening"]
    elif kind == "end":
        seen.ended = True
    elif kind == "surroundings":
        seen.memory_peak = event["memory_peak"]
        seen.surroundings = Surroundings(
            tuple((address, port) for address, port in event["listeners"]),
            tuple(event["unix"]),
            tuple((address, port) for address, port in event["connecting"]),
            tuple((address, port) for address, port in event["connected"]),
            tuple(Process(*process) for process in event["processes"]),
        )


def _request(plain: dict[str, Any]) -> HttpRequest:
    return HttpRequest(**{**plain, "headers": tuple((name, value) for name, value in plain["headers"])})


def _answer(plain: dict[str, Any]) -> Answer:
    kept = ("right", "status", "error", "body", "seconds", "waited", "tls", "protocol")
    return Answer(
        **{name: plain[name] for name in kept if name in plain},
        location=plain["headers"].get("location", ""),
        close_code=plain.get("close_code"),
        close_reason=plain.get("close_reason", ""),
    )
