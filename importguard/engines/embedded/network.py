"""The network of started services, made without root, and by what a sandbox enters it (``namespaces``)."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Optional

from importguard.engines.embedded import namespaces
from importguard.engines.embedded.namespaces import service_address
from importguard.engines.embedded.root_paths import HOSTNAME, ImageUser
from importguard.engines.embedded.sandbox import (
    HOSTS,
    Place,
    environment_of_helpers,
    namespaces_beside,
    network_failure,
    own_namespaces,
)

_PARENT_OF_USER_NAMESPACE = 0xB702  # NS_GET_PARENT (ioctl_nsfs(2))


class SandboxNamespaces(NamedTuple):
    """Descriptors of the namespaces of a service: ``outer`` is the user namespace that owns the others."""

    outer: int
    inner: int
    processes: int
    network: int

    def close(self) -> None:
        """Let them go."""
        for descriptor in self:
            os.close(descriptor)


class ServiceNetwork:
    """A network without a way out, whose services have addresses and names. Whoever makes it closes it.

    The namespaces are held by descriptors, so that the kernel removes them with this process, however that
    ends. Names are in files of ``folder`` that are mounted as /etc/hosts, one a service: a name that is added
    later is known to those that run already.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"importguard-{os.getpid()}-{os.urandom(6).hex()}"
        self._folder = folder
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._number = 0
        # A process that is to die with its parent dies with the thread that started it: this one stays.
        self._starter = ThreadPoolExecutor(1)
        self._user, self._network = self._make_namespaces()

    def new_place(self, user: ImageUser, names: Sequence[str]) -> Place:
        """Where a new service is to be, known to the others by ``names``."""
        number = self._add_service(names)
        words = ("attach", str(self._user), str(self._network), str(number), "--")
        held = (self._user, self._network)
        return Place(
            own_namespaces(user, network=()), (*helper_command(), *words), held, self._hosts_file(number)
        )

    def place_beside(self, service: SandboxNamespaces, hosts: Optional[Path]) -> Place:
        """Where the network and the processes of a service are; ``hosts`` is its file of names."""
        words = ("enter", str(self._user), str(service.network), "--")
        namespaces = namespaces_beside(service.outer, service.inner, service.processes)
        return Place(namespaces, (*helper_command(), *words), (self._user, *service), hosts)

    def start_process(self, words: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        """Start a process that may outlive the thread that asks for it, and not this process."""
        process: subprocess.Popen[bytes] = self._starter.submit(
            lambda: subprocess.Popen(words, **more)
        ).result()
        return process

    def namespaces_of(self, process: int) -> SandboxNamespaces:
        """Open the namespaces of a sandbox's process 1. Raises OSError where it is gone.

        Raises BlockingIOError as long as it is being set up, and its user namespace is still the outer one.
        """
        opened = [os.open(f"/proc/{process}/ns/{name}", os.O_RDONLY) for name in ("user", "pid", "net")]
        inner = opened[0]
        outer = fcntl.ioctl(inner, _PARENT_OF_USER_NAMESPACE)
        found = SandboxNamespaces(outer, *opened)
        if os.fstat(outer).st_ino == os.fstat(self._user).st_ino:
            found.close()
            raise BlockingIOError
        return found

    def open_forwarder(self, service: SandboxNamespaces, port: int) -> tuple[subprocess.Popen[bytes], str]:
        """Pass what connects to a port of this machine on to one of a service; give the former's address."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            given = (self._user, service.network, listener.fileno())
            words = [*helper_command(), "forward", *map(str, given), str(port)]
            process = self.start_process(
                words, pass_fds=given, stdin=subprocess.DEVNULL, env=environment_of_helpers()
            )
            return process, f"127.0.0.1:{listener.getsockname()[1]}"

    def close(self) -> None:
        """Let it go; the services that are in it are closed before."""
        for descriptor in (self._user, self._network):
            os.close(descriptor)
        self._starter.shutdown()
        for number in range(1, self._number + 1):
            with suppress(OSError):
                self._hosts_file(number).unlink()

    def _add_service(self, names: Sequence[str]) -> int:
        """Give a new service its number, and its names to all."""
        with self._lock:
            self._number += 1
            own = f"{service_address(self._number)}\t{HOSTNAME}\n"
            self._hosts_file(self._number).write_text(HOSTS + own + "".join(self._lines), "utf-8")
            if names:
                self._lines.append(f"{service_address(self._number)}\t{' '.join(names)}\n")
                for number in range(1, self._number + 1):
                    with self._hosts_file(number).open("a", encoding="utf-8") as stream:
                        stream.write(self._lines[-1])
            return self._number

    def _hosts_file(self, number: int) -> Path:
        """The file that is /etc/hosts of a service."""
        return self._folder / f"hosts-{number}"

    def _make_namespaces(self) -> tuple[int, int]:
        with subprocess.Popen(
            [*helper_command(), "make"],
            env=environment_of_helpers(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as maker:
            assert maker.stdout is not None
            assert maker.stderr is not None
            if maker.stdout.readline() != b"made\n":
                said = maker.stderr.read().decode("utf-8", "backslashreplace")
                raise network_failure(said)
            # While it waits for the end of its standard input, which is when this block ends.
            user, network = (os.open(f"/proc/{maker.pid}/ns/{name}", os.O_RDONLY) for name in ("user", "net"))
            return user, network


def helper_command() -> list[str]:
    """The words that start the program of ``namespaces``."""
    return [sys.executable, "-I", "-S", str(Path(namespaces.__file__))]
