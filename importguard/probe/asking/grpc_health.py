"""Ask grpc.health.v1.Health/Check: one call over HTTP/2 without TLS, by the standard library alone.

The image that asks need not have grpcio, and often is another than the one that is asked. The little of
HTTP/2 (RFC 9113) that one call needs: the preface, frames, and header fields that are sent as plain literals
(RFC 7541, section 6.2.2). Of the answer's header fields none is decoded: the message says all, and where none
comes, ``grpc-status`` is read if the server wrote it plainly, as grpcio does.
"""

from __future__ import annotations

import re
import socket
import struct
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    Values = Dict[str, Any]

PATH = "grpc.health.v1.Health/Check"
STATES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
_CODES = {
    5: "NOT_FOUND",
    12: "UNIMPLEMENTED: it has no health service",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}
_SERVING = 1
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY = 0, 1, 3, 4, 6, 7
_ACK = _END_STREAM = 1
_END_HEADERS, _PADDED = 4, 8
_EMPTY_REQUEST = b"\0\0\0\0\0"  # not compressed, a message of no bytes: the whole server's health
_PLAIN_STATUS = re.compile(rb"grpc-status[\x01\x02](\d{1,2})")
_LARGEST_FRAME = 1 << 20


def ask_grpc_health(host: str, port: int, seconds: float) -> Values:
    """Call it. Gives right, status (of ``STATES``, or None), error, seconds."""
    begun = time.monotonic()
    answer: Values = {"status": None, "error": "", "headers": {}, "body": "", "late": False}
    try:
        with socket.create_connection((host, port), seconds) as connection:
            _send_call(connection, f"{host}:{port}")
            answer["status"], answer["error"] = _read_answer(connection, begun + seconds)
    except (struct.error, IndexError):
        answer["error"] = "the answer is no HTTP/2"
    except OSError as error:
        answer["late"] = isinstance(error, socket.timeout)
        answer["error"] = f"no whole answer within {seconds:.0f} s" if answer["late"] else str(error)
    answer["right"] = answer["status"] == _SERVING and not answer["error"]
    answer["body"] = STATES.get(answer["status"], "")
    answer["seconds"] = time.monotonic() - begun
    return answer


def _send_call(connection: socket.socket, authority: str) -> None:
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", f"/{PATH}"),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("user-agent", "importguard"),
    ]
    block = b"".join(b"\0" + _literal(name) + _literal(value) for name, value in fields)
    connection.sendall(
        _PREFACE
        + _frame(_SETTINGS, 0, 0, b"")
        + _frame(_HEADERS, _END_HEADERS, 1, block)
        + _frame(_DATA, _END_STREAM, 1, _EMPTY_REQUEST)
    )


def _literal(text: str) -> bytes:
    """A string without Huffman code, of less than 127 bytes."""
    return bytes([len(text)]) + text.encode("ascii")


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def _read_answer(connection: socket.socket, ends: float) -> Tuple[Optional[int], str]:
    """The state of health, and what kept the server from telling it."""
    body = b""
    while True:
        connection.settimeout(max(ends - time.monotonic(), 0.001))
        kind, flags, payload = _read_frame(connection)
        if kind == _SETTINGS and not flags & _ACK:
            connection.sendall(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            connection.sendall(_frame(_PING, _ACK, 0, payload))
        elif kind == _DATA:
            body += payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
        elif kind in (_RESET, _GOAWAY):
            code = struct.unpack("!I", payload[-4:] if kind == _RESET else payload[4:8])[0]
            return None, f"the call was refused (HTTP/2 error {code})"
        if kind in (_DATA, _HEADERS) and flags & _END_STREAM:
            return _state(body, payload)


def _state(body: bytes, trailers: bytes) -> Tuple[Optional[int], str]:
    """The message is ``08 STATE``: field 1, a number; proto3 leaves out a 0."""
    if len(body) >= 5:
        message = body[5:]
        return (message[1] if message[:1] == b"\x08" and len(message) > 1 else 0), ""
    found = _PLAIN_STATUS.search(trailers)
    if found is None:
        return None, "it was answered without a message: is the health service registered?"
    code = int(found[1])
    return None, f"it was answered with grpc-status {code}" + (f" ({_CODES[code]})" if code in _CODES else "")


def _read_frame(connection: socket.socket) -> Tuple[int, int, bytes]:
    head = _read_exactly(connection, 9)
    if head[:4] == b"HTTP":
        raise OSError("it answers in HTTP/1, and gRPC needs HTTP/2")
    size = struct.unpack("!I", b"\0" + head[:3])[0]
    if size > _LARGEST_FRAME:
        raise OSError("the answer is no HTTP/2")
    return head[3], head[4], _read_exactly(connection, size)


def _read_exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise OSError("the connection was closed without an answer")
        data += chunk
    return data
