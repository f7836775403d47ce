"""A service in every state of health: ``python3 -m shop.serve MODE``. Standard library only."""

import base64
import hashlib
import json
import logging
import os
import signal
import socket
import struct
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer

BEGUN = time.monotonic()
PORT = int(os.environ.get("PORT", "8080"))


class Handler(BaseHTTPRequestHandler):
    """Answers ``GET /`` by the mode."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            websocket(self)
            return
        answer = ANSWERS.get(MODE, well)
        answer(self)

    def give(self, status, body=b"hello", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def well(handler):
    handler.give(200)


def warms_up(handler):
    handler.give(503 if time.monotonic() - BEGUN < 3 else 200)


def stays_unavailable(handler):
    handler.give(503, b"the cache is cold")


def raises(handler):
    try:
        from shop import gone_module  # noqa: F401
    except ImportError:
        logging.exception("request failed")
    handler.give(500, b"Internal Server Error")


def never(handler):
    time.sleep(3600)


def drips(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "600")
    handler.end_headers()
    for _ in range(600):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(1)


def floods(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"x" * 10**6)


def redirects_to_itself(handler):
    """As an application that does not know that it is behind a front end which speaks https."""
    handler.give(301, b"", Location="https://" + handler.headers["Host"] + handler.path)


def redirects(handler):
    handler.give(301, b"", Location="https://shop.example/")


def babbles(handler):
    handler.wfile.write(b"220 mail.example ESMTP\r\n")
    handler.close_connection = True


def alerts(handler):
    """What a TLS server answers plain text with."""
    handler.wfile.write(b"\x15\x03\x01\x00\x02\x02\x46")
    handler.close_connection = True


def chats(handler):
    """Half a gigabyte on every request, of which there are two at least."""
    for _ in range(5000):
        print("x" * 100_000)
    handler.give(200)


def calls_others(handler):
    """Answered well where the services that it needs are there by their names."""
    try:
        with urllib.request.urlopen("http://auth:8080/", timeout=5) as answer:
            name = answer.read()
        socket.create_connection(("db", 5432), 5).close()
    except OSError as error:
        handler.give(500, str(error).encode())
    else:
        handler.give(200, name)


def looks_outside(handler):
    """Answered well where there is no way out, and that is said at once."""
    begun = time.monotonic()
    try:
        socket.create_connection(("192.0.2.1", 80), 30).close()
    except OSError as error:
        handler.give(200 if time.monotonic() - begun < 10 else 500, str(error).encode())
    else:
        handler.give(500, b"there is a way out")


def limps(handler):
    """Answers, and logs that something is not there."""
    try:
        from shop.recommendations import best  # noqa: F401
    except ImportError:
        logging.exception("no recommendations")
    handler.give(200)


PAGE = b"""<html><link rel="stylesheet" href="style.css"><script src="/app.js"></script>
<script src="https://elsewhere.invalid/x.js"></script></html>"""


def page(handler):
    handler.give(200, PAGE if handler.path == "/" else b"")


def bare_page(handler):
    handler.give(404 if handler.path == "/app.js" else 200, PAGE if handler.path == "/" else b"")


ANSWERS = {
    "page": page,
    "bare-page": bare_page,
    "limps": limps,
    "calls": calls_others,
    "outside": looks_outside,
    "warms-up": warms_up,
    "unavailable": stays_unavailable,
    "raises": raises,
    "never": never,
    "drips": drips,
    "floods": floods,
    "redirects": redirects,
    "loops": redirects_to_itself,
    "babbles": babbles,
    "tls": alerts,
    "chats": chats,
}


def websocket(handler):
    """RFC 6455 by hand: /ws opens, /ws/refused is for members, /ws/fails closes at once."""
    if handler.path.partition("?")[0] == "/ws/refused" and not handler.path.endswith("=member"):
        handler.give(403, b"who are you?")
        return
    key = handler.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    handler.send_response(101)
    handler.send_header("Upgrade", "websocket")
    handler.send_header("Connection", "Upgrade")
    handler.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
    if handler.headers.get("Sec-WebSocket-Protocol") == "chat.v1":
        handler.send_header("Sec-WebSocket-Protocol", "chat.v1")
    handler.end_headers()
    if handler.path == "/ws/fails":
        reason = b"no database"
        handler.wfile.write(bytes([0x88, 2 + len(reason)]) + struct.pack("!H", 1011) + reason)
    else:
        handler.wfile.write(bytes([0x81, 5]) + b"hello")
        handler.rfile.read(1)
    handler.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True


class ServerOverIPv6(Server):
    address_family = socket.AF_INET6


class ServerWithoutIPv4(ServerOverIPv6):
    """As asyncio binds ``::``."""

    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()


def serve(host="0.0.0.0", port=PORT, server=Server):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server((host, port), Handler).serve_forever()


def exits_after_a_traceback():
    """As the application of an incident did: wrapped, logged, exit code 3."""
    try:
        try:
            from shop.monitoring import metrics  # noqa: F401
        except ImportError as error:
            raise RuntimeError("Failed to set up the middleware") from error
    except RuntimeError:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
        logging.exception("startup failed")
        sys.exit(3)


def exits_after_a_json_log():
    try:
        from shop.monitoring import metrics  # noqa: F401
    except ImportError:
        import traceback

        print(json.dumps({"severity": "CRITICAL", "error": {"stack": traceback.format_exc()}}), flush=True)
        sys.exit(3)


def writes_beside_its_code():
    with open("shop/state.json", "w") as state:
        state.write("{}")
    serve()


def reads_a_data_file():
    with open(os.path.join(os.path.dirname(__file__), "data", "rates.json")) as rates:
        json.load(rates)
    serve()


def wants_a_variable():
    os.environ["DATABASE_URL"]


def wants_a_server():
    socket.create_connection(("127.0.0.1", 5432))


def listens_and_dies():
    threading.Timer(0.4, os._exit, [5]).start()
    serve()


def listens_on_a_unix_socket():
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("/tmp/shop.sock")
    listening.listen()
    time.sleep(3600)


def grows():
    hoard = []
    while True:
        hoard.append(b"x" * 10**7)


def hoards():
    """700 MiB, and no more."""
    hoard = [b"x" * 2**20 for _ in range(700)]
    serve()
    return hoard


def writes_files():
    """600 MB of files: on a disk no trouble, in memory one."""
    with open("/tmp/model", "wb") as model:
        for _ in range(600):
            model.write(b"x" * 10**6)
    serve()


def ignores_sigterm():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Server(("0.0.0.0", PORT), Handler).serve_forever()


def works():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    while True:
        time.sleep(0.1)


def waits_with_threads():
    try:
        for _ in range(31):
            threading.Thread(target=signal.pause).start()
    except RuntimeError:
        pass  # there is no room for more
    signal.pause()


def forks_without_end():
    """Serve once there is no room for another process: where nothing limits them, that never comes.

    The kernel counts threads as processes (pids.max, cgroup v2), and makes them with a tenth of the work.
    """
    os.nice(19)  # The machine that runs the tests has other work, too.
    while True:
        try:
            if os.fork() == 0:
                waits_with_threads()
        except OSError:
            serve(server=HTTPServer)  # the other server would need a thread for each request


WAYS = {
    "exits-0": lambda: None,
    "exits-3": exits_after_a_traceback,
    "exits-3-json": exits_after_a_json_log,
    "forbidden": writes_beside_its_code,
    "absent": reads_a_data_file,
    "variable": wants_a_variable,
    "server": wants_a_server,
    "segfaults": lambda: os.kill(os.getpid(), signal.SIGSEGV) or os.abort(),
    "other-port": lambda: serve(port=9999),
    "local": lambda: serve("127.0.0.1"),
    "local-6": lambda: serve("::1", server=ServerOverIPv6),
    "all-of-6": lambda: serve("::", server=ServerWithoutIPv4),
    "unix": listens_on_a_unix_socket,
    "dies": listens_and_dies,
    "grows": grows,
    "hoards": hoards,
    "writes": writes_files,
    "deaf": ignores_sigterm,
    "works": works,
    "sleeps": lambda: time.sleep(3600),
    "forks": forks_without_end,
}

if __name__ == "__main__":
    MODE = sys.argv[1]
    WAYS.get(MODE, serve)()
