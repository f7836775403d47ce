"""How long a service is waited for, and what memory of it is told, on this machine's own /proc."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from importguard.probe.asking import activity, conversation, listening, ports, sockets
from importguard.probe.asking.activity import Activity
from importguard.probe.asking.conversation import Conversation
from importguard.probe.asking.listening import Listening

REQUEST: dict[str, Any] = {
    "secret": "s3",
    "ports": [1],
    "any_port": False,
    "worker": False,
    "idle_told": False,
    "http": [],
    "grpc": False,
    "websocket": [],
    "headers": {},
    "names": [],
    "seconds": 30.0,
    "seconds_to_answer": 30.0,
    "patience": None,
    "default_time": False,
    "settle": 0.0,
}


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line[3:]) for line in output.splitlines() if line.startswith("s3 ")]


@contextmanager
def answering(*said: bytes) -> Iterator[int]:
    """The port of a server on 127.0.0.1 that says these in turn to who connects, and then the last again."""

    def serve(listening: socket.socket) -> None:
        answers = iter(said)
        answer = b""
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    if connection.recv(4096):
                        answer = next(answers, answer)
                        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, args=(listening,), daemon=True).start()
        yield listening.getsockname()[1]


def looks(busy: list[bool]) -> tuple[Activity, list[bool]]:
    """What is told at each second, where the processes look like this."""
    seen = iter(busy)
    watched = Activity(lambda: next(seen))
    return watched, [watched.is_at_rest(float(second)) for second in range(len(busy))]


def test_rest_is_told_after_ten_seconds_without_work() -> None:
    assert looks([False] * 12)[1] == [False] * 10 + [True] * 2
    assert looks([True] * 12)[1] == [False] * 12
    assert looks([True, *[False] * 12])[1] == [False] * 11 + [True] * 2


@pytest.mark.parametrize(
    ("sleeps", "is_at_rest"),
    [
        ([7, 7, 0, 8, 8, 0, 9, 9, 0, 10, 10, 0], True),
        ([7, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 9], False),  # It works between: a long task, and a pause.
        ([7] * 12, False),
    ],
)
def test_a_script_that_tries_again_and_again_does_not_work(
    sleeps: list[int], is_at_rest: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``until nc -z db 5432; do sleep 0.1; done`` starts so many programs that something mostly runs."""
    seen = iter(sleeps)
    monkeypatch.setattr(activity, "sleep_of_a_script", lambda: next(seen))
    assert looks([True] * 12)[1][-1] is is_at_rest


SHELL = {1: ("tini", "S", 0), 5: ("start me.sh", "S", 1)}


