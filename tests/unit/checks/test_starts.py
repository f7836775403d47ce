"""IG501 to IG508, from evidence written by hand; what each looks like in real containers is a scenario."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
from unit.builders import IMAGE, entry, evidence, failed, frame, imported, no_module

from importguard.checks import run_checks
from importguard.checks.answers import check_service_answers
from importguard.config import Config
from importguard.evidence.inspection import Evidence, ImageFacts
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
from importguard.gathering import Material
from importguard.judging.completeness import find_shortfalls
from importguard.judging.image_report import judge_image
from importguard.judging.redaction import redacted_report
from importguard.model import Finding, Location
from importguard.report import Report
from importguard.reporters import load_reporter
from importguard.source.model import Tree
from importguard.source.reader import read_source

NOTHING = Material(None, "")
WELL = ServiceStart(
    "uvicorn shop.main:app",
    StartSettings(),
    architecture="linux/amd64",
    memory=512 * 1024**2,
    ports=(8080,),
    port=8080,
    accepted=0.5,
    ready=0.6,
    held=True,
    http=((HttpRequest("/"), Answer(right=True, status=200)),),
    stop_seconds=0.1,
)
SILENT = replace(WELL, port=None, accepted=None, ready=None, held=False, http=(), stop_seconds=None)


def seen(start: ServiceStart, **changes: Any) -> Evidence:
    return evidence(imported("shop.main"), entrypoints=(entry("shop.main", "ok"),), start=start, **changes)


def only(start: ServiceStart, **changes: Any) -> Finding:
    (finding,) = run_checks(seen(start, **changes))
    return finding


@pytest.mark.parametrize(
    ("settings", "ends"), [(StartSettings(), "host=)"), (StartSettings(port="8080"), "8080")]
)
def test_another_port_of_the_container_alone(settings: StartSettings, ends: str) -> None:
    """To let it listen there for everyone is what mends it; to say that its port is right would not do."""
    alone = replace(SILENT, settings=settings, surroundings=Surroundings(listeners=(("127.0.0.1", 5232),)))
    told = only(alone).diagnosis
    assert told is not None
    assert (told.cause, "127.0.0.1:5232" in told.explanation) == ("loopback-only", True)
    assert told.remedy.endswith(ends)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (StartSettings(platform="cloud-run"), ["IG505"]),
        (StartSettings(platform="cloud-run", timeout=100.0), []),
        (StartSettings(platform="cloud-run", production_seconds=100.0), []),
        (StartSettings(platform="cloud-run", max_start_time=90.0), []),
        (StartSettings(), ["IG505"]),
        (StartSettings(timeout=100.0), []),
    ],
)
def test_more_than_a_minute_is_slow_where_nobody_gives_the_time(
    settings: StartSettings, found: list[str]
) -> None:
    slow = seen(replace(WELL, settings=settings, accepted=79.0, ready=80.0))
    assert [finding.rule.id for finding in run_checks(slow)] == found


def test_where_the_time_of_a_slow_start_went() -> None:
    settings = StartSettings(max_start_time=5.0)
    slow = only(replace(WELL, settings=settings, launched=0.4, accepted=7.0, ready=9.0))
    assert slow.message == (
        "It is ready after 9.0 s, and 5 s are allowed: its container runs after 0.4 s, "
        "its port accepts after 7.0 s."
    )


@pytest.mark.parametrize(("platform", "told"), [("cloud-run", True), ("container", False)])
def test_what_is_not_imitated_is_said(platform: str, told: bool) -> None:
    start = replace(WELL, settings=StartSettings(platform=platform))
    report = judge_image(IMAGE, seen(start), NOTHING, Config())
    assert any("gVisor" in note for note in report.notes) is told


@pytest.mark.parametrize(
    ("killed", "told"), [(False, "; SIGTERM ends it in 0.1 s."), (True, "; SIGTERM does not end it.")]
)
def test_how_it_ended_is_said(killed: bool, told: str) -> None:
    report = judge_image(IMAGE, seen(replace(WELL, killed=killed)), NOTHING, Config())
    assert told in " ".join(load_reporter("text")(Report((report,))).split())


def test_one_that_ends_while_others_are_asked_is_not_said_to_start() -> None:
    ended = replace(WELL, ending=Ending(1), stop_seconds=None, log="no broker\n")
    report = judge_image(IMAGE, seen(ended), NOTHING, Config())
    assert report.start is not None
    assert (report.start.ready, report.start.log) == (None, ("no broker",))
    assert "It starts" not in load_reporter("text")(Report((report,)))


def test_a_cause_that_an_import_and_a_start_show_is_one_finding() -> None:
    log = "Traceback (most recent call last):\n"
    log += "  File \"/app/shop/main.py\", line 3, in <module>\nModuleNotFoundError: No module named 'redis'\n"
    ended = replace(SILENT, ending=Ending(3), log=log)
    broken = failed("shop.main", no_module("redis", frame("shop.main", 3)))
    observed = evidence(broken, entrypoints=(entry("shop.main", "failed"),), start=ended)
    report = judge_image(IMAGE, observed, NOTHING, Config())
    (told,) = report.findings
    (symptom,) = told.symptoms
    assert (told.rule.id, told.missing, told.breaks_startup) == ("IG101", "redis", True)
    assert (symptom.rule.id, symptom.message) == (
        "IG501",
        "It ended with exit code 3 before it was ready. Its log says: No module named 'redis'",
    )


def test_the_time_of_a_start() -> None:
    """The user's word counts most, then production's files, then the platform's own default."""
    default = StartSettings(platform="cloud-run")
    assert (default.seconds_to_ready, default.seconds_to_answer, default.seconds_of_patience) == (240, 60, 60)
    by_file = replace(default, production_seconds=300.0)
    assert (by_file.seconds_to_ready, by_file.seconds_to_answer, by_file.seconds_of_patience) == (
        300,
        300,
        60,
    )
    by_user = replace(by_file, timeout=5.0)
    assert (by_user.seconds_to_ready, by_user.seconds_to_answer, by_user.seconds_of_patience) == (5, 5, None)
    assert StartSettings().seconds_to_ready == 240


