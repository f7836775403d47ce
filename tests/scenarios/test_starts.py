"""Images that are started, asked and stopped: each state of health, in a real container."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import pytest
from scenarios.services import DOCKERFILE, SERVICE, start_by_each
from scenarios.support import Result, build, check, command, docker, environment, importguard

SHORT = 'timeout = "6s"\nsettle = "0.5s"\n'
"""For what is waited for to the end. What is well or ends by itself has ``LONG``: the machine may be busy."""
LONG = 'timeout = "30s"\nsettle = "0.5s"\n'


@pytest.fixture(scope="module")
def service() -> str:
    """The service of these tests; its last argument says in which state it is."""
    return build("service", DOCKERFILE, {"shop": SERVICE / "shop"})


def start(image: str, mode: str, folder: Path, settings: str = SHORT, *options: str) -> Result:
    """Check and start ``image`` in a state, as a configuration in ``folder`` says."""
    (folder / "importguard.toml").write_text(f"[start]\n{settings}")
    command = ("--command", f"python3 -m shop.serve {mode}")
    return check(image, "--start", *command, *options, cwd=folder)


def start_in_each(image: str, modes: Sequence[str], folder: Path, settings: str = SHORT) -> list[Result]:
    """Check and start ``image`` in each of these states, side by side: most of it is waiting."""
    return start_by_each(image, {f"shop.serve {mode}": settings for mode in modes}, folder)


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds; whether it did within the time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def only(result: Result) -> dict[str, Any]:
    """The one finding of a start that fails."""
    assert (result.code, len(result.findings)) == (1, 1), result.findings or result.image["error"]
    assert result.image["start"]["ready_seconds"] is None
    return result.findings[0]


def test_one_that_is_well_passes_without_a_configuration(service: str, tmp_path: Path) -> None:
    text = tmp_path / "said.txt"
    result = check(service, "--start", "--output", str(text))
    assert (result.code, result.findings) == (0, [])
    seen = result.image["start"]
    assert (seen["platform"], seen["port"], seen["exit_code"], seen["skipped"]) == (
        "container",
        8080,
        None,
        None,
    )
    assert [(one["request"], one["status"], one["right"]) for one in seen["requests"]] == [
        ("GET /", 200, True)
    ]
    assert 0 < seen["accepted_seconds"] <= seen["ready_seconds"]
    assert seen["stop_seconds"] < 10
    assert "It starts: port 8080 accepts after" in text.read_text()
    assert "GET / is answered 200; SIGTERM ends it in" in text.read_text()


def test_what_answers_passes(service: str, tmp_path: Path) -> None:
    for result in start_in_each(service, ["redirects", "floods", "chats"], tmp_path, LONG):
        assert (result.code, result.findings) == (0, []), result.findings


def test_one_that_warms_up_is_asked_again(service: str, tmp_path: Path) -> None:
    result = start(service, "warms-up", tmp_path, 'timeout = "30s"')
    assert (result.code, result.findings) == (0, [])
    assert result.image["start"]["ready_seconds"] > 2


def test_a_worker_has_no_port(service: str, tmp_path: Path) -> None:
    result = start(service, "works", tmp_path, 'port = "none"\nsettle = "0.5s"')
    seen = result.image["start"]
    assert (result.code, seen["port"], seen["requests"]) == (0, None, [])
    assert seen["stop_seconds"] < 10
    dead = only(start(service, "exits-0", tmp_path, 'port = "none"'))
    assert dead["rule"] == "IG501"


def test_one_that_ends_at_once(service: str, tmp_path: Path) -> None:
    finding = only(start(service, "exits-0", tmp_path, LONG))
    assert finding["rule"] == "IG501"
    assert "exit code 0 before it was ready" in finding["message"]
    assert (finding["part"], finding["breaks_startup"]) == ("start", True)


@pytest.mark.parametrize("mode", ["exits-3", "exits-3-json"])
def test_a_traceback_of_the_log_is_told_as_a_failed_import(service: str, mode: str, tmp_path: Path) -> None:
    """The module is in the source, and a line of .dockerignore keeps it out of the image."""
    shutil.copytree(SERVICE / "shop", tmp_path / "shop")
    (tmp_path / "shop" / "monitoring").mkdir()
    (tmp_path / "shop" / "monitoring" / "__init__.py").write_text("metrics = {}\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / ".dockerignore").write_text("*.md\n**/monitoring/\n")
    finding = only(start(service, mode, tmp_path, LONG, "--source", "."))
    assert (finding["rule"], finding["missing"]) == ("IG501", "shop.monitoring")
    assert "exit code 3" in finding["message"]
    assert finding["location"]["path"] == "shop/serve.py"
    assert finding["diagnosis"]["cause"] == "ignored"
    assert finding["diagnosis"]["location"] == {"path": ".dockerignore", "line": 2}


@pytest.mark.parametrize(
    ("mode", "cause", "place", "words"),
    [
        ("forbidden", "no-permission", ("Dockerfile", 3), "COPY --chown=1234"),
        ("absent", "ignored", (".dockerignore", 1), "!shop/"),
    ],
)
def test_a_file_that_the_start_cannot_open(
    mode: str, cause: str, place: tuple[str, int], words: str, tmp_path: Path
) -> None:
    """The log's traceback names the file, and the source tells who keeps it away."""
    lines = DOCKERFILE + "USER 1234\n"
    image = build("service-user", lines, {"shop": SERVICE / "shop"})
    shutil.copytree(SERVICE / "shop", tmp_path / "shop")
    (tmp_path / "shop" / "data").mkdir()
    (tmp_path / "shop" / "data" / "rates.json").write_text("{}")
    (tmp_path / "Dockerfile").write_text(lines)
    (tmp_path / ".dockerignore").write_text("**/data/\n")
    finding = only(start(image, mode, tmp_path, LONG, "--source", "."))
    assert (finding["rule"], finding["diagnosis"]["cause"]) == ("IG501", cause), finding
    assert finding["diagnosis"]["location"] == dict(zip(("path", "line"), place))
    assert words in finding["diagnosis"]["remedy"]
    assert finding["location"]["path"] == "shop/serve.py"