@pytest.mark.parametrize(
    ("processes", "told"),
    [
        ({**SHELL, 9: ("sleep", "S", 5)}, 9),
        ({**SHELL, 9: ("sleep", "S", 5), 8: ("nc", "Z", 5)}, 9),
        ({**SHELL, 9: ("sleep", "S", 5), 8: ("python3", "S", 5)}, 0),
        ({**SHELL, 9: ("nc", "R", 5)}, 0),
        ({1: ("sleep", "S", 0)}, 1),
        ({}, 0),
    ],
)
def test_a_sleep_that_all_wait_for(
    processes: dict[int, tuple[str, str, int]], told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is started in the background lives beside it: who waits for that is no hopeless loop."""
    stat = {f"/proc/{n}/stat": f"{n} ({one[0]}) {one[1]} {one[2]} 1 1" for n, one in processes.items()}
    monkeypatch.setattr(sockets, "process_numbers", lambda: set(processes))
    monkeypatch.setattr(sockets, "text_of", lambda path: stat.get(path, ""))
    assert sockets.sleep_of_a_script() == told


def test_what_does_not_work_any_more_is_given_up(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importguard.probe.asking.activity.WINDOW_SECONDS", 0.2)
    monkeypatch.setattr(Activity.__init__, "__defaults__", (lambda: False,))
    assert not Conversation({**REQUEST, "patience": 0.3}).wait_for_port()
    (told,) = events(capsys.readouterr().out)
    assert told["event"] == "given_up"
    assert 0.1 < told["seconds"] < 10


def test_what_is_open_inside_alone_is_given_up_without_patience(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "WINDOW_SECONDS", 0.2)
    monkeypatch.setattr(Activity.__init__, "__defaults__", (lambda: False,))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.getsockname()[1]
        assert not Conversation({**REQUEST, "ports": [number]}).wait_for_port()
    (told,) = events(capsys.readouterr().out)
    assert (told["event"], told["seconds"] < 10) == ("given_up", True)


def test_what_was_seen_long_ago_says_nothing_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look was as early as the start: it is not the beginning of ten seconds at rest."""
    monkeypatch.setattr(activity, "WINDOW_SECONDS", 0.5)
    monkeypatch.setattr(Activity.__init__, "__defaults__", (lambda: False,))
    asking = Conversation({**REQUEST, "seconds": 5.0})
    answers = iter([True, *[False] * 70])
    monkeypatch.setattr(asking.listening, "is_bound_inside", lambda: next(answers, True))
    begun = time.monotonic()
    assert not asking.wait_for_port()
    assert time.monotonic() - begun > 1.2  # 70 looks, a hundred a second, and the window


def test_of_several_ports_one_that_is_open_inside_alone_is_not_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        numbers = [listening.getsockname()[1] for listening in (first, second)]
        assert Listening({**REQUEST, "ports": numbers}).is_bound_inside()
        assert not Listening({**REQUEST, "ports": [*numbers, 9]}).is_bound_inside()
        assert not Listening({**REQUEST, "ports": []}).is_bound_inside()


@pytest.mark.parametrize("ipv6_only", [True, False])
def test_a_server_that_takes_no_ipv4_is_told(ipv6_only: bool) -> None:
    with socket.socket(socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, ipv6_only)
        server.bind(("::", 0))
        server.listen()
        port = server.getsockname()[1]
        assert (port in Listening(REQUEST).ipv6_only_ports()) is ipv6_only


@pytest.fixture
def resting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that do nothing, of which that is known at once."""
    monkeypatch.setattr(activity, "WINDOW_SECONDS", 0.2)
    monkeypatch.setattr(Activity.__init__, "__defaults__", (lambda: False,))


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    ("said", "default_time", "is_soon"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", True, True),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", False, False),
        (b"220 a helper that is no server of the service\r\n", True, False),
    ],
)
def test_a_server_inside_alone_is_given_up_soon_where_nobody_gives_the_time(
    said: bytes, default_time: bool, is_soon: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(said) as port:
        monkeypatch.setattr(listening, "listeners", lambda: [("127.0.0.1", port)])
        request = {**REQUEST, "any_port": True, "default_time": default_time, "seconds": 3.0}
        begun = time.monotonic()
        assert not Conversation(request).wait_for_port()
    assert (time.monotonic() - begun < 2.5) is is_soon


IN_THE_MAIN_THREAD = "server.serve_forever()"
BESIDE_IT = (
    "import threading, time\nthreading.Thread(target=server.serve_forever, daemon=True).start()\n"
    "while True:\n    time.sleep(0.02)"
)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    ("serve", "default_time", "is_soon"),
    [(IN_THE_MAIN_THREAD, True, True), (IN_THE_MAIN_THREAD, False, False), (BESIDE_IT, True, False)],
)
def test_a_program_that_serves_another_port_is_given_up_soon(
    serve: str, default_time: bool, is_soon: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What serves metrics beside a program that has not begun yet is no sign of its end."""
    code = (
        "from http.server import HTTPServer, SimpleHTTPRequestHandler\n"
        "server = HTTPServer(('', 0), SimpleHTTPRequestHandler)\n"
        f"print(server.server_port, flush=True)\n{serve}"
    )
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", code], **piped) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        monkeypatch.setattr(listening, "listeners", lambda: [("0.0.0.0", port)])
        monkeypatch.setattr(sockets, "process_numbers", lambda: {process.pid})
        request = {**REQUEST, "default_time": default_time, "seconds": 3.0}
        begun = time.monotonic()
        assert not Conversation(request).wait_for_port()
        took = time.monotonic() - begun
        process.kill()
    assert (took < 2.5) is is_soon


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    ("answer", "default_time", "is_soon"),
    [
        ({"status": 2, "error": ""}, True, True),
        ({"status": 2, "error": ""}, False, False),
        ({"status": None, "error": "grpc-status 12 (UNIMPLEMENTED: it has no health service)"}, False, True),
        ({"status": None, "error": "the connection was refused"}, True, False),
    ],
)
def test_what_grpc_says_for_good_is_not_asked_to_the_end(
    answer: dict[str, Any], default_time: bool, is_soon: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "_SECOND_THOUGHT_SECONDS", 0.1)
    request = {**REQUEST, "default_time": default_time, "seconds": 3.0}
    begun = time.monotonic()
    asked = Conversation(request).ask_until_right(
        "grpc", {}, lambda _: {"right": False, "body": "", **answer}
    )
    assert (asked, time.monotonic() - begun < 2.5) == (False, is_soon)