def test_a_start_that_waits_for_a_server_is_not_complete() -> None:
    """As one that ends for want of it: the check has no such server."""
    line = 'nc: getaddrinfo for host "database" port 5432: Temporary failure in name resolution\n'
    waiting = replace(SILENT, log=f"Waiting for postgres...\n{line}Waiting for postgres...\n")
    found = only(waiting)
    assert (found.rule.id, found.severity) == ("IG502", "warning")
    assert found.diagnosis is not None
    assert "a server that cannot be reached" in found.diagnosis.explanation
    assert find_shortfalls([found], seen(waiting))
    assert only(replace(waiting, log=line + "other words\n" * 6)).severity == "error"


@pytest.mark.parametrize("log", ["WARNING:  No supported WebSocket library detected. Please use …", ""])
def test_a_server_without_a_websocket_library(log: str) -> None:
    wrong = ((Handshake("/ws"), Answer(right=False, status=404)),)
    found = only(replace(WELL, websocket=wrong, log=log))
    assert found.rule.id == "IG504"
    assert (found.diagnosis.cause if found.diagnosis else "") == ("websocket-library" if log else "")


def test_one_that_is_given_up_says_so() -> None:
    settings = StartSettings(platform="cloud-run")
    assert "within 61 s; its processes are idle, so the rest of its 240 s was not waited for" in (
        only(replace(SILENT, settings=settings, given_up=60.7)).message
    )
    assert "within 240 s." in only(replace(SILENT, settings=settings, given_up=240.1)).message


@pytest.mark.parametrize(("platform", "found"), [("cloud-run", ["IG506"]), ("container", [])])
def test_files_are_memory_on_cloud_run(platform: str, found: list[str]) -> None:
    settings = StartSettings(platform=platform)
    start = replace(WELL, settings=settings, memory_held=200 << 20, written=400 << 20)
    assert [one.rule.id for one in run_checks(seen(start))] == found
    assert run_checks(seen(replace(start, written=300 << 20))) == []


def test_a_start_that_went_well_is_no_finding() -> None:
    assert run_checks(seen(WELL)) == []
    report = judge_image(IMAGE, seen(WELL), NOTHING, Config())
    assert report.start is not None
    assert (report.start.ready, report.start.log, report.complete) == (0.6, (), True)


@pytest.mark.parametrize("why", [{"skipped": "it does not import"}, {"error": "the engine is gone"}])
def test_one_that_was_not_seen_is_no_finding(why: dict[str, str]) -> None:
    assert run_checks(seen(replace(SILENT, **why))) == []


