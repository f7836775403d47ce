"""The whole conversation with a service: wait for its port, ask, let it settle, ask again.

It runs in a container that shares the network and the processes of the service's container, and ends with
it. What it sees goes to standard output, one frame a line: the secret of the run, a blank, JSON.
"""

from __future__ import annotations

import sys
import time

from importguard.probe.asking.listening import Listening
from importguard.probe.asking.ports import accepts, listeners

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict

    Values = Dict[str, Any]

_POLL_SECONDS = 0.01
_PATIENCE_SECONDS = 1.0
"""How long a port that was not asked for has to be all that is open, before it is taken for the service's."""

_REQUEST_SECONDS = 10.0
_SECOND_THOUGHT_SECONDS = 5.0
"""How long a wrong answer is asked for again. One that says "not yet" is asked for until the time is up."""

_NOT_YET = (None, 2, 429, 502, 503, 504)
"""Statuses of HTTP, and gRPC's NOT_SERVING."""

_TOO_MANY_REQUESTS = 429
"""Of a request that was answered a moment ago: who limits how often it may be made is well."""

_NOT_SERVING = 2
_NO_HEALTH_SERVICE = "UNIMPLEMENTED"
"""In the words of ``grpc_health``: a server of gRPC takes no service any more when it has been started."""

_MOST_TOLD = 2000
"""Characters of a body that are told: a megabyte that is no text makes too long a frame to be read."""

_PAUSE_SECONDS = 0.2
_REST_SECONDS = 20.0
_DUMP_SECONDS = 0.5  # that a Python may take to write where its threads are


def run(request: Values) -> None:
    """Talk to the service as ``request`` says, and end.

    A port that accepts by now is told before anything else is imported.
    """
    conversation = Conversation(request)
    conversation.look_for_port()
    import os
    import threading

    threading.Thread(target=_end_with_input, daemon=True).start()
    conversation.run()
    sys.stdout.flush()
    os._exit(0)


def _end_with_input() -> None:
    """A killed importguard leaves nothing behind: its end of the standard input closes."""
    import os

    while sys.stdin.buffer.read(4096):
        pass
    os._exit(1)


