"""Have a service asked from beside it: the host half of ``probe/asking``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from importguard.engines.base import CommandNotFound, Engine, Image, Limits, Service
from importguard.errors import EngineError, InspectionError
from importguard.inspectors.asker_output import Conversed, frames_taken
from importguard.inspectors.buildpacks import launched_command
from importguard.inspectors.shipment import loading_command, packed_modules

ASKING = Path(__file__).parent.parent / "probe" / "asking"
END_SECONDS = 10.0
"""How long the engine may take to say that a service has ended."""

_MEMORY = 256 * 1024**2
_SECONDS = 30.0  # that the asker has beyond the service's own time
_PACKAGE = "importguard.probe.asking"
_OTHERS = ("relay",)  # another program of that folder
_LAUNCH = f"from {_PACKAGE}.conversation import run\nrun(REQUEST)\n"


class Asker(NamedTuple):
    """An image with a Python that can speak to services, and where that is."""

    image: Image
    python: str

    def asking_command(self) -> list[str]:
        """The command that runs the asker, which arrives on its standard input."""
        return launched_command(self.image, loading_command(self.python, _LAUNCH))


class _NotStarted(Exception):
    """The service could not be started."""

    def __init__(self, why: Exception) -> None:
        self.why = why


def _seconds_of(request: Mapping[str, Any]) -> float:
    """The time after which the asker is taken to hang."""
    return float(request["seconds"] + request["settle"] + _SECONDS)


def converse(
    engine: Engine,
    service: Service,
    asker: Asker,
    request: Mapping[str, Any],
    begun: float,
    when_idle: Callable[[Conversed], None],
) -> Conversed:
    """Start the service and hold the conversation to its end, or to the end of the service.

    ``begun`` is the time from which it is told when things were seen. ``when_idle`` is called while it
    opens no port and does nothing, where the request wants that told: it may end the conversation. Raises
    what ``Service.start`` raises, and InspectionError where the service runs and could not be asked, or the
    asker says what none says.
    """
    secret, seen = os.urandom(16).hex(), Conversed()
    paths = {f"{_PACKAGE}.{path.stem}": path for path in ASKING.glob("[!_]*.py") if path.stem not in _OTHERS}
    given = partial(packed_modules, paths, {**request, "secret": secret})
    # With less than the service has, it could neither see its files of /proc nor signal its workers.
    limits = Limits(_MEMORY, _seconds_of(request), beside=service.id, usual_privileges=True)
    start = partial(_start, service, seen, begun)
    try:
        with engine.run(asker.image, asker.asking_command(), (), limits, given, start) as run:
            for kind in frames_taken(run.output, secret, seen, begun):
                _look(service, kind, seen)
                if kind == "idle":
                    when_idle(seen)
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


def _start(service: Service, seen: Conversed, begun: float) -> None:
    try:
        service.start()
    except (CommandNotFound, EngineError) as error:
        raise _NotStarted(error) from error
    seen.launched = time.monotonic() - begun


def _look(service: Service, kind: str, seen: Conversed) -> None:
    """What is read of the service itself when the asker has come so far."""
    if kind == "listening":
        seen.served_from = len(service.log())
    elif kind == "ready":
        seen.memory = service.memory_use()  # While it settles, this takes nobody's time.
    elif kind == "dumping":
        seen.dumped_from, seen.ended_before = len(service.log()), service.exit()
