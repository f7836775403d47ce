"""The inspector that starts the image as production does, and asks it what a user would ask."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import NamedTuple, Optional

from importguard.config import Config
from importguard.engines.base import CommandNotFound, Engine, ForeignProgram, Image, Limits, Service
from importguard.evidence.starts import CommandResult, Ending, ServiceStart, StartSettings
from importguard.failures.health_checks import missing_program
from importguard.inspectors.asker_output import Conversed
from importguard.inspectors.asking import END_SECONDS, Asker, converse
from importguard.inspectors.start_plan import (
    expected_ports,
    healthcheck,
    service_environment,
    service_request,
    shown_command,
)

CLOUD_RUN_MEMORY = 512 * 1024**2
"""https://cloud.google.com/run/docs/configuring/services/memory-limits"""

STOP_SECONDS = 10.0
"""Between SIGTERM and SIGKILL: Cloud Run's container runtime contract, and ``docker stop``."""

_DUMP_SECONDS = 1.0  # that a Python may take to write where its threads are
_HEALTH_PAUSE_SECONDS = 0.5
_HEALTH_SECONDS = 30.0  # that one run may take: the default of Docker's HEALTHCHECK --timeout


class RunningService(NamedTuple):
    """A service that was started and asked; without ``service`` there is nothing to stop."""

    planned: ServiceStart
    service: Optional[Service] = None
    seen: Optional[Conversed] = None
    at: float = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether what needs it may be started."""
        return self.seen is not None and self.seen.held


def start_service(
    engine: Engine,
    image: Image,
    asker: Asker,
    config: Config,
    network: str,
    command: Sequence[str] = (),
    publish: bool = False,
    any_port: bool = False,
) -> RunningService:
    """Start ``image`` in ``network`` and ask it all that the settings say. Whoever calls this ends it.

    Raises InspectionError or EngineError, with the service removed. ``any_port``: see ``service_request``.
    """
    settings = config.start or StartSettings()
    ports, environment = expected_ports(image, config, settings), service_environment(image, config, settings)
    memory = _memory_limit(config, settings)
    limits = Limits(memory, settings.seconds_to_ready, network=network, usual_privileges=True)
    command = command or (shlex.split(config.commands[0]) if config.commands else ())
    names, out, at = (config.name,) if config.name else (), ports if publish else (), time.monotonic()
    planned = ServiceStart(
        shown_command(image, command), settings, bool(command), image.platform, memory, ports
    )
    try:
        service = engine.create_service(image, environment, limits, command=command, names=names, publish=out)
    except (CommandNotFound, ForeignProgram) as error:
        return RunningService(replace(planned, refusal=str(error)))
    try:
        request = service_request(image, settings, ports, config, any_port)
        check = healthcheck(image, settings)
        when_idle = partial(_ask_idle_health, check, service, settings, at)
        seen = converse(engine, service, asker, request, at, when_idle)
        if check and seen.held:
            _ask_health(check, service, seen, settings, at)
    except BaseException as error:
        service.close()
        if isinstance(error, (CommandNotFound, ForeignProgram)):
            return RunningService(replace(planned, refusal=str(error)))
        raise
    return RunningService(planned, service, seen, at)


def _memory_limit(config: Config, settings: StartSettings) -> int:
    """The bytes that the service may use: as it is asked for, else as its platform gives."""
    return settings.memory or (CLOUD_RUN_MEMORY if settings.platform == "cloud-run" else config.memory)


def end_service(begun: RunningService) -> ServiceStart:
    """Stop the service as the platform does, remove it, and give all that was seen of it."""
    if begun.service is None or begun.seen is None:
        return begun.planned
    with closing(begun.service):
        return _ended(begun.planned, begun.service, begun.seen, begun.at)


def _ask_idle_health(
    command: Sequence[str], service: Service, settings: StartSettings, begun: float, seen: Conversed
) -> None:
    """Take a service without a port for ready where its HEALTHCHECK succeeds: a worker, such as Celery's.

    Nothing says that it has a port, and it has done nothing for ten seconds.
    """
    if service.execute(command, _HEALTH_SECONDS)[0] == 0 and not service.wait(settings.settle):
        seen.ready, seen.held, seen.ended = time.monotonic() - begun, True, True
        seen.memory = service.memory_use()


def _ask_health(
    command: Sequence[str], service: Service, seen: Conversed, settings: StartSettings, begun: float
) -> None:
    """Run the image's HEALTHCHECK until it succeeds or the time is up."""
    ends = min(begun + settings.seconds_to_ready, time.monotonic() + settings.seconds_to_answer)
    while True:
        seconds = min(_HEALTH_SECONDS, max(ends - time.monotonic(), 1.0))
        code, output = service.execute(command, seconds)
        seen.health = CommandResult(shlex.join(command), code, output.decode("utf-8", "backslashreplace"))
        is_over = missing_program(seen.health) or time.monotonic() >= ends or service.exit() is not None
        if code == 0 or is_over:
            seen.held = seen.held and code == 0
            return
        time.sleep(_HEALTH_PAUSE_SECONDS)


def _ended(planned: ServiceStart, service: Service, seen: Conversed, begun: float) -> ServiceStart:
    """All that was seen; a service that still runs is stopped as the platform stops it."""
    if not seen.ended:
        service.wait(END_SECONDS)  # The conversation ended with it: its exit code is about to come.
    # A shell whose Python has written where it waits ends by that.
    ended = service.exit() if seen.dumped_from is None else seen.ended_before
    log = service.log()[: seen.dumped_from]
    stop = service.stop(STOP_SECONDS) if ended is None and seen.held else None
    if ended is None and not seen.held:
        service.stop(_DUMP_SECONDS, "SIGABRT")
    return replace(
        planned,
        port=seen.port,
        launched=seen.launched,
        accepted=seen.accepted,
        given_up=seen.given_up,
        ready=seen.ready,
        held=seen.held,
        http=seen.http,
        health=seen.health,
        websocket=seen.websocket,
        grpc=seen.grpc,
        surroundings=seen.surroundings,
        error=service.withheld() if ended is not None or not seen.held else "",
        ending=Ending(ended.code, ended.out_of_memory) if ended else None,
        out_of_memory=service.ran_out_of_memory(),
        memory_held=seen.memory.held,
        memory_peak=seen.memory_peak or seen.memory.most,
        written=seen.memory.written,
        stop_seconds=stop.seconds if stop else None,
        killed=stop.killed if stop else False,
        log=(service.log() if stop else log).decode("utf-8", "backslashreplace"),
        dump=service.log()[len(log) :].decode("utf-8", "backslashreplace")
        if ended is None and not stop
        else "",
        served_log=log[seen.served_from :].decode("utf-8", "backslashreplace"),
        seconds=time.monotonic() - begun,
    )
