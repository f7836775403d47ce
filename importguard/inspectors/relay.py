"""Let this machine reach services whose network has no way in and none out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from importguard.engines.base import CommandNotFound, Engine, Limits, Service
from importguard.errors import EngineError
from importguard.inspectors.asking import ASKING, Asker
from importguard.probe.asking.relay import FIRST_PORT

_MEMORY = 256 * 1024**2
_SECONDS_TO_LISTEN = 20.0
_POLL_SECONDS = 0.02


class Relay(NamedTuple):
    """A container that passes connections on; ``host:port`` of this machine for each of its targets."""

    service: Service
    addresses: tuple[str, ...]


def open_relay(engine: Engine, asker: Asker, network: str, targets: Sequence[tuple[str, int]]) -> Relay:
    """Start one for ``targets`` (host and port) of a network. Raises EngineError. Whoever calls closes it."""
    code = Path(ASKING / "relay.py").read_text("utf-8")
    words = [f"{host}:{port}" for host, port in targets]
    ports = [FIRST_PORT + number for number in range(len(targets))]
    program = (asker.python, "-I", "-S", "-c", code, *words)
    limits = Limits(_MEMORY, 0.0, network=network)
    try:
        service = engine.create_service(asker.image, (), limits, program=program, publish=ports)
        service.start()
    except CommandNotFound as error:
        raise EngineError(f"The services cannot be reached from this machine: {error}") from error
    try:
        ends = time.monotonic() + _SECONDS_TO_LISTEN
        while b"listens" not in service.log():
            if service.wait(_POLL_SECONDS) or time.monotonic() > ends:
                said = service.log().decode("utf-8", "backslashreplace").strip()
                raise EngineError(f"The services cannot be reached from this machine: {said[-500:]}")
        addresses = tuple(service.address(port) or "" for port in ports)
    except BaseException:
        service.close()
        raise
    return Relay(service, addresses)
