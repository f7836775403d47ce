"""What a start says of the import check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier
from typing import Any, Optional

import pytest
from unit.builders import IMAGE, ended, evidence, imported

from importguard.checks.journeys import check_journeys
from importguard.config import Config
from importguard.errors import EngineError, ImageError, InspectionError, NoPythonError, NothingToImportError
from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import Answer, CommandResult, HttpRequest, ServiceStart, StartSettings
from importguard.inspectors import starts
from importguard.inspectors.asker_output import Conversed
from importguard.inspectors.inspected import Inspected
from importguard.inspectors.start import RunningService
from importguard.inspectors.startable import failing_target, why_only_started, with_shown_targets
from importguard.inspectors.starts import ServiceRun, running_services, with_starts
from importguard.judging.completeness import find_shortfalls
from importguard.progress import QuietProgress


def unending(command: str, start: Optional[ServiceStart]) -> Evidence:
    """The target of ``command`` was imported without end, and then started."""
    entry = EntryPoint(command, "main", "main", None, "timed_out")
    return replace(evidence(ended("main", "timed_out", "60 s"), entrypoints=(entry,)), start=start)


STARTED = ServiceStart("python3 main.py", StartSettings(), port=8080, held=True)
ANSWERED = replace(STARTED, http=((HttpRequest("/"), Answer(True, 200)),))


def test_what_does_not_end_is_started() -> None:
    assert failing_target(unending("python3 main.py", None)) is None


@pytest.mark.parametrize(
    ("entrypoint", "cmd", "error", "told"),
    [
        (("docker-entrypoint.sh",), ("node", "server.js"), NothingToImportError(""), "node starts the image"),
        ((), ("/bin/sh", "-c", "exec /usr/sbin/nginx -g 'daemon off;'"), NothingToImportError(""), "nginx"),
        (("/usr/bin/tini", "--"), ("perl", "x.pl"), NoPythonError(""), "There is no Python"),
        ((), ("node", "run.js", "python3", "main.py"), NothingToImportError(""), ""),
        ((), ("./start.sh",), NothingToImportError(""), ""),
        ((), ("uvicorn", "main:app"), NothingToImportError(""), ""),
        ((), ("node", "server.js"), InspectionError("the probe died"), ""),
    ],
)
def test_an_image_that_another_server_starts_is_only_started(
    entrypoint: tuple[str, ...], cmd: tuple[str, ...], error: InspectionError, told: str
) -> None:
    """Images of Node bring a Python, too. A start command that may be Python's has something to import."""
    image = replace(IMAGE, entrypoint=entrypoint, cmd=cmd)
    note = why_only_started(Inspected("web", Config(), image, error=error))
    assert note.startswith(told)
    assert bool(note) == bool(told)


@pytest.mark.parametrize(
    ("command", "start", "shown"),
    [
        ("python3 main.py", STARTED, True),
        ("gunicorn main:app", ANSWERED, True),
        ("gunicorn main:app", STARTED, False),
        ("/usr/bin/python3.12 -u main.py", replace(STARTED, port=None), True),
        ("celery -A main worker", replace(STARTED, port=None), False),
        ("python3 main.py", replace(STARTED, held=False), False),
        ("python3 main.py", None, False),
    ],
)
def test_a_program_without_a_guard_is_shown_by_its_start(
    command: str, start: Optional[ServiceStart], shown: bool
) -> None:
    seen = with_shown_targets(unending(command, start))
    assert (seen.modules[0].outcome == "imported") is shown
    assert (seen.entrypoints[0].outcome == "ok") is shown
    assert any("does not end" in note for note in seen.notes) is shown


def test_the_port_of_one_program_does_not_show_another() -> None:
    seen = unending("celery -A main worker", ANSWERED)
    web = EntryPoint("gunicorn web:app", "web:app", "web", None, "ok")
    seen = with_shown_targets(replace(seen, entrypoints=(*seen.entrypoints, web)))
    assert seen.modules[0].outcome == "timed_out"


class NetworkOnly:
    """An engine that has a network, and whose services are begun by a test."""

    @contextmanager
    def network(self) -> Iterator[str]:
        yield "network"


class NoNetwork:
    """An engine that has no network left."""

    @contextmanager
    def network(self) -> Iterator[str]:
        raise EngineError("no address pool is left")
        yield


