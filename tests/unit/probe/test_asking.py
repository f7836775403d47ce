"""What the asker reads and sends, against servers of this process."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from importguard.probe.asking import sockets
from importguard.probe.asking.exchanges import ask_http, shake_hands
from importguard.probe.asking.grpc_health import ask_grpc_health
from importguard.probe.asking.pages import own_assets, what_is_wrong_with_asset
from importguard.probe.asking.ports import accepts, is_loopback, listeners
from importguard.probe.asking.redirects import redirect_loop
from importguard.probe.asking.sockets import processes


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port that answers every connection by ``answer``."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(10)


def saying(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(text)

    return answer


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, ""),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", 503, ""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", 200, "within the body"),
        (b"220 mail ESMTP\r\n", None, "no HTTP"),
        (b"", None, "closed without an answer"),
    ],
)
def test_what_came_of_a_request(said: bytes, status: int | None, words: str) -> None:
    with server(saying(said)) as port:
        answer = ask_http("127.0.0.1", port, "/", {}, 10.0)
    assert answer["status"] == status
    assert words in answer["error"]
    assert bool(answer["error"]) == bool(words)


def redirecting(path: str, cookies: str) -> dict[str, object]:
    """A service with a language in a cookie, two pages that send one another on, and one far away."""
    places = {"/": "/en", "/a": "/b", "/b": "/a", "/self": "/self"}
    to = {**places, "/away": "https://else.example/", "/template": "http://[HOST]/"}.get(path, "")
    if path == "/self" and cookies == "seen=1":
        to = ""
    headers = {"location": to} if to else {}
    return {
        "status": 302 if to else 200,
        "headers": headers,
        "cookies": ["seen=1"] if path == "/self" else [],
    }


@pytest.mark.parametrize(
    ("path", "again"),
    [
        ("/", ""),
        ("/en", ""),
        ("/away", ""),
        ("/template", ""),
        ("/self", ""),
        ("/a", "https://h:1/a"),
        ("/b", "https://h:1/b"),
    ],
)
def test_redirects_that_never_end(path: str, again: str) -> None:
    assert redirect_loop(redirecting(path, ""), f"https://h:1{path}", redirecting) == again


SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
TRAILERS = b"\0\0\x0e\x01\x05\0\0\0\1@\x0bgrpc-status\x01"


@pytest.mark.parametrize(
    ("said", "state", "words"),
    [
        (SETTINGS + b"\0\0\7\0\1\0\0\0\1\0\0\0\0\2\x08\1", 1, ""),
        (SETTINGS + b"\0\0\7\0\1\0\0\0\1\0\0\0\0\2\x08\2", 2, ""),
        (SETTINGS + b"\0\0\x0f" + TRAILERS[3:] + b"5", None, "grpc-status 5 (NOT_FOUND)"),
        (b"\0\0\x04\x03\0\0\0\0\1\0\0\0\7", None, "refused (HTTP/2 error 7)"),
        (b"\0\0\0\0\x08\0\0\0\1", None, "no HTTP/2"),
        (b"\0\0\0\3\0\0\0\0\1", None, "no HTTP/2"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", None, "answers in HTTP/1"),
        (b"", None, "closed without an answer"),
    ],
)
def test_the_health_of_grpc(said: bytes, state: int | None, words: str) -> None:
    with server(saying(said)) as port:
        answer = ask_grpc_health("127.0.0.1", port, 5)
    assert (answer["status"], answer["right"]) == (state, state == 1)
    assert words in answer["error"]


def test_an_answer_that_never_ends_is_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while not gone.wait(0.05):
            connection.sendall(b"x")

    gone = threading.Event()
    with server(drip) as port:
        answer = ask_http("127.0.0.1", port, "/", {}, 0.5)
        gone.set()
    assert (answer["status"], answer["late"], "no whole answer" in answer["error"]) == (200, True, True)


def test_a_port_that_speaks_tls() -> None:
    with server(saying(b"\x15\x03\x01\x00\x02\x02\x46")) as port:
        assert ask_http("127.0.0.1", port, "/", {}, 10.0)["tls"]


def test_a_handshake_with_a_wrong_key() -> None:
    said = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
    with server(saying(said)) as port:
        answer = shake_hands("127.0.0.1", port, "/ws", {}, "", 10.0)
    assert (answer["status"], "Sec-WebSocket-Accept" in answer["error"]) == (101, True)


def test_a_port_that_listens_is_seen() -> None:
    with server(saying(b"")) as port:
        assert ("127.0.0.1", port) in listeners()
        assert accepts("127.0.0.1", port)
    assert not accepts("127.0.0.1", port)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
    ],
)
def test_who_reaches_an_address(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


def test_other_processes_are_seen() -> None:
    assert all(len(process) == 4 for process in processes())


def test_one_that_works_is_busy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its own state does not count; a command's name may hold brackets."""
    for number, state in (("7", "S"), ("8", "R"), (str(os.getpid()), "R")):
        (tmp_path / number).mkdir()
        (tmp_path / number / "stat").write_text(f"{number} (a) R (b)) {state} 1 7 7 0\n")
    paths = lambda path: str(tmp_path) + path[len("/proc") :]  # noqa: E731
    read, listed = sockets.text_of, os.listdir
    monkeypatch.setattr(sockets, "text_of", lambda path: read(paths(path)))
    monkeypatch.setattr(os, "listdir", lambda path: listed(paths(path)))
    assert sockets.is_busy()
    (tmp_path / "8" / "stat").write_text("8 (a) S 1\n")
    assert not sockets.is_busy()


def test_the_assets_of_a_page() -> None:
    page = """<link rel="stylesheet" href="style.css"><link rel="icon" href="/icon.png">
    <script src="/app.js?v=1"></script><script src="/app.js?v=1"></script><script>inline()</script>
    <script src="https://elsewhere.example/x.js"></script><script src="../up.js"></script>"""
    assert own_assets(page, "/shop/") == ["/shop/style.css", "/app.js?v=1", "/up.js"]


@pytest.mark.parametrize(
    ("status", "kind", "body", "words"),
    [
        (200, "text/javascript", b"go()", ""),
        (404, "text/javascript", b"go()", "answered 404"),
        (200, "text/html; charset=utf-8", b"\n<!DOCTYPE html><html></html>", "page of HTML"),
        (200, "text/html", b"<!-- a script for old browsers\ngo()", ""),
        (200, "text/javascript", b"<html> in no HTML", ""),
        (302, "text/html", b"<!doctype html><title>Redirecting...</title>", ""),
    ],
)
def test_what_a_script_is_answered_with(status: int, kind: str, body: bytes, words: str) -> None:
    """A front end's fallback to its page is 200, too."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    with server(saying(head.encode() + body)) as port:
        told = what_is_wrong_with_asset(ask_http("127.0.0.1", port, "/app.js", {}, 5.0))
    assert words in told
    assert bool(told) is bool(words)