def test_a_module_that_is_found_at_the_second_try(tmp_path: Path) -> None:
    """As huey's consumer finds it: what it raises then is one finding of the import and the start."""
    again = (
        "import sys\n\ntry:\n    import tasks\nexcept ImportError:\n"
        "    sys.path.insert(0, '/srv/later')\n    import tasks\n"
    )
    files = {"main.py": again, "later/tasks.py": "queue = open('/srv/later/queue', 'w')\n"}
    lines = 'FROM base\nWORKDIR /srv\nCOPY . .\nUSER 1234\nCMD ["python3", "main.py"]\n'
    image = build("service-second-try", lines, files)
    for name, text in {**files, "Dockerfile": lines}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    result = check(image, "--start", "--start-anyway", "--source", ".", cwd=tmp_path)
    (finding,) = result.findings
    assert (result.code, finding["rule"], finding["missing"]) == (1, "IG104", None), finding
    assert finding["message"] == "PermissionError: [Errno 13] Permission denied: '/srv/later/queue'"
    assert finding["diagnosis"]["cause"] == "no-permission"
    assert finding["diagnosis"]["location"] == {"path": "Dockerfile", "line": 3}
    assert [one["rule"] for one in finding["symptoms"]] == ["IG501"]


@pytest.mark.parametrize(("mode", "need"), [("variable", "--env DATABASE_URL=…"), ("server", "--network")])
def test_what_only_production_has_is_no_error_and_no_pass(
    service: str, mode: str, need: str, tmp_path: Path
) -> None:
    result = start(service, mode, tmp_path, LONG)
    assert (result.code, [one["severity"] for one in result.findings]) == (4, ["warning"])
    assert need in result.image["error"]
    assert result.findings[0]["diagnosis"]["cause"] == "environment"


def test_a_signal_is_told_by_its_meaning(service: str, tmp_path: Path) -> None:
    assert "exit code 13" in only(start(service, "segfaults", tmp_path, LONG))["message"]


UNREACHABLE = {
    "local": ("loopback-only", ["127.0.0.1:8080"]),
    "local-6": ("loopback-only", ["[::1]:8080"]),
    "all-of-6": ("ipv6-only", ["[::]:8080"]),
    "unix": ("unix-socket", ["/tmp/shop.sock"]),
    "sleeps": ("not-listening", ["python3 -m shop.serve sleeps", "It waits in <lambda>()"]),
}