def test_one_that_could_not_be_observed_is_no_pass() -> None:
    (reason,) = find_shortfalls([], seen(replace(SILENT, error="the engine is gone")))
    assert "could not be observed: the engine is gone" in reason


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "by itself"), (127, "not found"), (137, "killed"), (139, "segmentation"), (5, "5 bef")],
)
def test_exit_codes_have_a_meaning(code: int, words: str) -> None:
    finding = only(replace(SILENT, ending=Ending(code)))
    assert (finding.rule.id, words in finding.message) == ("IG501", True), finding.message


@pytest.mark.parametrize(
    ("command", "file"),
    [
        ("celery -A shop worker -l info -f /var/log/worker.log", "/var/log/worker.log"),
        ("celery -A shop worker --logfile=w.log", "w.log"),
        ("sh -c 'exec celery -A shop beat --logfile w.log'", "w.log"),
        ("gunicorn --error-logfile /log/error.log shop.wsgi", "/log/error.log"),
        ("gunicorn --error-logfile - --access-logfile a.log shop.wsgi", None),
        ("celery -A shop worker -f /dev/stdout", None),
        ("celery -A shop worker --logfile=-", None),
        ("tail -f shop.log", None),
        ("celery -A shop worker && tail -f shop.log", None),
    ],
)
def test_a_log_in_a_file_of_the_container_is_told(command: str, file: Optional[str]) -> None:
    message = only(replace(SILENT, command=command, ending=Ending(1))).message
    assert ("It logs to" in message) is (file is not None)
    assert file is None or f"It logs to {file} in the container" in message


def test_a_log_without_a_traceback_is_shown_by_its_end() -> None:
    finding = only(replace(SILENT, ending=Ending(1), log="\n".join(f"line {number}" for number in range(50))))
    assert "line 49" in finding.message
    assert "line 40" not in finding.message


TRACEBACK = 'Traceback (most recent call last):\n  File "/app/bot.py", line 8, in main\n    build()\n'
NO_REDIS = "ERROR:root:Error -3 connecting to redis:6379. Temporary failure in name resolution.\n"
NO_TOKEN = "telegram.error.InvalidToken: You must pass the token you received from …\n"


@pytest.mark.parametrize(
    ("log", "code", "severity"),
    [
        (NO_REDIS, 1, "warning"),
        (NO_REDIS + "no such queue: shop\n", 1, "error"),
        (NO_REDIS, 0, "error"),
        (TRACEBACK + NO_TOKEN, 1, "warning"),
        (TRACEBACK + "telegram.error.InvalidToken: The token was rejected\n", 1, "error"),
    ],
)
def test_one_that_ends_for_want_of_its_environment_without_naming_a_variable(
    log: str, code: int, severity: str
) -> None:
    ended = replace(SILENT, ending=Ending(code), log=log)
    finding = only(ended)
    assert (finding.rule.id, finding.severity.value) == ("IG501", severity)
    report = judge_image(IMAGE, seen(ended), NOTHING, Config())
    assert ("needs a" in (report.error or "")) is (severity == "warning")


@pytest.mark.parametrize(
    ("settings", "limit", "remedy"),
    [
        (StartSettings(), "512 MiB (--memory).", '(--memory 1g, or memory = "1g" in [start])'),
        (StartSettings(memory=512 << 20), "512 MiB.", 'has (memory = "1g" in [start])'),
        (
            StartSettings(platform="cloud-run"),
            "512 MiB that Cloud Run gives",
            'has (memory = "1g" in [start])',
        ),
    ],
)
def test_killed_for_memory_is_told_once_with_how_to_give_more(
    settings: StartSettings, limit: str, remedy: str
) -> None:
    killed = replace(SILENT, settings=settings, ending=Ending(137, out_of_memory=True), out_of_memory=True)
    finding = only(killed)
    assert finding.rule.id == "IG506"
    assert finding.diagnosis is not None
    assert f"It has {limit}" in finding.diagnosis.explanation
    assert remedy in finding.diagnosis.remedy


def test_a_worker_of_a_server_that_is_killed_for_memory() -> None:
    assert "A process of it was killed" in only(replace(WELL, out_of_memory=True)).message


