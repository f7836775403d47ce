"""Start what the images of a run need and what is not checked itself: a database, a cache."""

from __future__ import annotations

import time
from dataclasses import replace

from importguard.config import Config
from importguard.engines.base import CommandNotFound, Engine, ForeignProgram, Image, Limits, Service
from importguard.errors import InspectionError
from importguard.evidence.starts import NeededService
from importguard.inspectors.asking import Asker
from importguard.inspectors.start import start_service

_MEMORY = 1024**3
_PAUSE_SECONDS = 0.2
_WORDS = 500


def begin_needed(
    engine: Engine, image: Image, asker: Asker, service: NeededService, network: str
) -> tuple[Service, str]:
    """Start a needed service and wait until it is ready; the text says why it is not. The caller closes it.

    Raises EngineError, or InspectionError where its command can't be executed or nothing could be asked.
    """
    ready = service.ready or image.healthcheck
    if not ready:
        return _until_a_port_accepts(engine, image, asker, service, network)
    limits = Limits(service.settings.memory or _MEMORY, 0.0, network=network, usual_privileges=True)
    names = (service.name,)
    try:
        running = engine.create_service(image, service.env, limits, command=service.command, names=names)
        running.start()
    except (CommandNotFound, ForeignProgram) as error:
        raise InspectionError(str(error)) from error
    ends = time.monotonic() + service.settings.seconds_to_answer
    while True:
        code, output = running.execute(ready, max(ends - time.monotonic(), 1.0))
        if code == 0:
            return running, ""
        if running.exit() is not None:
            return running, f"it ended with exit code {_code(running)}. {_last_words(running.log())}"
        if time.monotonic() >= ends:
            return running, f"it is not ready in time. {_last_words(output)}"
        time.sleep(_PAUSE_SECONDS)


def _until_a_port_accepts(
    engine: Engine, image: Image, asker: Asker, service: NeededService, network: str
) -> tuple[Service, str]:
    """Without a command that says so, a service is ready when one of its ports accepts."""
    settings = replace(service.settings, http=())
    config = Config(name=service.name, env=service.env, start=settings, memory=_MEMORY)
    begun = start_service(engine, image, asker, config, network, service.command, any_port=not settings.port)
    if begun.service is None:
        raise InspectionError(begun.planned.refusal)
    if begun.is_ready:
        return begun.service, ""
    return begun.service, f"none of its ports accepts. {_last_words(begun.service.log())}"


def _code(running: Service) -> int:
    ended = running.exit()
    return ended.code if ended else 0


def _last_words(output: bytes) -> str:
    said = output.decode("utf-8", "backslashreplace").strip()
    return f"Its last words: {said[-_WORDS:]}" if said else "It said nothing."
