"""Which ports of a container are open, read from /proc (proc(5)), and whether they accept.

This runs at once, before anything else is imported: it takes built-in modules only, as ``socket``, ``os`` and
``json`` take an image's Python 10 to 20 ms, in which a service that accepts at once would not be seen.
"""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Tuple

    Endpoint = Tuple[str, int]

LISTEN, CONNECTING, CONNECTED = "0A", "02", "01"
"""Values of the column ``st``: ``include/net/tcp_states.h`` of the kernel."""

_RESOLVER = "127.0.0.11"
"""Docker's own name server, which listens in every container of a network that users made."""


def listeners() -> list[Endpoint]:
    """Give (address, port) of every TCP socket that listens."""
    found = [(local[0], local[1]) for state, local, _ in tcp_sockets() if state == LISTEN]
    return sorted({pair for pair in found if pair[0] != _RESOLVER}, key=lambda pair: (pair[1], pair[0]))


def accepts(host: str, port: int, seconds: float = 1.0) -> bool:
    """Whether a connection to the port is accepted."""
    family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
    connection = _socket.socket(family, _socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((host, port))
    except OSError:
        return False
    finally:
        connection.close()
    return True


def is_loopback(address: str) -> bool:
    """Whether nobody outside the container reaches a socket that is bound to ``address``."""
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def tcp_sockets() -> Iterator[tuple[str, Endpoint, Endpoint]]:
    """Give (state, local, remote) of every TCP socket; an address is (text, port)."""
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in table_lines(path):
            fields = line.split()
            yield fields[3], _endpoint(fields[1]), _endpoint(fields[2])


def _endpoint(text: str) -> Endpoint:
    """Read ``0100007F:1F90``: the kernel writes the address as words of the machine's byte order."""
    address, port = text.split(":")
    raw = bytes.fromhex(address)
    words = [raw[start : start + 4] for start in range(0, len(raw), 4)]
    if memoryview(b"\1\0").cast("H")[0] == 1:  # little-endian
        words = [word[::-1] for word in words]
    family = _socket.AF_INET if len(raw) == 4 else _socket.AF_INET6
    return _socket.inet_ntop(family, b"".join(words)), int(port, 16)


def table_lines(path: str) -> list[str]:
    """Give the lines of a table of /proc/net but for its heading; none where there is no such table."""
    return text_of(path).splitlines()[1:]


def text_of(path: str) -> str:
    """Give what a file says; nothing where it can't be read."""
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as stream:
            return stream.read()
    except OSError:
        return ""
