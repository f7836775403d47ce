"""A container that runs its image's own command, and the network of such containers."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Callable, Optional

from importguard.engines.base import (
    MOST_OUTPUT_BYTES,
    NOT_EXECUTED,
    TIMED_OUT,
    Exit,
    MemoryUse,
    Stop,
)
from importguard.engines.docker.cleanup_process import remove_labelled
from importguard.engines.docker.connection import AttachedStream
from importguard.engines.docker.container import KILLED, demultiplexed, remove_by_force
from importguard.engines.docker.uninterrupted import complete_request
from importguard.engines.service_log import ServiceLog

_POLL_SECONDS = 0.05
_NETWORK_LABEL = "importguard.network"
_REMOVAL_SECONDS = 10.0  # that the removal of a container beside a service may take
_REMOVABLE_LATER = ("dependent containers", "did not receive an exit event")
"""What Podman says where another one is beside it, which is being removed, and Docker on a busy machine."""

_NOTICE_SECONDS = 1.0
"""How long after its end the daemon may still learn that a container was killed for memory."""


class DockerService:
    """Implements ``engines.base.Service``. It is there when ``create`` was called."""

    def __init__(
        self, client: Any, name: str, failure_of: Callable[[BaseException], Optional[Exception]]
    ) -> None:
        """``failure_of`` makes our error of one of creating and starting it, where that is the daemon's."""
        self.id = name
        self._client = client
        self._failure_of = failure_of
        self._log = ServiceLog()
        self._ended = threading.Event()
        self._exit: Optional[Exit] = None
        self._stream: Optional[AttachedStream] = None
        self._reader: Optional[threading.Thread] = None
        self._removed = False

    def create(self, settings: dict[str, Any], more_networks: Sequence[str] = ()) -> None:
        """Create and attach: what is printed before the attachment would be lost."""

        def create() -> None:
            self._client.create_container(name=self.id, **settings)
            for network in more_networks:
                self._client.connect_container_to_network(self.id, network)
            streams = {"stdout": 1, "stderr": 1, "stream": 1}
            self._stream = AttachedStream(self._client.attach_socket(self.id, streams))

        self._complete(create)

    def start(self) -> None:
        """See ``Service.start``. What it prints is read in the background for as long as it runs."""
        self._complete(lambda: self._client.start(self.id))
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def _complete(self, request: Callable[[], None]) -> None:
        """Make a request whole; where it fails, nothing is left, and the error is ours."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        try:
            complete_request(request, bool)
        except BaseException as error:
            with suppress(DockerException, RequestException, OSError):
                self.close()
            failure = self._failure_of(error)
            if failure is None:
                raise
            raise failure from error

    def log(self) -> bytes:
        """See ``Service.log``."""
        return self._log.read()

    def exit(self) -> Optional[Exit]:
        """See ``Service.exit``."""
        return self._exit

    def address(self, port: int) -> Optional[str]:
        """See ``Service.address``."""
        ports = self._client.inspect_container(self.id)["NetworkSettings"]["Ports"] or {}
        bindings = ports.get(f"{port}/tcp") or ()
        return next((f"{one['HostIp']}:{one['HostPort']}" for one in bindings), None)

    def memory_use(self) -> MemoryUse:
        """See ``Service.memory_use``. Control groups of version 2 tell the daemon no peak: it is a sample."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        with suppress(DockerException, RequestException):
            measured = self._client.stats(self.id, stream=False, one_shot=True).get("memory_stats") or {}
            by_kind = measured.get("stats") or {}
            own = {"name": [f"^/?{self.id}$"]}
            listed = self._client.containers(all=True, size=True, filters=own)
            usage = measured.get("usage", 0)
            return MemoryUse(
                by_kind.get("total_rss", by_kind.get("anon", 0))
                if by_kind
                else usage,  # Podman's has no kinds.
                measured.get("max_usage") or usage,
                sum(one.get("SizeRw") or 0 for one in listed),
            )
        return MemoryUse()

    def ran_out_of_memory(self) -> bool:
        """See ``Service.ran_out_of_memory``."""
        return bool(self._client.inspect_container(self.id)["State"].get("OOMKilled"))

    def withheld(self) -> str:
        """See ``Service.withheld``. Containers have what Docker grants by default."""
        return ""

    def execute(self, command: Sequence[str], seconds: float) -> tuple[int, bytes]:
        """See ``Service.execute``."""
        from docker.errors import APIError

        output, ends = b"", time.monotonic() + seconds
        try:
            created = self._client.exec_create(self.id, list(command))["Id"]
            stream = AttachedStream(self._client.exec_start(created, socket=True))
        except APIError as error:  # the program is not there, or the container has ended
            if error.response is not None:
                error.response.close()
            return NOT_EXECUTED, str(error.explanation or error).encode()
        try:
            for payload in demultiplexed(lambda: _receive_until(stream, ends)):
                output = (output + payload)[:MOST_OUTPUT_BYTES]
        except TimeoutError:
            return TIMED_OUT, output
        finally:
            stream.close()
        return int(self._client.exec_inspect(created)["ExitCode"] or 0), output

    def stop(self, seconds: float, signal: str = "SIGTERM") -> Stop:
        """See ``Service.stop``."""
        from docker.errors import APIError

        begun = time.monotonic()
        with suppress(APIError):  # It has ended by itself.
            self._client.kill(self.id, signal)
        killed = not self._ended.wait(seconds)
        if killed:
            with suppress(APIError):
                self._client.kill(self.id, "SIGKILL")
            self._ended.wait(seconds)
        return Stop(time.monotonic() - begun, killed)

    def wait(self, seconds: float) -> bool:
        """See ``Service.wait``."""
        return self._ended.wait(seconds)

    def close(self) -> None:
        """See ``Service.close``."""
        from docker.errors import APIError, NotFound

        if self._removed:
            return
        self._removed = True
        ends = time.monotonic() + _REMOVAL_SECONDS
        while True:
            try:
                remove_by_force(self._client, self.id)
            except NotFound:
                pass
            except APIError as error:
                is_early = any(words in str(error.explanation) for words in _REMOVABLE_LATER)
                if is_early and time.monotonic() < ends:
                    time.sleep(_POLL_SECONDS)
                    continue
                if error.status_code != 409:  # Conflict: it is being removed already.
                    raise
            break
        if self._stream is not None:
            self._stream.close()

    def _follow(self) -> None:
        """Keep what it prints, and note how it ends."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        assert self._stream is not None, "it was not created"
        # A connection that is closed while it is read raises ValueError.
        with suppress(DockerException, RequestException, OSError, ValueError):
            for payload in demultiplexed(self._stream.receive_chunk):
                self._log.write(payload)
            # A program may close its output long before it ends.
            state = self._client.inspect_container(self.id)["State"]
            while state["Running"]:
                time.sleep(_POLL_SECONDS)
                state = self._client.inspect_container(self.id)["State"]
            out_of_memory = state["ExitCode"] == KILLED and self._is_told_of_memory()
            self._exit = Exit(state["ExitCode"], out_of_memory=out_of_memory)
        self._ended.set()

    def _is_told_of_memory(self) -> bool:
        """Like ``ran_out_of_memory``, of one that was just killed: the daemon may hear of the kill before."""
        ends = time.monotonic() + _NOTICE_SECONDS
        while not (told := self.ran_out_of_memory()) and time.monotonic() < ends:
            time.sleep(_POLL_SECONDS)
        return told


def _receive_until(stream: AttachedStream, ends: float) -> bytes:
    """Give what has arrived; raises TimeoutError where nothing has by then."""
    if not select.select([stream], [], [], max(0.0, ends - time.monotonic()))[0]:
        raise TimeoutError
    return stream.receive_chunk()


class RunNetwork:
    """A network of one run, with its labels. It and the services in it are removed together.

    ``--internal``: no way out; the names of its members resolve (tried on Docker and Podman).
    """

    def __init__(self, client: Any, label: str, labels: dict[str, str]) -> None:
        self.name = f"{label}-{os.getpid()}-{os.urandom(6).hex()}"
        self.labels = {**labels, _NETWORK_LABEL: self.name}
        self._client = client
        try:
            settings = {"driver": "bridge", "internal": True, "labels": self.labels}
            complete_request(lambda: client.create_network(self.name, **settings), bool)
        except BaseException:
            self.remove()
            raise

    def open_way_in(self, name: str) -> None:
        """Make a network ``name`` by which this machine reaches ports.

        Docker publishes no port of an internal one. This does not masquerade, so that no answer comes back to
        what is sent out of it.
        """
        options = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
        self._client.create_network(name, driver="bridge", options=options, labels=self.labels)

    def remove(self) -> None:
        """Remove it, what is in it and the ways in."""
        remove_labelled(self._client, f"{_NETWORK_LABEL}={self.name}")