def test_nothing_that_can_be_reached(service: str, tmp_path: Path) -> None:
    results = start_in_each(service, list(UNREACHABLE), tmp_path, SHORT + "port = 8080\n")
    for (cause, words), result in zip(UNREACHABLE.values(), results):
        finding = only(result)
        assert (finding["rule"], finding["diagnosis"]["cause"]) == ("IG502", cause)
        assert all(text in finding["diagnosis"]["explanation"] for text in words)


def test_the_line_that_binds_the_wrong_port(tmp_path: Path) -> None:
    lines = DOCKERFILE.replace('"shop.serve", "well"', '"http.server", "9999"')
    image = build("service-port", lines, {"shop": SERVICE / "shop"})
    shutil.copytree(SERVICE / "shop", tmp_path / "shop")
    (tmp_path / "Dockerfile").write_text(lines)
    (tmp_path / "importguard.toml").write_text('[start]\nplatform = "cloud-run"\ntimeout = "4s"\n')
    finding = check(image, "--start", "--source", ".", cwd=tmp_path).finding("IG502")
    assert finding["diagnosis"]["location"] == {"path": "Dockerfile", "line": 5}


def test_a_port_that_the_image_does_not_expose_is_not_the_service_s(service: str, tmp_path: Path) -> None:
    finding = only(start(service, "other-port", tmp_path, SHORT))
    assert (finding["rule"], finding["diagnosis"]["cause"]) == ("IG502", "other-port")
    assert "0.0.0.0:9999 instead of port 8080" in finding["diagnosis"]["explanation"]


def test_any_port_is_right_where_nothing_says_which(tmp_path: Path) -> None:
    image = build("service-no-port", DOCKERFILE.replace("EXPOSE 8080\n", ""), {"shop": SERVICE / "shop"})
    result = start(image, "other-port", tmp_path, 'settle = "0.5s"')
    assert (result.code, result.image["start"]["port"]) == (0, 9999)


WRONG_ANSWERS = {
    "unavailable": "answered 503",
    "drips": "no whole answer within",
    "babbles": "no HTTP",
    "tls": "speaks TLS",
    "raises": "cannot import name 'gone_module'",
    "never": "no whole answer within",
}


def test_a_request_without_a_right_answer(service: str, tmp_path: Path) -> None:
    """Python says where its threads are, when it is asked to abort: that is where a request hangs."""
    results = start_in_each(service, list(WRONG_ANSWERS), tmp_path)
    findings = [only(result) for result in results]
    for words, finding in zip(WRONG_ANSWERS.values(), findings):
        assert finding["rule"] == "IG503"
        assert words in finding["message"] + (finding["diagnosis"] or {}).get("explanation", ""), finding
    hanging = findings[-1]
    assert hanging["location"]["path"] == "shop/serve.py"
    assert "It waits in never()" in hanging["diagnosis"]["explanation"]


def test_status_and_body_can_be_asked_for(service: str, tmp_path: Path) -> None:
    asked = SHORT + 'http = ["/", { path = "/", status = 200, body = "hello" }, { path = "/", body = "bye" }]'
    finding = only(start(service, "well", tmp_path, asked))
    assert finding["rule"] == "IG503"
    assert "expected a status below 500 with 'bye' in the body" in finding["message"]


@pytest.mark.parametrize(("mode", "code"), [("page", 0), ("bare-page", 1)])
def test_a_page_and_what_it_needs(service: str, mode: str, code: int, tmp_path: Path) -> None:
    timing = SHORT if code else LONG
    result = start(service, mode, tmp_path, timing + 'http = [{ path = "/", assets = true }]')
    assert result.code == code, result.findings
    told = [one["message"] for one in result.findings]
    assert len(told) == code
    assert all("/app.js, which the page needs: is answered 404" in one for one in told)


def test_websockets(service: str, tmp_path: Path) -> None:
    asked = (
        'settle = "0.5s"\nwebsocket = ["/ws", { path = "/ws", protocol = "chat.v1" }, '
        '{ path = "/ws/refused", status = 403 }, "/ws/refused?token=member"]'
    )
    result = start(service, "well", tmp_path, asked)
    assert (result.code, result.findings) == (0, [])
    assert [one["status"] for one in result.image["start"]["requests"]] == [200, 101, 101, 403, 101]


WRONG_WEBSOCKETS = {
    '"/ws/refused"': "answered 403",
    '"/ws/fails"': "closed at once (1011, no database)",
    '{ path = "/ws", protocol = "chat.v2" }': "subprotocol none",
    '{ path = "/ws", status = 403 }': "answered 101",
    '"/ws/refused?token=s3cr3t-9"': "WebSocket /ws/refused?token=<value of token>",
}