class Conversation:
    """``request``: secret, ports, any_port, worker, idle_told, http, grpc, websocket, headers, names, settle,
    seconds.

    ``seconds_to_answer`` are those that it has after its port accepts. After ``patience`` (None: never), and
    where its ports are open inside the container alone, one that does not work any more is not waited for.
    With ``default_time`` nobody says how long a start may take: then that is also so of one that answers
    HTTP inside the container alone, or whose main thread answers it on another port, or says NOT_SERVING.
    """

    def __init__(self, request: Values) -> None:
        self.request = request
        self.began = time.monotonic()
        self.ends = self.began + request["seconds"]
        self.host, self.port = "127.0.0.1", 0
        self.others_since = 0.0
        self.waiting: set[int] = set()
        """The processes that lived when the last request was made: a later one lets nobody wait."""
        self.listening = Listening(request)

    def tell(self, event: str, **values: Any) -> None:
        """Write one frame."""
        import json

        self.write_frame(json.dumps(dict(values, event=event)))

    def write_frame(self, text: str) -> None:
        """Write a frame, of which ``text`` is JSON."""
        sys.stdout.write(f"\n{self.request['secret']} {text}\n")
        sys.stdout.flush()

    def run(self) -> None:
        """Everything in order. What is not told was not reached."""
        from importguard.probe.asking.sockets import dump_workers, process_numbers

        is_well = self.converse()
        self.tell_surroundings()
        if not is_well:
            self.tell("dumping")
            # The host looks at how things stand: a worker without a handler dies of the signal.
            time.sleep(_PAUSE_SECONDS)
            if dump_workers(self.waiting or process_numbers()):
                time.sleep(_DUMP_SECONDS)
        self.tell("end")

    def tell_surroundings(self) -> None:
        """Say which sockets and processes there are."""
        from importguard.probe.asking.sockets import (
            connected,
            connecting,
            memory_peak,
            named,
            processes,
            unix_sockets,
        )

        self.tell(
            "surroundings",
            listeners=listeners(),
            ipv6_only=[] if self.port else self.listening.ipv6_only_ports(),
            unix=unix_sockets(),
            connecting=named(connecting(), self.request["names"]),
            connected=named(connected(), self.request["names"]),
            processes=processes(),
            memory_peak=memory_peak(),
        )

    def converse(self) -> bool:
        """Wait, ask and settle; whether all was well to the end."""
        if self.request["worker"]:
            self.wait_for_rest()
            self.tell("ready")
            self.tell("settled", listening=True)
            return True
        if self.wait_for_port():
            self.ends = min(self.ends, time.monotonic() + self.request["seconds_to_answer"])
            answers = self.ask_all()
            if all(answers):
                self.tell("ready")
                return self.settle()
        return False

    def wait_for_rest(self) -> None:
        """Let a worker come to rest for as long as it has to settle, and get so far that it hears SIGTERM.

        Celery imports its tasks long after it was started, and would not hear a signal before. One that
        always works, or hears no signal, is given its time.
        """
        from importguard.probe.asking.sockets import hears_sigterm, is_busy

        ends = min(self.ends, time.monotonic() + _REST_SECONDS)
        since = time.monotonic()
        while time.monotonic() - since < self.request["settle"] or not hears_sigterm():
            if time.monotonic() > ends:
                return
            time.sleep(_POLL_SECONDS)
            if is_busy():
                since = time.monotonic()

    def wait_for_port(self) -> bool:
        """Wait until a wanted port accepts, or any where all are right; False when the time is up.

        With ``idle_told``, the host hears of one that opens no port and does nothing any more, while it does.
        """
        import importguard.probe.asking.exchanges  # noqa: F401  # While nothing has to be asked.
        from importguard.probe.asking.activity import WINDOW_SECONDS, Activity

        activity, patience = Activity(), self.request["patience"]
        without_port = Activity()
        while not (self.port or self.look_for_port()):
            now = time.monotonic()
            is_late = patience is not None and now - self.began > patience - WINDOW_SECONDS
            is_certain = is_late or self.listening.is_bound_inside()
            is_hopeless = (
                is_certain or self.listening.is_open_inside_alone() or self.listening.is_open_elsewhere()
            )
            if not is_hopeless:
                activity = Activity()  # What it did before says nothing of the seconds that count.
            is_at_rest = is_hopeless and activity.is_at_rest(now)
            if self.request["idle_told"] and self.listening.is_idle_without_port(without_port):
                self.tell_surroundings()
                self.tell("idle")
                without_port = Activity()
            if now >= self.ends or (is_at_rest and (is_certain or self.listening.serves_there())):
                self.tell("given_up", seconds=now - self.began)
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def look_for_port(self) -> bool:
        """Whether such a port accepts now; tells of it, without the ``json`` module, which takes time."""
        open_ports = self.listening.open_ports()
        candidates = [port for port in self.request["ports"] if port in open_ports]
        if self.request["any_port"] and open_ports and not candidates:
            self.others_since = self.others_since or time.monotonic()
            if time.monotonic() - self.others_since >= _PATIENCE_SECONDS:
                candidates = sorted(open_ports)
        for port in candidates:
            if accepts(open_ports[port], port):
                self.host, self.port = open_ports[port], port
                self.write_frame('{"event": "listening", "port": %d}' % port)
                return True
        return False

    def ask_all(self) -> list[bool]:
        """Ask for everything; give whether each was answered as it should be."""
        answers = [self.ask_until_right("http", asked, self.ask_http) for asked in self.request["http"]]
        for asked in self.request["websocket"]:
            answers.append(self.ask_until_right("websocket", asked, self.shake_hands))
        if self.request["grpc"]:
            answers.append(self.ask_until_right("grpc", {}, self.ask_grpc_health))
        return answers

    def ask_until_right(self, kind: str, asked: Values, ask: Callable[[Values], Values]) -> bool:
        """Ask again while the answer may still become right; tell the last one."""
        from importguard.probe.asking.activity import Activity
        from importguard.probe.asking.sockets import connecting, process_numbers

        first_wrong: float | None = None
        activity = Activity()
        begun = time.monotonic()
        while True:
            self.waiting = process_numbers()
            # Before it is asked: to answer is no work of its own.
            is_at_rest = kind == "grpc" and self.request["default_time"] and activity.is_at_rest()
            answer = ask(asked)
            stays = is_at_rest and answer["status"] == _NOT_SERVING and not connecting()
            if answer["right"] or stays or self.is_final(first_wrong):
                self.tell_answer(kind, asked, answer, waited=time.monotonic() - begun)
                return bool(answer["right"])
            if answer["status"] not in _NOT_YET or _NO_HEALTH_SERVICE in answer["error"]:
                first_wrong = first_wrong or time.monotonic()
            time.sleep(_PAUSE_SECONDS)

    def is_final(self, first_wrong: float | None) -> bool:
        """Whether a wrong answer has had its time."""
        if time.monotonic() >= self.ends:
            return True
        return first_wrong is not None and time.monotonic() - first_wrong > _SECOND_THOUGHT_SECONDS

    def ask_http(self, asked: Values) -> Values:
        """One request, judged by what was asked for."""
        from importguard.probe.asking.exchanges import ask_http

        headers = dict(self.request["headers"], **dict(asked.get("headers", ())))
        answer = ask_http(self.host, self.port, asked["path"], headers, self.patience())
        status, body = asked.get("status"), asked.get("body")
        if answer["error"]:
            right = False
        elif status is not None:
            right = answer["status"] == status
        else:
            right = answer["status"] < asked.get("below", 500)
        answer["right"] = right and (body is None or body in answer["body"])
        if answer["right"] and status is None and answer["headers"].get("location"):
            self.ask_redirects(answer, asked["path"], headers)
        if answer["right"] and asked.get("assets"):
            self.ask_assets(answer, asked["path"])
        return answer

    def ask_redirects(self, answer: Values, path: str, headers: dict[str, str]) -> None:
        """Redirects that lead back to themselves make an answer wrong: nobody ever sees a page."""
        from importguard.probe.asking.exchanges import ask_http
        from importguard.probe.asking.redirects import redirect_loop

        def ask(target: str, cookies: str) -> Values:
            sent = dict(headers, Cookie=cookies) if cookies else headers
            return ask_http(self.host, self.port, target, sent, self.patience())

        scheme = headers.get("X-Forwarded-Proto", "http")
        address = f"[{self.host}]" if ":" in self.host else self.host
        host = headers.get("Host") or f"{address}:{self.port}"
        again = redirect_loop(answer, f"{scheme}://{host}{path}", ask)
        if again:
            answer["error"], answer["right"] = f"it redirects to {again} without end", False

    def ask_assets(self, answer: Values, path: str) -> None:
        """Ask for what the page needs; the first that is not there makes its answer wrong."""
        from importguard.probe.asking.exchanges import ask_http
        from importguard.probe.asking.pages import own_assets, what_is_wrong_with_asset

        for asset in own_assets(answer["body"], path):
            found = ask_http(self.host, self.port, asset, self.request["headers"], self.patience())
            what = what_is_wrong_with_asset(found)
            if what:
                answer["error"], answer["right"] = f"{asset}, which the page needs: {what}", False
                return

    def ask_grpc_health(self, _asked: Values) -> Values:
        """The state of health by gRPC's own protocol for that."""
        from importguard.probe.asking.grpc_health import ask_grpc_health

        return ask_grpc_health(self.host, self.port, self.patience())

    def shake_hands(self, asked: Values) -> Values:
        """One handshake, judged by what was asked for."""
        from importguard.probe.asking.exchanges import shake_hands

        answer = shake_hands(
            self.host,
            self.port,
            asked["path"],
            self.request["headers"],
            asked.get("protocol") or "",
            self.patience(),
        )
        right = answer["status"] == asked.get("status", 101) and not answer["error"]
        if right and answer["status"] == 101:
            right = "close_code" not in answer and answer["protocol"] == (asked.get("protocol") or "")
        answer["right"] = right
        return answer

    def patience(self) -> float:
        """Seconds that one request may take."""
        return float(max(min(_REQUEST_SECONDS, self.ends - time.monotonic()), 1.0))

    def settle(self) -> bool:
        """Look again a moment later: a process that binds its port early and dies is not ready.

        The answer that is wrong now is told. After ten seconds no further request is made again.
        """
        time.sleep(self.request["settle"])
        # Its time to get ready may be over: these requests have a time of their own.
        self.ends = ends = time.monotonic() + _REQUEST_SECONDS
        held = accepts(self.host, self.port)
        for asked in self.request["http"]:
            if not held or time.monotonic() >= ends:
                break
            self.ends = time.monotonic() + _REQUEST_SECONDS
            answer = self.ask_http(asked)
            held = answer["right"] or answer["status"] == _TOO_MANY_REQUESTS
            if not held:
                self.tell_answer("http", asked, answer)
        if held and self.request["grpc"]:
            answer = self.ask_grpc_health({})
            held = answer["right"]
            if not held:
                self.tell_answer("grpc", {}, answer)
        self.tell("settled", listening=held)
        return bool(held)

    def tell_answer(self, kind: str, asked: Values, answer: Values, waited: float = 0.0) -> None:
        """Tell of an answer, with the beginning of its body."""
        self.tell(kind, asked=asked, answer=dict(answer, body=answer["body"][:_MOST_TOLD], waited=waited))
