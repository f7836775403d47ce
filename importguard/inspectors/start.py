"""The inspector that starts the image as production does, and asks it what a user would ask."""

from __future__ import annotations

import json
import marshal
import os
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Optional

from importguard.config import Config
from importguard.engines.base import (
    CommandNotFound,
    Engine,
    Exit,
    ForeignProgram,
    Image,
    Limits,
    MemoryUse,
    Service,
)
from importguard.errors import EngineError, InspectionError
from importguard.evidence.starts import (
    Answer,
    CommandResult,
    Ending,
    Handshake,
    HttpRequest,
    Process,
    ServiceStart,
    StartSettings,
    Surroundings,
)
from importguard.inspectors.start_plan import (
    expected_ports,
    service_environment,
    service_request,
    shown_command,
)

ASKING = Path(__file__).parent.parent / "probe" / "asking"
CLOUD_RUN_MEMORY = 512 * 1024**2
"""https://cloud.google.com/run/docs/configuring/services/memory-limits"""

STOP_SECONDS = 10.0
"""Between SIGTERM and SIGKILL: Cloud Run's container runtime contract, and ``docker stop``."""

_DUMP_SECONDS = 1.0  # that a Python may take to write where its threads are
_HEALTH_PAUSE_SECONDS = 0.5
_HEALTH_SECONDS = 30.0  # that one run may take: the default of Docker's HEALTHCHECK --timeout
_END_SECONDS = 10.0  # that the engine may take to say that a service has ended
_ASKER_MEMORY = 256 * 1024**2
_ASKER_SECONDS = 30.0  # that the asker has beyond the service's own time
_LONGEST_BUFFER = 4 << 20
_FILES = ("sockets", "exchanges", "pages", "redirects", "grpc_health", "conversation")
BOOT = """\
import marshal, sys
FILES, REQUEST = marshal.load(sys.stdin.buffer)
class Files:
    def find_spec(name, path=None, target=None):
        return type(sys.__spec__)(name, Files, is_package=not FILES[name]) if name in FILES else None
    def create_module(spec):
        return None
    def exec_module(module):
        exec(compile(FILES[module.__name__], "<importguard>", "exec"), module.__dict__)
sys.meta_path.insert(0, Files)
from importguard.probe.asking.conversation import run
run(REQUEST)
"""


class Asker(NamedTuple):
    """An image with a Python that can speak to services, and where that is."""

    image: Image
    python: str


@dataclass
class Conversed:
    """What the conversation has told so far, and when, in seconds since the start."""

    port: Optional[int] = None
    accepted: Optional[float] = None
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


class Begun(NamedTuple):
    """A service that was started and asked; without ``service`` there is nothing to stop."""

    planned: ServiceStart
    service: Optional[Service] = None
    seen: Optional[Conversed] = None
    at: float = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether what needs it may be started."""
        return self.seen is not None and self.seen.held


def begin(
    engine: Engine,
    image: Image,
    asker: Asker,
    config: Config,
    network: str,
    command: Sequence[str] = (),
    publish: bool = False,
) -> Begun:
    """Start ``image`` in ``network`` and ask it all that the settings say. Whoever calls this ends it.

    Raises InspectionError where the conversation could not be held, EngineError where the engine fails; then
    the service is removed already.
    """
    settings = config.start or StartSettings()
    ports, environment = expected_ports(image, config, settings), service_environment(image, config, settings)
    memory = settings.memory or (CLOUD_RUN_MEMORY if settings.platform == "cloud-run" else config.memory)
    limits = Limits(memory, settings.seconds_to_ready, network=network, usual_privileges=True)
    command = command or (shlex.split(config.commands[0]) if config.commands else ())
    names = (config.name,) if config.name else ()
    at = time.monotonic()
    shown = shown_command(image, command)
    planned = ServiceStart(shown, settings, bool(command), image.platform, memory, ports)
    try:
        out = ports if publish else ()
        service = engine.start(image, environment, limits, command=command, names=names, publish=out)
    except (CommandNotFound, ForeignProgram) as error:
        return Begun(replace(planned, refusal=str(error)))
    try:
        is_free = settings.http is None and settings.platform != "cloud-run" and not settings.grpc
        check = settings.healthcheck or (image.healthcheck if is_free else ())
        request = service_request(image, settings, ports, config)
        request["http"] = [] if check else request["http"]
        seen = _converse(engine, service, asker, request, at)
        if check and seen.held:
            _ask_health(check, service, seen, at + settings.seconds_to_ready)
    except BaseException:
        service.close()
        raise
    return Begun(planned, service, seen, at)


def finish(begun: Begun) -> ServiceStart:
    """Stop the service as the platform does, remove it, and give all that was seen of it."""
    if begun.service is None or begun.seen is None:
        return begun.planned
    with closing(begun.service):
        return _ended(begun.planned, begun.service, begun.seen, begun.at)


def _ask_health(command: Sequence[str], service: Service, seen: Conversed, ends: float) -> None:
    """Run the image's HEALTHCHECK until it succeeds or the time is up."""
    while True:
        seconds = min(_HEALTH_SECONDS, max(ends - time.monotonic(), 1.0))
        code, output = service.execute(command, seconds)
        seen.health = CommandResult(shlex.join(command), code, output.decode("utf-8", "backslashreplace"))
        if code == 0 or time.monotonic() >= ends or service.exit() is not None:
            seen.held = seen.held and code == 0
            return
        time.sleep(_HEALTH_PAUSE_SECONDS)


def _converse(
    engine: Engine, service: Service, asker: Asker, request: Mapping[str, Any], begun: float
) -> Conversed:
    """Hold the conversation to its end, or to the end of the service, which ends it too."""
    secret, seen = os.urandom(16).hex(), Conversed()
    package = "importguard.probe.asking"
    files = {f"{package}.{name}": (ASKING / f"{name}.py").read_text("utf-8") for name in _FILES}
    files.update({"importguard": "", "importguard.probe": "", package: ""})
    given = marshal.dumps((files, {**request, "secret": secret}), 2)
    command = [asker.python, "-I", "-S", "-c", BOOT]
    # With less than the service has, it could neither see its files of /proc nor signal its workers.
    seconds = request["seconds"] + _ASKER_SECONDS
    limits = Limits(_ASKER_MEMORY, seconds, beside=service.id, usual_privileges=True)
    try:
        with engine.run(asker.image, command, (), limits, lambda: given) as run:
            for event in _events(run.output, secret, seen):
                _take(event, seen, time.monotonic() - begun)
                _look(service, event["event"], seen)
                if seen.ended:
                    break  # Nothing more comes.
    except (CommandNotFound, EngineError) as error:
        # A service that has ended has no network left to join.
        if service.wait(_END_SECONDS):
            return seen
        raise InspectionError(f"the service runs, but could not be asked: {error}") from error
    if not seen.ended and not service.wait(_END_SECONDS):
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


def _ended(planned: ServiceStart, service: Service, seen: Conversed, begun: float) -> ServiceStart:
    """All that was seen; a service that still runs is stopped as the platform stops it."""
    if not seen.ended:
        service.wait(_END_SECONDS)  # The conversation ended with it: its exit code is about to come.
    # A shell whose Python has written where it waits ends by that.
    ended = service.exit() if seen.dumped_from is None else seen.ended_before
    log = service.log()[: seen.dumped_from]
    stop = service.stop(STOP_SECONDS) if ended is None and seen.held else None
    if ended is None and not seen.held:
        service.stop(_DUMP_SECONDS, "SIGABRT")
    return replace(
        planned,
        port=seen.port,
        accepted=seen.accepted,
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
