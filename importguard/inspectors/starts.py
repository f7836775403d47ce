"""Start the images of a run that are to be started, after their modules have been imported."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Optional, Union

from importguard.config import Config
from importguard.engines.base import Engine, Service
from importguard.errors import EngineError, ImportguardError
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import CommandResult, NeededService, ServiceStart, StartSettings
from importguard.inspectors.asking import Asker
from importguard.inspectors.inspected import Inspected
from importguard.inspectors.journey import NOT_RUN, run_user_command
from importguard.inspectors.needed import begin_needed
from importguard.inspectors.production import with_production
from importguard.inspectors.relay import open_relay
from importguard.inspectors.start import RunningService, end_service, start_service
from importguard.inspectors.startable import (
    asker_of,
    evidence_without_python,
    in_waves,
    why_not_started,
    why_only_started,
    with_shown_targets,
)
from importguard.progress import Progress

_LOG_LINES = 4


def with_starts(
    inspected: Sequence[Inspected], engine: Engine, progress: Progress, journey: Sequence[str] = ()
) -> list[Inspected]:
    """The same, with the evidence of what was started.

    What others need is started before them, and all run until the last one has been asked, and ``journey``,
    the user's own command, has been run against them. An image without a Python is started too, and asked
    from one of the others. Where the engine fails (no network can be made), the evidence of the imports
    stays, and says that the start could not be observed.
    """
    if not any(asker_of(one) for one in inspected):
        return list(inspected)
    run, failure = None, ""
    try:
        with running_services(inspected, engine, progress, published=bool(journey)) as run:
            if journey:
                run.run_user_command(journey, max(one.config.timeout for one in inspected))
    except EngineError as error:
        failure = str(error)
    return [_with_start(one, index, run, failure) for index, one in enumerate(inspected)]


def _with_start(one: Inspected, index: int, run: Optional[ServiceRun], failure: str) -> Inspected:
    """The image with what was seen of its start, or with ``failure``, why nothing was."""
    evidence = run.evidence.get(index) if run else one.evidence
    if one.config.start is None or evidence is None:
        return one
    if run is not None and index in run.seen:
        start = run.seen_of(index)
    else:
        start = ServiceStart(one.reference, one.config.start, error=failure)
    return one._replace(evidence=with_shown_targets(replace(evidence, start=start)), error=None)


@contextmanager
def running_services(
    inspected: Sequence[Inspected], engine: Engine, progress: Progress, *, published: bool
) -> Iterator[ServiceRun]:
    """Start everything that is to be started, and stop it at the end: then ``seen`` of the run is whole.

    At least one of the images has a Python.
    """
    inspected = with_production(inspected)
    asker = next(found for one in inspected if (found := asker_of(one)) is not None)
    names = frozenset(one.config.name for one in inspected if one.config.name)
    with engine.network() as network, ExitStack() as stack:
        count = sum(one.config.start is not None for one in inspected)
        run = ServiceRun(engine, progress, network, asker, names, stack, count, published)
        for wave in in_waves(inspected):
            run.start({index: inspected[index] for index in wave})
        yield run


@dataclass
class ServiceRun:
    """All services of one run: ``stack`` ends them. ``count`` images are to be started.

    ``ready`` and ``seen`` are filled as they start and as they end.
    """

    engine: Engine
    progress: Progress
    network: str
    asker: Asker
    names: frozenset[str]
    stack: ExitStack
    count: int
    published: bool = False
    ready: dict[str, bool] = field(default_factory=dict)
    evidence: dict[int, Evidence] = field(default_factory=dict)
    seen: dict[int, ServiceStart] = field(default_factory=dict)
    begun: dict[int, RunningService] = field(default_factory=dict)
    by_name: dict[str, RunningService] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    logs: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    result: Optional[CommandResult] = None

    def start(self, wave: Mapping[int, Inspected]) -> None:
        """Start images that do not need one another, side by side, or note why not.

        Where this is interrupted, what is being started is removed with the network.
        """
        able = {index: one for index, one in wave.items() if self._is_able(index, one)}
        if not able:
            return
        self.progress.begin_phase(f"starting {', '.join(one.label for one in able.values())}")
        pool = ThreadPoolExecutor(len(able))
        try:
            waiting = {pool.submit(self._begin, one): index for index, one in able.items()}
            for future in as_completed(waiting):
                self._note(waiting[future], able[waiting[future]], future.result())
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _is_able(self, index: int, inspected: Inspected) -> bool:
        """Whether it can be started, with what it needs; notes why not."""
        config, evidence = inspected.config, self._evidence_of(inspected)
        if config.start is None or inspected.image is None or evidence is None:
            return False
        self.evidence[index] = evidence
        why = why_not_started(inspected, evidence) or self._lacks(index, config)
        if why is not None:
            self.seen[index] = replace(why, settings=config.start)
        return why is None

    def _begin(self, one: Inspected) -> Union[RunningService, ImportguardError]:
        place = self.network if one.config.network == "none" else one.config.network
        assert one.image is not None
        try:
            asker = asker_of(one) or self.asker
            publish = self.published and place != self.network
            return start_service(self.engine, one.image, asker, one.config, place, publish=publish)
        except ImportguardError as error:
            return error

    def _note(self, index: int, one: Inspected, begun: Union[RunningService, ImportguardError]) -> None:
        """Keep what came of a start, and tell it in a line."""
        name = one.label
        if isinstance(begun, ImportguardError):
            self.seen[index] = ServiceStart(
                one.reference, one.config.start or StartSettings(), error=str(begun)
            )
            self.progress.show_notice(f"{name}: could not be observed")
            return
        self.stack.callback(self._end, index, begun)
        self.ready[name], self.begun[index], self.by_name[name] = begun.is_ready, begun, begun
        ready = begun.seen.ready if begun.seen else None
        state = f"ready after {ready:.1f} s" if begun.is_ready and ready is not None else "not ready"
        self.progress.show_notice(f"{name}: {state}")

    def publish(self) -> None:
        """Let this machine reach what is ready: what has no way in, through a container that relays.

        Raises EngineError where that can't be started.
        """
        hidden = {}
        for name, begun in self.by_name.items():
            if not begun.is_ready or begun.service is None or begun.seen is None or not begun.seen.port:
                continue
            address = begun.service.address(begun.seen.port)
            if address:
                self.addresses[name] = address
            else:
                hidden[name] = (begun.service.id, begun.seen.port)
        if hidden:
            relay = open_relay(self.engine, self.asker, self.network, tuple(hidden.values()))
            self.stack.callback(relay.service.close)
            self.addresses.update(zip(hidden, relay.addresses))

    def run_user_command(self, journey: Sequence[str], seconds: float) -> None:
        """Run the user's command where everything is ready: the report says of each image why it is not."""
        command = shlex.join(journey)
        if len(self.begun) < self.count or not all(self.ready.values()):
            self.progress.show_notice(f"{journey[0]}: not run, as not everything is ready")
            return
        try:
            self.publish()
        except EngineError as error:
            self.result = CommandResult(command, NOT_RUN, error=str(error))
            return
        self.result = run_user_command(journey, self.addresses, seconds, self.progress)
        if self.result.code:
            self.result = replace(self.result, logs=self._ends_of_logs())

    def _ends_of_logs(self) -> tuple[tuple[str, str], ...]:
        """The last lines of each service's log, by its name."""
        logs = ((name, begun.service.log()) for name, begun in self.by_name.items() if begun.service)
        return tuple((name, _last_lines(log)) for name, log in logs)

    def _end(self, index: int, begun: RunningService) -> None:
        # The service that was started last carries what the user's command came to.
        journey = self.result if index == next(reversed(self.begun)) else None
        self.seen[index] = replace(end_service(begun), journey=journey)

    def seen_of(self, index: int) -> ServiceStart:
        """What was seen of one image, with the logs of the services that were started for it."""
        return replace(self.seen[index], others=self.logs.get(index, ()))

    def _evidence_of(self, inspected: Inspected) -> Optional[Evidence]:
        note = why_only_started(inspected)
        if note and inspected.image:
            return evidence_without_python(inspected.image, self.engine, note)
        return inspected.evidence

    def _lacks(self, index: int, config: Config) -> Optional[ServiceStart]:
        """Start the services that it needs; say which of all that it needs is not ready."""
        services = {service.name: service for service in config.services}
        for name in config.start.needs if config.start else ():
            if name in services and name not in self.ready:
                failed = self._start_needed(index, services[name], config)
                if failed:
                    return ServiceStart(name, StartSettings(), error=f"it needs {name}: {failed}")
            if not self.ready.get(name):
                if name in self.names or name in self.ready:
                    return ServiceStart(name, StartSettings(), skipped=f"it needs {name}, which is not ready")
                why = f"it needs {name}, which is not part of this run: check it too, or all with --all"
                return ServiceStart(name, StartSettings(), error=why)
        return None

    def _start_needed(self, index: int, service: NeededService, config: Config) -> str:
        """Start a service that is not checked; say why it is not ready, if so."""
        self.progress.begin_phase(f"starting {service.name}")
        begun = time.monotonic()
        try:
            image = self.engine.image(service.image, pull=config.pull, platform=config.platform)
            running, failed = begin_needed(self.engine, image, self.asker, service, self.network)
        except ImportguardError as error:
            return str(error)
        self.stack.callback(self._end_needed, index, service.name, running)
        took = f"ready after {time.monotonic() - begun:.1f} s"
        self.progress.show_notice(f"{service.name}: {'not ready' if failed else took}")
        self.ready[service.name] = not failed
        return failed

    def _end_needed(self, index: int, name: str, running: Service) -> None:
        log = running.log().decode("utf-8", "backslashreplace")
        self.logs[index] = (*self.logs.get(index, ()), (name, log))
        running.close()


def _last_lines(log: bytes) -> str:
    lines = log.decode("utf-8", "backslashreplace").splitlines()
    return "\n".join(line for line in lines[-_LOG_LINES:] if line.strip())