def test_websockets_that_are_not_as_they_should_be(service: str, tmp_path: Path) -> None:
    result = start(service, "well", tmp_path, SHORT + f"websocket = [{', '.join(WRONG_WEBSOCKETS)}]")
    assert {finding["rule"] for finding in result.findings} == {"IG504"}
    told = [finding["message"] for finding in result.findings]
    assert len(told) == len(WRONG_WEBSOCKETS), told
    assert all(any(words in message for message in told) for words in WRONG_WEBSOCKETS.values()), told


def test_one_that_listens_and_dies(service: str, tmp_path: Path) -> None:
    finding = only(start(service, "dies", tmp_path, 'settle = "3s"'))
    assert (finding["rule"], "exit code 5" in finding["message"]) == ("IG501", True)


def test_killed_for_memory(service: str, tmp_path: Path) -> None:
    finding = only(start(service, "grows", tmp_path, 'platform = "cloud-run"\ntimeout = "60s"'))
    assert finding["rule"] == "IG506"
    assert "512 MiB that Cloud Run gives" in finding["diagnosis"]["explanation"]


def test_seven_hundred_mebibytes_of_a_gibibyte(service: str, tmp_path: Path) -> None:
    result = start(service, "hoards", tmp_path, 'memory = "1g"\nsettle = "0.2s"\n')
    assert (result.code, result.findings) == (0, [])
    assert result.image["start"]["memory_peak_bytes"] > 700 * 2**20


@pytest.mark.parametrize(("platform", "code"), [("cloud-run", 1), ("container", 0)])
def test_files_in_memory(service: str, platform: str, code: int, tmp_path: Path) -> None:
    """On Cloud Run what is written is memory; here it is on a disk, and nothing is killed."""
    settings = f'platform = "{platform}"\nmemory = "512m"\nsettle = "0.2s"\n'
    result = start(service, "writes", tmp_path, settings)
    assert (result.code, [one["rule"] for one in result.findings]) == (code, ["IG506"] * code)
    assert not code or "the files that it wrote 572 MiB" in result.findings[0]["message"]


def test_forks_without_end(service: str, tmp_path: Path) -> None:
    """The limit of processes holds: only then does this service answer, and what asks it still runs."""
    result = start(service, "forks", tmp_path, 'memory = "3g"\ntimeout = "60s"\nsettle = "0.2s"\n')
    assert (result.code, result.findings) == (0, [])


def test_a_redirect_to_https_without_end(service: str, tmp_path: Path) -> None:
    """Behind Cloud Run, which has said that the request came by https, it is one for ever."""
    finding = only(start(service, "loops", tmp_path, SHORT + 'platform = "cloud-run"\n'))
    assert (finding["rule"], "without end" in finding["message"]) == ("IG503", True), finding
    assert start(service, "loops", tmp_path, LONG).code == 0


def test_a_service_that_may_do_little(service: str, tmp_path: Path) -> None:
    """No shell, no package manager, files that its USER can't change."""
    lines = "FROM base\nUSER 0\nRUN chmod -R a-w /app && rm -f /bin/sh /bin/dash /bin/bash\nUSER 65532\n"
    image = build("service-little", lines, base=service)
    result = check(image, "--start", cwd=tmp_path)
    assert (result.code, result.findings) == (0, []), result.findings


def test_sigterm_is_not_heard(service: str, tmp_path: Path) -> None:
    result = start(service, "deaf", tmp_path, LONG)
    assert result.code == 0
    assert [(one["rule"], one["severity"]) for one in result.findings] == [("IG507", "warning")]


def test_a_shell_as_first_process(tmp_path: Path) -> None:
    lines = DOCKERFILE.replace(
        'CMD ["python3", "-m", "shop.serve", "well"]', "CMD true && python3 -m shop.serve well"
    )
    image = build("service-shell", lines + "USER 1234\n", {"shop": SERVICE / "shop"})
    shutil.copytree(SERVICE / "shop", tmp_path / "shop")
    (tmp_path / "Dockerfile").write_text(lines + "USER 1234\n")
    finding = check(image, "--start", "--source", ".", cwd=tmp_path).finding("IG507")
    assert finding["diagnosis"]["cause"] == "shell-as-first-process"
    assert finding["diagnosis"]["location"] == {"path": "Dockerfile", "line": 5}


