"""One HTTP request and one WebSocket handshake, over a plain socket. Nothing here raises.

Each gives a dictionary of plain values; ``error`` says what kept it from an answer. A body is read up to a
limit, and the whole takes ``seconds`` at most, however slowly the service sends.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import socket
import struct
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Callable, Dict

    Values = Dict[str, Any]

MOST_BYTES = 1 << 20
_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_LISTEN_SECONDS = 0.5  # to a WebSocket that was just opened: does the service close it at once?
_CLOSE = 8  # the opcode, RFC 6455, section 5.5.1
_KEPT_HEADERS = ("content-type", "location", "server", "upgrade", "via")
_TLS_ALERT = b"\x15\x03"  # the record that a TLS server answers plain text with (RFC 8446, section 5.1)


def ask_http(host: str, port: int, path: str, headers: dict[str, str], seconds: float) -> Values:
    """Send ``GET path``. Gives status, reason, headers, body (its beginning), length, seconds, error, tls."""
    return _within(seconds, lambda answer: _http(answer, host, port, path, headers, seconds))


def shake_hands(
    host: str, port: int, path: str, headers: dict[str, str], protocol: str, seconds: float
) -> Values:
    """Open a WebSocket at ``path``, and listen whether the service closes it at once.

    Gives what ``ask_http`` gives, and protocol, close_code, close_reason.
    """
    return _within(seconds, lambda answer: _websocket(answer, host, port, path, headers, protocol, seconds))


def _within(seconds: float, action: Callable[[Values], None]) -> Values:
    """Run ``action`` on a new answer; what has not ended by then is said to be late, and left to itself."""
    answer: Values = {"status": None, "error": "", "headers": {}, "body": "", "length": 0, "tls": False}
    begun = time.monotonic()
    thread = threading.Thread(target=_guarded, args=(action, answer), daemon=True)
    thread.start()
    thread.join(seconds)
    answer = dict(answer)
    answer["late"] = thread.is_alive()
    if answer["late"]:
        answer["error"] = f"no whole answer within {seconds:.0f} s"
    answer["seconds"] = time.monotonic() - begun
    return answer


def _guarded(action: Callable[[Values], None], answer: Values) -> None:
    try:
        action(answer)
    except Exception as error:
        answer["error"] = _words(error)


def _words(error: Exception) -> str:
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.BadStatusLine):
        return f"the answer is no HTTP: {error}"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionResetError):
        return "the connection was reset"
    return f"{type(error).__name__}: {error}"


def _http(answer: Values, host: str, port: int, path: str, headers: dict[str, str], seconds: float) -> None:
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path, headers=dict(headers, Connection="close"))
        response = connection.getresponse()
        _take_head(answer, response.status, response.reason, response.getheaders())
        _take_body(answer, response)
    except (http.client.HTTPException, OSError) as error:
        answer["error"] = _words(error)
        answer["tls"] = answer["status"] is None and speaks_tls(host, port)
    finally:
        connection.close()


def _take_head(answer: Values, status: int, reason: str, headers: list[tuple[str, str]]) -> None:
    answer["status"], answer["reason"] = status, reason
    answer["cookies"] = [value.partition(";")[0] for name, value in headers if name.lower() == "set-cookie"]
    answer["headers"] = {name.lower(): value for name, value in headers if name.lower() in _KEPT_HEADERS}


def _take_body(answer: Values, response: http.client.HTTPResponse) -> None:
    """Read the body to its end or to MOST_BYTES."""
    body = b""
    while answer["length"] < MOST_BYTES:
        chunk = response.read(65536)
        if not chunk:
            break
        answer["length"] += len(chunk)
        body = (body + chunk)[:MOST_BYTES]
        answer["body"] = body.decode("utf-8", "replace")
    if response.length and answer["length"] < MOST_BYTES:
        answer["error"] = "the connection ended within the body"


def speaks_tls(host: str, port: int) -> bool:
    """Whether the port answers a TLS handshake. Without the ``ssl`` module: whether it sends a TLS alert."""
    try:
        with socket.create_connection((host, port), 2.0) as connection:
            connection.settimeout(2.0)
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            if connection.recv(2) == _TLS_ALERT:
                return True
    except OSError:
        pass
    return _shakes_tls(host, port)


def _shakes_tls(host: str, port: int) -> bool:
    try:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((host, port), 2.0) as plain:
            with context.wrap_socket(plain, server_hostname="localhost"):
                return True
    except (ImportError, OSError, ValueError):
        return False


def _websocket(
    answer: Values,
    host: str,
    port: int,
    path: str,
    headers: dict[str, str],
    protocol: str,
    seconds: float,
) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    connection = socket.create_connection((host, port), seconds)
    try:
        connection.settimeout(seconds)
        connection.sendall(_handshake(host, port, path, headers, protocol, key))
        response = http.client.HTTPResponse(connection, method="GET")
        response.begin()
        _take_head(answer, response.status, response.reason, response.getheaders())
        if response.status != 101:
            _take_body(answer, response)
            return
        answer["protocol"] = response.getheader("Sec-WebSocket-Protocol", "")
        wanted = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
        if response.getheader("Sec-WebSocket-Accept", "").strip() != wanted:
            answer["error"] = "Sec-WebSocket-Accept is not the one that the key asks for"
            return
        connection.settimeout(_LISTEN_SECONDS)
        _listen(answer, response.fp or connection.makefile("rb"))
    finally:
        connection.close()


def _handshake(host: str, port: int, path: str, headers: dict[str, str], protocol: str, key: str) -> bytes:
    """RFC 6455, section 4.1."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
    lines += [f"Sec-WebSocket-Protocol: {protocol}"] if protocol else []
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "host"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


def _listen(answer: Values, stream: BinaryIO) -> None:
    """Read the first frames: a close frame within the time is noted, silence and messages are fine."""
    try:
        while True:
            opcode, payload = _frame(stream)
            if opcode == _CLOSE:
                answer["close_code"] = struct.unpack("!H", payload[:2])[0] if len(payload) > 1 else 1005
                answer["close_reason"] = payload[2:].decode("utf-8", "replace")
                return
    except EOFError:
        answer["close_code"], answer["close_reason"] = 1006, "the connection ended without a close frame"
    except OSError:
        return  # nothing more came in time


def _frame(stream: BinaryIO) -> tuple[int, bytes]:
    """Read one frame that a server sends: unmasked (RFC 6455, section 5.2)."""
    head = _exactly(stream, 2)
    size = head[1] & 0x7F
    if size == 126:
        size = struct.unpack("!H", _exactly(stream, 2))[0]
    elif size == 127:
        size = struct.unpack("!Q", _exactly(stream, 8))[0]
    return head[0] & 0x0F, _exactly(stream, min(size, MOST_BYTES))


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