@pytest.mark.parametrize(
    ("surroundings", "cause"),
    [
        (Surroundings(listeners=(("127.0.0.1", 8080),)), "loopback-only"),
        (Surroundings(listeners=(("0.0.0.0", 9090),)), "other-port"),
        (Surroundings(listeners=(("::", 8080),), ipv6_only=(8080,)), "ipv6-only"),
        (Surroundings(listeners=(("::", 9090),), ipv6_only=(9090,)), "ipv6-only"),
        (Surroundings(listeners=(("::", 9090),)), "other-port"),
        (Surroundings(listeners=(("0.0.0.0", 9090), ("127.0.0.1", 8080))), "loopback-only"),
        (Surroundings(unix_sockets=("/tmp/gunicorn.sock",)), "unix-socket"),
        (Surroundings(processes=(Process(1, "python3 -m shop", "S (sleeping)"),)), "not-listening"),
    ],
)
def test_what_it_listens_on_instead(surroundings: Surroundings, cause: str) -> None:
    finding = only(replace(SILENT, surroundings=surroundings))
    assert (finding.rule.id, finding.diagnosis and finding.diagnosis.cause) == ("IG502", cause)


def test_what_it_waits_for() -> None:
    finding = only(replace(SILENT, surroundings=Surroundings(connecting=(("10.0.0.5", 5432),))))
    assert finding.diagnosis is not None
    assert "It tries to reach 10.0.0.5:5432" in finding.diagnosis.explanation


def test_an_answer_that_did_not_last() -> None:
    assert "did not any more" in only(replace(WELL, held=False)).message
    wrong = ((HttpRequest("/health", status=200), Answer(right=False, status=500, body="no pool")),)
    found = only(replace(WELL, held=False, http=(*WELL.http, *wrong)))
    assert (found.module, found.message.partition("\n")[0]) == (
        "GET /health",
        "GET /health: answered 500, 'no pool', 1 s after a right answer; expected 200.",
    )


@pytest.mark.parametrize(
    ("check", "output", "cause"),
    [
        ("curl -f localhost:8080/", "/bin/sh: 1: curl: not found", "program-missing"),
        ("curl -f http://localhost:5000/health", "curl: (7) Failed to connect", "health-check-port"),
        ("curl -f http://localhost:8080/", "curl: (22) The requested URL returned error: 500", None),
        ("curl -f localhost:5000 || curl -f localhost:8080", "curl: (7) Failed to connect", None),
    ],
)
def test_a_health_check_that_fails(check: str, output: str, cause: Optional[str], tmp_path: Path) -> None:
    """Its line in the Dockerfile is told, but for a check that production's own files name."""
    (tmp_path / "Dockerfile").write_text(f"FROM python\nHEALTHCHECK --interval=5s CMD {check}\nCMD run\n")
    source = read_source(Tree(str(tmp_path)))
    health = CommandResult(shlex.join(["/bin/sh", "-c", check]), 1, output)
    around = Surroundings(listeners=(("0.0.0.0", 8080),))
    start = replace(WELL, held=False, http=(), health=health, surroundings=around)
    (found,) = check_service_answers(seen(start), source)
    assert found.location == Location("Dockerfile", 2)
    assert found.diagnosis is None or found.diagnosis.location == Location("Dockerfile", 2)
    assert (found.diagnosis.cause if found.diagnosis else None) == cause
    configured = replace(start, settings=StartSettings(healthcheck=("sh", "-c", check)))
    (found,) = check_service_answers(seen(configured), source)
    assert found.location is None


@pytest.mark.parametrize(("early", "served", "missing"), [("", "shop.pay", "shop.pay"), ("orjson", "", None)])
def test_a_health_check_fails_by_what_a_request_raises(
    early: str, served: str, missing: Optional[str], tmp_path: Path
) -> None:
    """The log since the port is open tells its cause; the service may have gone on without the rest."""
    (tmp_path / "Dockerfile").write_text("FROM python\nHEALTHCHECK CMD curl -f localhost:8080/\nCMD run\n")
    source = read_source(Tree(str(tmp_path)))
    health = CommandResult("curl -f localhost:8080/", 22, "curl: (22) returned error: 500")
    before, since = (LOGGED.format(name) if name else "" for name in (early, served))
    start = replace(WELL, held=False, http=(), health=health, log=before + since, served_log=since)
    report = judge_image(IMAGE, seen(start), Material(source, ""), Config())
    (found,) = report.findings
    assert (found.rule.id, found.module, found.missing) == ("IG503", "HEALTHCHECK", missing)
    assert ("Its log says: No module named 'shop.pay'" in found.message) is bool(missing)
    assert found.location == (Location("shop/main.py", 9) if missing else Location("Dockerfile", 2))
    assert found.diagnosis is None or found.diagnosis.location != Location("Dockerfile", 2)


