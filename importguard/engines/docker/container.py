"""One container from creation to removal, over the Docker Engine API.

The order is the point. Attach before start, or the first output is lost. Ask for the exit code before
start, or the daemon's automatic removal takes it away. The attached connection is the container's standard
input: the kernel closes it when this process dies, however it dies, and that ends the container.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import NOT_FOUND
from typing import Any, Callable, Optional

from importguard.engines.base import CommandNotFound, Exit, ForeignProgram, Run
from importguard.engines.docker.connection import AttachedStream

REMOVAL_SECONDS = 60
"""How long the daemon may take to remove a container that has ended."""

OOM_SECONDS = 3
"""How long a busy daemon may take to say that a container was killed for memory."""

KILLED = 128 + 9
"""The exit code of a container whose first process died by SIGKILL."""

_EXEC_FAILED = re.compile(rb"\Aexec (\S+): ([a-z ]+)\s*\Z")
"""What runc prints in place of the program when execve fails after the container has been started."""


class Container:
    """A container named ``name``; the name is chosen by us, so that it can be removed whatever was answered.

    Methods raise what the SDK raises: ``DockerException``, ``requests.RequestException``, OSError.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._stream: Optional[AttachedStream] = None
        self._wait: Any = None
        self._timer: Optional[threading.Timer] = None
        self._expired = False
        self._gone = False

    def create(self, settings: dict[str, Any]) -> None:
        """Create it. What it is beside need not run yet."""
        self._client.create_container(name=self._name, **settings)

    def start(self, seconds: float) -> None:
        """Attach, ask for the exit code and start it; ``seconds`` of wall time later it is killed.

        Podman attaches only where what it is beside runs.
        """
        streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._stream = AttachedStream(self._client.attach_socket(self._name, streams))
        self._wait = self._request_wait("next-exit")
        self._client.start(self._name)
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def send(self, data: bytes) -> None:
        """Write to its standard input."""
        assert self._stream is not None, "it was not created"
        self._stream.send_bytes(data)

    def output(self, run: Run) -> Iterator[bytes]:
        """Give what the container prints, then note in ``run`` how it ended."""
        assert self._stream is not None, "it was not created"
        head = b""
        for payload in demultiplexed(self._stream.receive_chunk):
            if len(head) < 4096:
                head += payload[:4096]
            yield payload
        # If the daemon is gone, this says so.
        ended = self._await_exit()
        _raise_exec_failure(head, ended.code)
        run.exit = ended

    def remove(self) -> None:
        """Remove the container and its anonymous volumes, dead or alive. Does nothing the second time."""
        from docker.errors import APIError, NotFound

        if self._timer is not None:
            self._timer.cancel()
        try:
            if not self._gone:
                remove_by_force(self._client, self._name)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != 409:  # Conflict: the daemon is removing it already.
                raise
            with suppress(NotFound), closing(self._request_wait("removed")) as removal:
                removal.json()
        self._gone = True
        self._close()

    def _request_wait(self, condition: str) -> Any:
        """Ask for the exit code, which comes when the ``condition`` is met; the headers come at once.

        The SDK's ``wait`` blocks: one could not know that it was asked before the container started.
        """
        from docker.errors import NotFound

        client = self._client
        answer = client.post(
            f"{client.base_url}/v{client.api_version}/containers/{self._name}/wait",
            params={"condition": condition},
            stream=True,
            timeout=REMOVAL_SECONDS,
        )
        if answer.status_code == NOT_FOUND:
            raise NotFound(f"there is no container {self._name}")
        answer.raise_for_status()
        return answer

    def _await_exit(self) -> Exit:
        code: int = self._wait.json()["StatusCode"]
        timed_out = self._expired and code == KILLED
        out_of_memory = code == KILLED and not timed_out and self._met_oom()
        return Exit(code, out_of_memory=out_of_memory, timed_out=timed_out)

    def _met_oom(self) -> bool:
        """Ask the daemon's memory of recent events; the container itself can be asked no longer.

        The event may come after the end of the container that it is about.
        """
        wanted = {"container": [self._name], "event": ["oom"]}
        until = int(time.time()) + OOM_SECONDS
        events = self._client.events(since=0, until=until, filters=wanted, decode=True)
        return any(True for _ in events)

    def _expire(self) -> None:
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        self._expired = True
        with suppress(DockerException, RequestException):  # It may have ended at this very moment.
            self._client.kill(self._name)

    def _close(self) -> None:
        for connection in (self._stream, self._wait):
            if connection is not None:
                connection.close()


def remove_by_force(client: Any, container: str) -> None:
    """Remove a container (a name or an id) and its anonymous volumes. Raises what the SDK raises.

    It is killed first: Podman would ask its program to end, and give it ten seconds.
    """
    from docker.errors import APIError

    with suppress(APIError):  # It has ended, or is gone.
        client.kill(container)
    client.remove_container(container, v=True, force=True)


def demultiplexed(receive: Callable[[], bytes]) -> Iterator[bytes]:
    """Give the payloads of the attach stream's frames in order of arrival, each at most one chunk long.

    A frame is a header of 8 bytes, whose last 4 are the payload's size (big-endian), then the payload
    (Docker Engine API, "Attach to a container", stream format).
    """
    header, remaining = b"", 0
    while True:
        chunk = receive()
        if not chunk:
            return
        start = 0
        while start < len(chunk):
            if remaining:
                payload = chunk[start : start + remaining]
                start += len(payload)
                remaining -= len(payload)
                yield payload
                continue
            part = chunk[start : start + 8 - len(header)]
            start += len(part)
            header += part
            if len(header) == 8:
                remaining, header = int.from_bytes(header[4:], "big"), b""


def _raise_exec_failure(output: bytes, code: int) -> None:
    """Raise where all that was printed is that the program could not be executed.

    Its file was found, so that the daemon reported a start: its ``#!`` or ELF interpreter is absent, or it is
    built for another platform.
    """
    failed = _EXEC_FAILED.match(output) if code else None
    if failed is None:
        return
    program, reason = failed[1].decode(errors="replace"), failed[2].decode().strip()
    if reason == "exec format error":
        raise ForeignProgram(wrong_platform(program))
    raise CommandNotFound(f"{program}: {reason}")


def wrong_platform(program: str) -> str:
    """Say that the machine cannot execute ``program``."""
    return (
        f"{program} cannot be executed on this machine (exec format error): the image is built for another "
        "platform, or the file is no program. Check an image of this machine's platform (--platform), or "
        "install emulation (`docker run --privileged --rm tonistiigi/binfmt --install all`)."
    )
