"""A started service in a sandbox of its own."""

from __future__ import annotations

import os
import re
import select
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Optional

from importguard.engines.base import (
    MOST_OUTPUT_BYTES,
    NOT_EXECUTED,
    NOT_FOUND,
    TIMED_OUT,
    CommandNotFound,
    Exit,
    MemoryUse,
    Run,
    Stop,
)
from importguard.engines.embedded.namespaces import joined_variables
from importguard.engines.embedded.network import SandboxNamespaces, ServiceNetwork, helper_command
from importguard.engines.embedded.process import LARGEST_FILE, SandboxedProcess
from importguard.engines.embedded.sandbox import descriptor_of, environment_of_helpers, groups_of_helpers
from importguard.engines.service_log import ServiceLog
from importguard.errors import EngineError

_CHANGES_USER = re.compile(
    rb"(?is)\b(?:set(?:res|re|fs)?[ug]id|(?:set|init)groups|chown|switching to|su-exec|gosu)\b.{0,300}?"
    rb"(?:operation not permitted|invalid argument)"
)
"""Of Python, nginx, gosu, su-exec and chown(1). An id that is not mapped is an invalid argument."""

_SECONDS_TO_SET_UP = 20.0
_POLL_SECONDS = 0.005


class SandboxedService:
    """Implements ``engines.base.Service``. ``namespaces`` is None until it runs, or if it ended at once."""

    def __init__(
        self,
        id: str,
        process: SandboxedProcess,
        network: ServiceNetwork,
        workdir: str,
        variables: Mapping[str, str],
        hosts: Optional[Path],
        publish: Sequence[int],
    ) -> None:
        self.id = id
        self._process = process
        self._network = network
        self._workdir, self._variables, self.hosts = workdir, variables, hosts
        self._log = ServiceLog()
        self._run = Run()
        self._failure: Optional[Exception] = None
        self._ended = threading.Event()
        self._forwarders: list[subprocess.Popen[bytes]] = []
        self._addresses: dict[int, str] = {}
        self._removed = False
        self._publish = publish
        self.namespaces: Optional[SandboxNamespaces] = None
        self._reader = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> None:
        """See ``Service.start``."""
        try:
            self._process.close_input()
            self._process.let_program_begin()
            self._reader.start()
            self.namespaces = found = self._await_namespaces()
            for port in self._publish:
                if found is None:
                    break
                forwarder, self._addresses[port] = self._network.open_forwarder(found, port)
                self._forwarders.append(forwarder)
        except BaseException:
            self.close()
            raise

    def log(self) -> bytes:
        """See ``Service.log``."""
        return self._log.read()

    def exit(self) -> Optional[Exit]:
        """See ``Service.exit``."""
        return self._run.exit

    def wait(self, seconds: float) -> bool:
        """See ``Service.wait``."""
        return self._ended.wait(seconds)

    def address(self, port: int) -> Optional[str]:
        """See ``Service.address``."""
        return self._addresses.get(port)

    def memory_use(self) -> MemoryUse:
        """See ``Service.memory_use``. What it had before is not known: it is a sample."""
        return self._process.memory_use()

    def ran_out_of_memory(self) -> bool:
        """See ``Service.ran_out_of_memory``."""
        return self._process.ran_out_of_memory()

    def withheld(self) -> str:
        """See ``Service.withheld``. A sandbox has one user, who has no capability."""
        if _CHANGES_USER.search(self._log.read()) is None:
            return ""
        return (
            "it changes its user or the owner of a file, which the embedded engine has no second user for. "
            "Start it with --engine docker, or with a USER of its own"
        )

    def execute(self, command: Sequence[str], seconds: float) -> tuple[int, bytes]:
        """See ``Service.execute``."""
        with ExitStack() as stack:
            filter_fd = stack.enter_context(descriptor_of(self._process.filter))
            variables_fd = stack.enter_context(descriptor_of(joined_variables(self._variables)))
            try:
                pidfd = os.dup(self._process.pidfd)
            except OSError:  # It has ended.
                return NOT_EXECUTED, b""
            stack.callback(os.close, pidfd)
            given = (pidfd, filter_fd, variables_fd)
            numbers = map(str, (*given, LARGEST_FILE, self._process.limits.pids))
            words = [*helper_command(), "execute", *numbers, self._workdir, "--", *command]
            with (
                subprocess.Popen(
                    words,
                    env=environment_of_helpers(),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    pass_fds=given,
                    extra_groups=groups_of_helpers(),
                ) as helper,
                self._process.counting_helper(helper.pid),
            ):
                output, in_time = _output_until(helper, time.monotonic() + seconds)
                if not in_time:
                    helper.kill()  # What it runs dies with it.
                    return TIMED_OUT, output
        return helper.returncode, output

    def stop(self, seconds: float, signal: str = "SIGTERM") -> Stop:
        """See ``Service.stop``."""
        begun = time.monotonic()
        self._process.send_signal(signal)
        killed = not self._ended.wait(seconds)
        if killed:
            self._process.send_signal("SIGKILL")
            self._ended.wait(seconds)
        return Stop(time.monotonic() - begun, killed)

    def close(self) -> None:
        """See ``Service.close``."""
        if self._removed:
            return
        self._removed = True
        for forwarder in self._forwarders:
            forwarder.kill()
            forwarder.wait()
        self._process.end()
        if self._reader.ident is not None:
            self._reader.join()
        self._process.close()
        if self.namespaces is not None:
            self.namespaces.close()

    def _follow(self) -> None:
        """Keep what it prints, and note how it ends."""
        try:
            for chunk in self._process.read_output(self._run):
                self._log.write(chunk)
        except CommandNotFound as error:
            self._failure = error
            self._log.write(f"{error}\n".encode())
            self._run.exit = Exit(NOT_FOUND)
        except EngineError as error:
            self._failure = error
        self._ended.set()

    def _await_namespaces(self) -> Optional[SandboxNamespaces]:
        """Wait until its sandbox stands and its program begins; None where it has ended by then.

        Raises EngineError where there is none, CommandNotFound where the program can't be executed.
        """
        ends = time.monotonic() + _SECONDS_TO_SET_UP
        while not self._ended.wait(_POLL_SECONDS):
            with suppress(OSError):
                return self._network.namespaces_of(self._process.child)
            if time.monotonic() > ends:
                raise EngineError("The sandbox of a service was not made in time. Try again.")
        if self._failure is not None:
            raise self._failure
        return None


def _output_until(helper: subprocess.Popen[bytes], ends: float) -> tuple[bytes, bool]:
    """The beginning of what a process prints, and whether it ended by then."""
    assert helper.stdout is not None
    output = b""
    while True:
        if not select.select([helper.stdout], [], [], max(0.0, ends - time.monotonic()))[0]:
            return output, False
        chunk = os.read(helper.stdout.fileno(), 65536)
        output = (output + chunk)[:MOST_OUTPUT_BYTES]
        if not chunk:
            with suppress(subprocess.TimeoutExpired):
                helper.wait(max(0.0, ends - time.monotonic()))
                return output, True
            return output, False
