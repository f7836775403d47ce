"""Finding the Docker daemon that the user's ``docker`` command would talk to."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from importguard.errors import EngineError

CONNECT_SECONDS = 60
"""How long one answer of the daemon may take. The SDK's own default."""

_CHUNK = 65536


class AttachedStream:
    """The connection to a container's standard streams, from the SDK's ``attach_socket`` or ``exec_start``.

    The SDK's sockets are of several types: over a Unix socket it is a file that can only be read, around the
    socket. And the response that the socket came in must be closed before it.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._socket = getattr(connection, "_sock", connection)
        self._response = getattr(connection, "_response", None)

    def fileno(self) -> int:
        """Give the descriptor, to wait for what arrives."""
        return int(self._connection.fileno())

    def receive_chunk(self) -> bytes:
        """Give what has arrived, or b"" at the end, also where input was left unread."""
        receive = getattr(self._connection, "recv", None) or self._connection.read
        try:
            chunk: bytes = receive(_CHUNK)
        except (ConnectionResetError, BrokenPipeError):
            return b""
        return chunk

    def send_bytes(self, data: bytes) -> None:
        """Write to standard input. A container that ends without reading it says why itself."""
        with suppress(OSError):
            self._socket.sendall(data)

    def close(self) -> None:
        """Close both."""
        for closable in (self._response, self._connection):
            if closable is not None:
                closable.close()


def connect_to_docker() -> Any:
    """Give an ``APIClient`` of the Docker SDK for the daemon that the environment names.

    As the ``docker`` command does: DOCKER_HOST (with DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), else the
    context named by DOCKER_CONTEXT or by the Docker configuration. Raises EngineError when no daemon answers.
    """
    from docker.errors import DockerException

    try:
        options = _endpoint()
        return _connect(options)
    except (DockerException, OSError, ValueError) as error:
        raise EngineError(
            f"The Docker configuration cannot be used: {error}. Check DOCKER_HOST, DOCKER_CERT_PATH, "
            "the current `docker context` and ~/.docker/config.json."
        ) from error


def connect_to_address(address: str) -> Any:
    """Give an ``APIClient`` for whatever speaks Docker's API at ``unix://PATH``. Raises EngineError."""
    return _connect({"base_url": address})


def _connect(options: dict[str, Any]) -> Any:
    from docker.api.client import APIClient
    from requests.exceptions import RequestException

    address = options.get("base_url") or "the default socket"
    # Any explicit version keeps the constructor from asking for one: /version takes a slow 5 ms.
    client = APIClient(version="1.41", timeout=CONNECT_SECONDS, **options)
    try:
        with client.get(f"{client.base_url}/_ping", timeout=CONNECT_SECONDS) as answer:
            answer.raise_for_status()
            version = answer.headers.get("Api-Version")
    except RequestException as error:
        client.close()
        raise unreachable_docker(address, error) from error
    if version in (None, "1.41"):
        return client
    client.close()
    return APIClient(version=version, timeout=CONNECT_SECONDS, **options)


def _endpoint() -> dict[str, Any]:
    """Give ``base_url`` and ``tls`` for the SDK's client."""
    from docker.context import ContextAPI
    from docker.utils import kwargs_from_env

    if os.environ.get("DOCKER_HOST"):
        return dict(kwargs_from_env())
    name = os.environ.get("DOCKER_CONTEXT") or None
    context = ContextAPI.get_context(name)
    if context is None:
        raise EngineError(
            f"The Docker context {name or 'set in the Docker configuration'} does not exist. "
            "`docker context ls` lists those that do; choose one with DOCKER_CONTEXT or `docker context use`."
        )
    options: dict[str, Any] = {"base_url": context.Host}
    if context.TLSConfig is not None:
        options["tls"] = context.TLSConfig
    return options


START_DOCKER = (
    "Start it (Docker Desktop, or `sudo systemctl start docker`), or name another one with DOCKER_HOST or "
    "`docker context use`."
)


def unreachable_docker(address: str, error: BaseException) -> EngineError:
    """Say why the daemon at ``address`` did not answer, and what to do about it."""
    reason = _root_cause(error)
    if isinstance(reason, PermissionError):
        return EngineError(
            f"This user may not use the Docker daemon at {address} (permission denied). Join the group that "
            "owns the socket (`sudo usermod -aG docker $USER`, then log in again), or use sudo."
        )
    return EngineError(f"No Docker daemon answers at {address} ({reason}). {START_DOCKER}")


def _root_cause(error: BaseException) -> BaseException:
    """Give the operating system's error that requests and urllib3 wrapped, where there is one."""
    seen: set[int] = set()
    innermost = error
    step: Any = error
    while isinstance(step, BaseException) and id(step) not in seen:
        seen.add(id(step))
        innermost = step
        if isinstance(step, OSError) and step.errno is not None:
            break
        step = step.__cause__ or step.__context__ or next(iter(step.args[:1]), None)
    return innermost