@pytest.mark.usefixtures("resting")
@pytest.mark.parametrize(
    ("open_ports", "reaching", "is_told"),
    [([], [], True), ([("127.0.0.1", 1)], [], False), ([], [("10.0.0.1", 5432)], False)],
)
def test_one_that_opens_no_port_and_does_nothing_is_told(
    open_ports: list[tuple[str, int]],
    reaching: list[tuple[str, int]],
    is_told: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its HEALTHCHECK may say that it is well all the same; not of one that waits for a server."""
    monkeypatch.setattr(listening, "listeners", lambda: open_ports)
    monkeypatch.setattr(sockets, "connecting", lambda: reaching)
    assert not Conversation({**REQUEST, "idle_told": True, "seconds": 1.0}).wait_for_port()
    assert ("idle" in [event["event"] for event in events(capsys.readouterr().out)]) is is_told


def test_what_works_has_its_time(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "WINDOW_SECONDS", 0.1)
    monkeypatch.setattr(Activity.__init__, "__defaults__", (lambda: True,))
    assert not Conversation({**REQUEST, "patience": 0.1, "seconds": 1.0}).wait_for_port()
    (told,) = events(capsys.readouterr().out)
    assert told["seconds"] >= 1.0


def test_of_a_long_body_that_is_no_text_the_beginning_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole of it would be a frame that is longer than the host reads."""
    body = b"\xff" * 1_000_000
    with answering(b"HTTP/1.1 404 No\r\nContent-Length: 1000000\r\n\r\n" + body) as port:
        talk = Conversation({**REQUEST, "http": [{"path": "/", "status": 404}]})
        talk.port = port
        assert talk.ask_all() == [True]
    output = capsys.readouterr().out
    (told,) = events(output)
    assert (told["answer"]["status"], len(output) < 20_000) == (404, True)


OK, LIMITED, BROKEN = (
    b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % status for status in (200, 429, 500)
)


@pytest.mark.parametrize(
    ("answers", "held", "told"),
    [
        ((OK, OK, OK), True, [200, 200]),
        ((OK, OK, OK, BROKEN), False, [200, 200, 500]),
        ((OK, OK, BROKEN), False, [200, 200, 500]),
        ((OK, OK, OK, LIMITED), True, [200, 200]),
    ],
)
def test_every_request_is_made_again_a_moment_later(
    answers: tuple[bytes, ...], held: bool, told: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    """What limits how often it answers has answered once: that it does not now is no failure."""
    asked = [{"path": path, "status": 200} for path in ("/", "/health")]
    with answering(*answers) as port:
        talk = Conversation({**REQUEST, "http": asked})
        talk.port = port
        assert talk.ask_all() == [True, True]
        talk.ends = 0.0  # Its time to get ready is over now.
        assert talk.settle() is held
    seen = [event for event in events(capsys.readouterr().out) if event["event"] == "http"]
    assert [event["answer"]["status"] for event in seen] == told


def test_a_port_that_accepts_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        number = listening.getsockname()[1]
        asking = Conversation({**REQUEST, "ports": [number]})
        assert asking.look_for_port()
        assert asking.wait_for_port()
    assert events(capsys.readouterr().out) == [{"event": "listening", "port": number}]


def test_ports_takes_built_in_modules_only() -> None:
    """What it imports is imported before the first look: every millisecond of it is one not seen."""
    code = Path(ports.__file__).read_text("utf-8").partition("TYPE_CHECKING")[0]
    assert [line for line in code.splitlines() if line.startswith(("import ", "from "))] == [
        "from __future__ import annotations",
        "import _socket",
    ]


@pytest.mark.parametrize(
    ("files", "peak"),
    [
        # Control groups of version 2, Linux 6.1: the namespace's own group is the root of the mount.
        ({"memory.peak": "73728000\n", "memory.current": "52428800\n"}, 73728000),
        # Version 2 before Linux 5.19 has no memory.peak.
        ({"memory.current": "52428800\n", "memory.max": "536870912\n"}, 0),
        # Version 1, a folder a controller.
        ({"memory/memory.max_usage_in_bytes": "73728000\n", "memory/memory.usage_in_bytes": "1\n"}, 73728000),
        # Hybrid: version 1 does the accounting, and version 2 holds no memory.
        ({"memory/memory.max_usage_in_bytes": "4096\n", "unified/cgroup.procs": "1\n"}, 4096),
        ({}, 0),
    ],
)
def test_the_peak_of_memory_in_either_layout(
    files: dict[str, str], peak: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "1" / "root" / "sys" / "fs" / "cgroup"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    read = sockets.text_of
    monkeypatch.setattr(sockets, "text_of", lambda path: read(str(tmp_path) + path[len("/proc") :]))
    assert sockets.memory_peak() == peak