@pytest.mark.parametrize("command", ["/bin/sh -c gunicorn shop", "sh -c gunicorn shop", "/bin/bash -c x"])
def test_a_shell_that_passes_no_signal_on(command: str) -> None:
    first = Surroundings(processes=(Process(1, command, "S (sleeping)"),))
    finding = only(replace(WELL, killed=True, surroundings=first))
    assert (finding.rule.id, finding.diagnosis and finding.diagnosis.cause) == (
        "IG507",
        "shell-as-first-process",
    )


def test_cloud_run_runs_one_architecture() -> None:
    cloud = replace(WELL, settings=StartSettings(platform="cloud-run"), architecture="linux/arm64/v8")
    assert "linux/arm64/v8" in only(cloud).message
    assert run_checks(seen(replace(cloud, settings=StartSettings()))) == []


def test_variables_that_cloud_run_sets_itself() -> None:
    cloud = replace(WELL, settings=StartSettings(platform="cloud-run"))
    finding = only(cloud, image=ImageFacts(environment=("HOME", "PORT")))
    assert (finding.rule.id, finding.module, finding.severity.value) == ("IG508", "PORT", "warning")


@pytest.mark.parametrize("format_", ["text", "json", "sarif", "junit", "github", "gitlab", "markdown"])
def test_every_format_shows_a_start_that_failed(format_: str) -> None:
    ended = replace(SILENT, ending=Ending(3), log="no luck\n")
    report = Report((judge_image(IMAGE, seen(ended), NOTHING, Config()),))
    shown = load_reporter(format_)(report)
    assert "exit code 3" in shown
    assert "IG501" in shown


def test_values_of_variables_are_not_in_the_log_either() -> None:
    ended = replace(SILENT, ending=Ending(3), log="could not log in with hunter2-of-mine\n")
    report = judge_image(IMAGE, seen(ended), NOTHING, Config())
    report = redacted_report(report, ("PASSWORD=hunter2-of-mine",))
    assert "hunter2-of-mine" not in repr(report)


DUMP = """Fatal Python error: Aborted

Thread 0x00007f1 (most recent call first):
  File "/usr/lib/python3.13/threading.py", line 359 in wait

Current thread 0x00007f2 (most recent call first):
  File "/usr/lib/python3.13/socket.py", line 10 in connect
  File "/app/shop/main.py", line 12 in wait_for_database
  File "/app/shop/main.py", line 20 in <module>
"""


def test_where_it_waits_is_told_by_its_threads_and_sockets() -> None:
    around = Surroundings(connecting=(("db", 5432),), connected=(("10.0.0.2", 6379),))
    finding = only(replace(SILENT, dump=DUMP, surroundings=around))
    assert finding.location is not None
    assert (finding.location.path, finding.location.line) == ("shop/main.py", 12)
    assert finding.diagnosis is not None
    assert finding.diagnosis.explanation.startswith(
        "It tries to reach db:5432. It is connected to 10.0.0.2:6379. It waits in wait_for_database(). "
    )


def test_where_it_crashed_is_told() -> None:
    log = DUMP.replace("Aborted", "Segmentation fault")
    finding = only(replace(SILENT, ending=Ending(139), log=log))
    assert finding.location is not None
    assert (finding.rule.id, finding.location.line) == ("IG501", 12)


def test_what_took_the_time_is_told() -> None:
    slow = replace(seen(replace(WELL, ready=9.0, settings=StartSettings(max_start_time=5.0))), modules=())
    slow = replace(slow, modules=(replace(imported("shop.models"), seconds=4.2), imported("shop.main")))
    (finding,) = run_checks(slow)
    assert (finding.rule.id, "Imports that take long: shop.models 4.2 s." in finding.message) == (
        "IG505",
        True,
    )