def test_slower_than_it_may_be(service: str, tmp_path: Path) -> None:
    result = start(service, "warms-up", tmp_path, 'timeout = "30s"\nmax-start-time = "1s"')
    assert (result.code, result.finding("IG505")["severity"]) == (0, "warning")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    lines = DOCKERFILE.replace('"python3", "-m", "shop.serve", "well"', '"gunicorn", "shop.serve"')
    image = build("service-gone", lines, {"shop": SERVICE / "shop"})
    result = check(image, "--start", "--start-anyway", "--fail-on", "startup")
    assert result.code == 1
    assert "gunicorn" in result.finding("IG508")["message"]


def test_what_does_not_import_is_not_started(tmp_path: Path) -> None:
    files = {"shop": SERVICE / "shop", "main.py": "import not_there_xyz\n"}
    lines = DOCKERFILE.replace("CMD", "COPY main.py .\nCMD").replace('"shop.serve", "well"', '"main"')
    image = build("service-broken", lines, files)
    result = check(image, "--start")
    assert (result.code, result.causes) == (1, {("IG101", "not_there_xyz")})
    assert "main, which fails" in result.image["start"]["skipped"]
    again = check(image, "--start", "--start-anyway")
    assert (again.code, again.causes) == (1, {("IG101", "not_there_xyz")}), "one cause is one finding"
    (symptom,) = again.findings[0]["symptoms"]
    assert symptom["rule"] == "IG501"
    assert symptom["message"].startswith("It ended with exit code 1 before it was ready. Its log says: ")
    said = importguard("check", image, "--start", "--start-anyway", "--pull", "never").out
    assert "When it is started (IG501 start-exits): It ended with exit code 1" in " ".join(said.split())


def test_variables_that_cloud_run_sets(tmp_path: Path) -> None:
    lines = DOCKERFILE.replace("EXPOSE", "ENV PORT=5000\nEXPOSE")
    image = build("service-env", lines, {"shop": SERVICE / "shop"})
    (tmp_path / "importguard.toml").write_text('[start]\nplatform = "cloud-run"\nsettle = "0.5s"\n')
    result = check(image, "--start", cwd=tmp_path)
    assert (result.code, result.image["start"]["port"]) == (0, 8080)
    assert (result.finding("IG508")["module"], result.finding("IG508")["severity"]) == ("PORT", "warning")


def test_an_image_without_python_is_asked_from_another(service: str) -> None:
    code = (
        "use IO::Socket::INET; $SIG{TERM} = sub { exit 0 }; "
        "my $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die; "
        "while (my $c = $s->accept) { my $l = <$c>; print $c qq(HTTP/1.0 200 OK\\r\\n\\r\\nok); close $c }"
    )
    lines = (
        "FROM base\nRUN rm -f $(which -a python3 python) /usr/bin/python3* /usr/local/bin/python3*\n"
        'EXPOSE 8080\nCOPY serve.pl /serve.pl\nCMD ["perl", "/serve.pl"]\n'
    )
    image = build("service-perl", lines, {"serve.pl": code})
    result = importguard("check", image, service, "--start", "--pull", "never", "--format", "json")
    without, python = result.report["images"]
    assert result.code == 0, (without["error"], without["findings"])
    assert (without["interpreter"], without["modules"]) == (None, [])
    assert without["start"]["requests"][0]["status"] == 200
    assert without["notes"] == ["There is no Python in the image: it was only started and asked."]
    assert python["start"]["ready_seconds"] is not None
    alone = check(image, "--start")
    assert (alone.code, alone.image["start"]) == (4, None)


def left_by(pid: int) -> list[str]:
    """The containers and networks that a process made with importguard."""
    label = ("--filter", f"label=importguard={pid}")
    return docker("ps", "-aq", *label).split() + docker("network", "ls", "-q", *label).split()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_however_it_is_stopped(service: str, number: int, tmp_path: Path) -> None:
    """After SIGKILL, see test_start_cases.py."""
    (tmp_path / "importguard.toml").write_text("[start]\nport = 1\n")
    with subprocess.Popen(
        command("check", service, "--start", "--pull", "never"),
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert wait_for(lambda: len(left_by(process.pid)) == 3, 60), "service, asker and network"
        process.send_signal(number)
        process.wait(60)
    assert wait_for(lambda: not left_by(process.pid), 60)
