"""Pass connections on to services of a network that has no way in: ``python -c RELAY HOST:PORT …``.

The first of them is reached by port 20000 of this container, the next by 20001, and so on. It says that it
listens by a line on standard output, and runs until its container is removed.
"""

from __future__ import annotations

import socket
import sys
import threading

FIRST_PORT = 20000
_CHUNK = 65536


def relay_port(port: int, target: tuple[str, int]) -> None:
    """Pass on what connects to ``port``, in the background."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", port))
    server.listen(128)
    threading.Thread(target=_accept, args=(server, target)).start()


def _accept(server: socket.socket, target: tuple[str, int]) -> None:
    while True:
        client, _ = server.accept()
        threading.Thread(target=_join, args=(client, target), daemon=True).start()


def _join(client: socket.socket, target: tuple[str, int]) -> None:
    """Copy both ways. A service that is gone closes the connection at once, as it would itself."""
    try:
        service = socket.create_connection(target)
    except OSError:
        client.close()
        return
    for end in (client, service):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = threading.Thread(target=_copy, args=(service, client), daemon=True)
    back.start()
    _copy(client, service)
    back.join()
    client.close()
    service.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy to the end, and pass the end on: the other direction may go on."""
    try:
        while True:
            data = source.recv(_CHUNK)
            if not data:
                break
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


if __name__ == "__main__":
    for number, given in enumerate(sys.argv[1:]):
        host, _, its_port = given.rpartition(":")
        relay_port(FIRST_PORT + number, (host, int(its_port)))
    sys.stdout.write("listens\n")
    sys.stdout.flush()
