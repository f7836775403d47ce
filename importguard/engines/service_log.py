"""The log of a service, as far as it is kept: a container may print without end."""

from __future__ import annotations

MOST_LOG_BYTES = 256 * 1024
"""How much is kept of the beginning and of the end of a log."""


class ServiceLog:
    """What a service printed: its beginning and its end, and how much is left out between."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0

    def write(self, data: bytes) -> None:
        """Take in what was printed."""
        room = max(MOST_LOG_BYTES - len(self._head), 0)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * MOST_LOG_BYTES:
            self._dropped += len(self._tail) - MOST_LOG_BYTES
            del self._tail[:-MOST_LOG_BYTES]

    def read(self) -> bytes:
        """Give all that is kept."""
        gap = b"\n[... %d bytes left out ...]\n" % self._dropped if self._dropped else b""
        return bytes(self._head) + gap + bytes(self._tail)