def test_an_import_by_a_name_of_the_settings_has_no_place() -> None:
    """As Django's CHANNEL_LAYERS names channels_redis: nothing in the log says where."""
    log = (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3/dist-packages/channels/layers.py", line 40, in _make_backend\n'
        "    import_string(name)\n"
        '  File "/usr/lib/python3.13/importlib/__init__.py", line 88, in import_module\n'
        "    return _bootstrap._gcd_import(name)\n"
        "ModuleNotFoundError: No module named 'channels_redis'\n"
    )
    finding = only(replace(SILENT, ending=Ending(1), log=log))
    assert (finding.missing, finding.location) == ("channels_redis", None)


SUPERVISED = """\
2026-12-01 10:00:00,000 INFO spawned: 'web' with pid 7
2026-12-01 10:00:00,100 INFO spawned: 'worker' with pid 8
2026-12-01 10:00:00,200 WARN exited: worker (exit status 1; not expected)
2026-12-01 10:00:01,300 INFO success: web entered RUNNING state, process has stayed up for > than 1 seconds
"""
AGAIN = "2026-12-01 10:00:01,400 WARN exited: worker (exit status 1; not expected)\n"


@pytest.mark.parametrize(
    ("more", "severity", "words"),
    [
        ("", "warning", "program worker ended (exit status 1), once."),
        (AGAIN, "error", "2 times."),
        ("x INFO gave up: worker entered FATAL state, too many\n", "error", "and supervisord gave up."),
        ("x INFO exited: worker (exit status 0; expected)\n", "warning", "once."),
    ],
)
def test_a_program_of_supervisord_that_ends(more: str, severity: str, words: str) -> None:
    finding = only(replace(WELL, log=SUPERVISED + more))
    assert (finding.rule.id, finding.severity, finding.module) == ("IG501", severity, "worker")
    assert words in finding.message


def test_what_a_program_of_supervisord_lacks_is_told_once() -> None:
    (finding,) = run_checks(seen(replace(WELL, log=LOGGED.format("shop.store") + SUPERVISED + AGAIN)))
    assert (finding.rule.id, finding.missing) == ("IG501", "shop.store")


def test_a_program_of_supervisord_that_comes_up_later() -> None:
    log = SUPERVISED + "x INFO success: worker entered RUNNING state, process has stayed up\n"
    assert run_checks(seen(replace(WELL, log=log))) == []


def test_a_program_of_supervisord_that_dies_of_a_slow_import() -> None:
    """supervisord calls it RUNNING at every try, for it lived for a second: that is not coming up."""
    runs = "x INFO success: worker entered RUNNING state, process has stayed up\n"
    finding = only(replace(WELL, log=SUPERVISED + runs + AGAIN + runs + AGAIN + runs))
    assert finding.severity == "error"
    assert "3 times." in finding.message


LOGGED = (
    'Traceback (most recent call last):\n  File "/app/shop/main.py", line 9, in connect\n'
    "ModuleNotFoundError: No module named '{}'\n"
)


@pytest.mark.parametrize(
    ("early", "late", "missing", "words"),
    [
        ("shop.store", "", "shop.store", "An import fails while it starts"),
        ("orjson", "", None, ""),
        ("", "orjson", "orjson", "A request makes an import fail"),
        ("shop.store", "orjson", "orjson", "A request makes an import fail"),
    ],
)
def test_an_import_that_fails_in_the_background(
    early: str, late: str, missing: Optional[str], words: str
) -> None:
    """Servers log what a task of theirs raises while they start, and run on: NiceGUI's ``on_startup``."""
    log, served = (LOGGED.format(name) if name else "" for name in (early, late))
    error = 'Traceback (most recent call last):\n  File "/x.py", line 1, in <module>\nOSError: late\n'
    found = run_checks(seen(replace(WELL, log=log + served + error, served_log=served + error)))
    assert [(one.rule.id, one.missing) for one in found] == ([("IG509", missing)] if missing else [])
    assert all(words in one.message for one in found)


def test_one_that_did_not_get_ready_is_no_pass_where_nothing_says_why() -> None:
    """Such as where the frame that tells of a wrong answer was lost."""
    untold = replace(SILENT, port=8080, accepted=0.5)
    assert run_checks(seen(untold)) == []
    (reason,) = find_shortfalls([], seen(untold))
    assert "did not get ready" in reason
    wrong = replace(untold, http=((HttpRequest("/"), Answer(right=False, status=500)),))
    for told in (WELL, SILENT, wrong, replace(untold, ending=Ending(1))):
        assert find_shortfalls([], seen(told)) == []