class Notices(QuietProgress):
    def __init__(self) -> None:
        self.said: list[str] = []

    def show_notice(self, text: str) -> None:
        self.said.append(text)


def started(monkeypatch: pytest.MonkeyPatch, begin: Any, **needs: tuple[str, ...]) -> list[str]:
    """What is said where these services, with what they need, are begun by ``begin``."""
    progress = Notices()
    monkeypatch.setattr(starts, "start_service", begin)
    monkeypatch.setattr(starts, "end_service", lambda begun: begun.planned)
    services = [service(name, *needed) for name, needed in needs.items()]
    with running_services(services, NetworkOnly(), progress, published=False):  # type: ignore[arg-type]
        pass
    return progress.said


def service(name: str, *needed: str) -> Inspected:
    config = Config(name=name, start=StartSettings(needs=needed, http=()))
    return Inspected(name, config, IMAGE, evidence(imported("shop")))


def test_what_does_not_need_one_another_starts_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(2)
    begun: list[str] = []

    def begin(engine: Any, image: Any, asker: Any, config: Config, *rest: Any, **more: Any) -> RunningService:
        if config.name != "web":
            together.wait(30)
        begun.append(str(config.name))
        return RunningService(STARTED, seen=Conversed(ready=1.5, held=True))

    said = started(monkeypatch, begin, web=("auth", "search"), auth=(), search=())
    assert begun[-1] == "web"
    assert sorted(said) == [f"{name}: ready after 1.5 s" for name in ("auth", "search", "web")]


def test_one_that_cannot_be_observed_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(engine: Any, image: Any, asker: Any, config: Config, *rest: Any, **more: Any) -> RunningService:
        if config.name == "auth":
            raise InspectionError("it broke off")
        return RunningService(STARTED, seen=Conversed(ready=1.5, held=True))

    assert sorted(started(monkeypatch, begin, auth=(), search=())) == [
        "auth: could not be observed",
        "search: ready after 1.5 s",
    ]


def test_without_a_network_what_the_imports_showed_is_kept() -> None:
    engine: Any = NoNetwork()
    (seen,) = with_starts([service("web")], engine, QuietProgress())
    assert seen.evidence is not None
    assert seen.evidence.start is not None
    assert [module.name for module in seen.evidence.modules] == ["shop"]
    assert find_shortfalls([], seen.evidence) == ["its start could not be observed: no address pool is left"]


@pytest.fixture
def ready_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every service that is begun gets ready."""
    begun = RunningService(STARTED, seen=Conversed(ready=1.5, held=True))
    monkeypatch.setattr(starts, "start_service", lambda *place, **more: begun)
    monkeypatch.setattr(starts, "end_service", lambda begun: begun.planned)


@pytest.mark.usefixtures("ready_services")
@pytest.mark.parametrize("all_are_there", [True, False])
def test_a_command_runs_only_where_every_image_was_started(
    monkeypatch: pytest.MonkeyPatch, all_are_there: bool
) -> None:
    ran: list[Sequence[str]] = []

    def run_user_command(journey: Sequence[str], *more: Any) -> CommandResult:
        ran.append(journey)
        return CommandResult("pytest", 0)

    monkeypatch.setattr(starts, "run_user_command", run_user_command)
    auth = service("auth")
    if not all_are_there:
        auth = Inspected("auth", auth.config, error=ImageError("it could not be pulled"))
    engine: Any = NetworkOnly()
    progress = Notices()
    with_starts([service("web"), auth], engine, progress, ["pytest"])
    assert bool(ran) is all_are_there
    assert ("pytest: not run, as not everything is ready" in progress.said) is not all_are_there


@pytest.mark.usefixtures("ready_services")
def test_a_command_that_cannot_reach_the_services_leaves_what_their_start_showed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def publish(run: ServiceRun) -> None:
        raise EngineError("the relay did not start")

    monkeypatch.setattr(ServiceRun, "publish", publish)
    engine: Any = NetworkOnly()
    (seen,) = with_starts([service("web")], engine, QuietProgress(), ["pytest", "e2e"])
    assert seen.evidence is not None
    assert seen.evidence.start is not None
    assert (seen.evidence.start.error, check_journeys(seen.evidence)) == ("", [])
    (reason,) = find_shortfalls([], seen.evidence)
    assert reason == "'pytest e2e' could not be run against the services: the relay did not start"
