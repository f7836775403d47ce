"""A registry on the loopback interface that can be told to misbehave, and that notes what it is asked."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, NamedTuple, Optional
from urllib.parse import urlsplit

from unit.engines.embedded.archives import Blobs, add_image, digest

USER, PASSWORD = "reader", "correct-horse-battery"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
CHALLENGE = {"WWW-Authenticate": 'Basic realm="test"'}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Request(NamedTuple):
    """One request that the server got."""

    path: str
    headers: Mapping[str, str]
    body: bytes


Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Does what the server was told for a path, else what a registry does."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    wbufsize = -1  # Headers and body in one packet: else each answer takes 40 ms.
    server: FakeRegistry

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        self.server.asked.append(Request(self.path, dict(self.headers.items()), body))
        planned = self.server.planned.get(path.rpartition("/")[2]) or self.server.planned.get(path)
        with suppress(BrokenPipeError, ConnectionResetError):
            if self.server.needs and self.headers.get("Authorization") not in self.server.needs:
                self.give(401, self.server.challenge, b'{"errors": [{"code": "UNAUTHORIZED"}]}')
            elif planned:
                (planned.pop(0) if len(planned) > 1 else planned[0])(self)
            else:
                self.serve_file(path)

    do_POST = do_GET

    def serve_file(self, path: str) -> None:
        if path == "/v2/":
            self.give(200, {}, b"{}")
            return
        data = self.server.files.get(path)
        if data is None:
            self.give(404, {}, b'{"errors": [{"message": "manifest unknown"}]}')
            return
        match = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if match and self.server.ranges:
            start = int(match[1])
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.give(206, {"Content-Range": span}, data[start:])
        else:
            self.give(200, {"Content-Type": MANIFEST} if "manifests" in path else {}, data)

    def give(
        self, status: int, headers: Mapping[str, str], body: bytes, length: Optional[int] = None
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class FakeRegistry(ThreadingHTTPServer):
    """``files`` are what it has by path; ``needs`` are the values of Authorization that it takes.

    ``planned`` is what it does for a path or its last part instead, in turn, and the last one for ever.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.reference = f"registry:{self.host}/team/app:1"
        self.files: dict[str, bytes] = {}
        self.planned: dict[str, list[Behaviour]] = {}
        self.asked: list[Request] = []
        self.needs: set[str] = set()
        self.challenge: Mapping[str, str] = CHALLENGE
        self.ranges = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away."""

    def add_image(self, *layers: bytes, **settings: Any) -> dict[str, Any]:
        """Add an image under the tag ``1``; give its manifest."""
        blobs: Blobs = {}
        described = add_image(blobs, layers, **settings)
        self.add_blobs(blobs)
        manifest: dict[str, Any] = json.loads(self.put_tag(self.blob(described["digest"])))
        return manifest

    def add_blobs(self, blobs: Blobs) -> None:
        for name, data in blobs.items():
            for kind in ("blobs", "manifests"):
                self.files[f"/v2/team/app/{kind}/{name.split('/', 1)[1].replace('/', ':')}"] = data

    def put_tag(self, data: bytes) -> bytes:
        """Make a document what the tag leads to."""
        self.files["/v2/team/app/manifests/1"] = data
        self.files[f"/v2/team/app/manifests/{digest(data)}"] = data
        return data

    def blob(self, named: str) -> bytes:
        return self.files[f"/v2/team/app/blobs/{named}"]

    def asked_for(self, text: str) -> list[Request]:
        return [request for request in self.asked if text in request.path]


@contextmanager
def fake_registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()


def served(handler: Handler) -> None:
    """What a registry does."""
    handler.serve_file(urlsplit(handler.path).path)


def status(code: int, headers: Mapping[str, str] = {}, body: bytes = b"") -> Behaviour:
    return lambda handler: handler.give(code, headers, body)


def cut_after(count: int) -> Behaviour:
    """Promise the whole file, or the rest of it, and close the connection after so many bytes."""

    def behave(handler: Handler) -> None:
        data = handler.server.files[urlsplit(handler.path).path]
        match = re.match(r"bytes=(\d+)-", handler.headers.get("Range") or "")
        start = int(match[1]) if match and handler.server.ranges else 0
        span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        handler.give(206 if start else 200, span, data[start : start + count], len(data) - start)
        handler.close_connection = True

    return behave


def drop_connection(handler: Handler) -> None:
    handler.close_connection = True
    handler.connection.close()


def endless(chunk: bytes, pause: float = 0.0) -> Behaviour:
    """A body without an end, and without a length."""

    def behave(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        until = time.monotonic() + 15
        while time.monotonic() < until:
            handler.wfile.write(chunk)
            handler.wfile.flush()
            time.sleep(pause)

    return behave


def redirect(url: str, code: int = 307) -> Behaviour:
    return status(code, {"Location": url})


def bearer_challenge(realm: str, more: str = "") -> dict[str, str]:
    return {"WWW-Authenticate": f'Bearer realm="{realm}",service="fake, really",scope="x:y:push"{more}'}


def tokens(*given: Mapping[str, Any]) -> Sequence[Behaviour]:
    return [status(200, {}, json.dumps(each).encode()) for each in given]
