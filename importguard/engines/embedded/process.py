"""One process in the sandbox, from its start to its end."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, Any, Callable, Optional, Union

from importguard.engines.base import CommandNotFound, Exit, Limits, MemoryUse, Run
from importguard.engines.embedded.memory_watch import MemoryWatch
from importguard.engines.embedded.namespaces import limit_resources
from importguard.engines.embedded.sandbox import (
    Sandbox,
    descriptor_of,
    environment_of_helpers,
    groups_of_helpers,
    joined_arguments,
    network_failure,
    sandbox_failure,
)
from importguard.engines.embedded.seccomp import system_call_filter
from importguard.errors import EngineError

LARGEST_FILE = 1024**3
"""Bytes that one file of the container may grow to, as with Docker."""

_CHUNK = 65536
_SET_PIPE_SIZE, _LARGEST_PIPE = 1031, 1 << 20  # F_SETPIPE_SZ, and what an ordinary user may ask for (pipe(7))
_KILLED = 128 + 9
_SAID = 4096
_CHILD = re.compile(rb'"child-pid": ([0-9]+)')
_POLL_SECONDS = 0.1
_SECONDS_TO_TELL_CHILD = 5.0  # It takes milliseconds, but on a busy machine.


def _apart_from_this_process() -> dict[str, Any]:
    """What ``subprocess.Popen`` is given besides: pipes, and nothing that is this process's own."""
    return {
        "env": environment_of_helpers(),
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "start_new_session": True,
        "extra_groups": groups_of_helpers(),
    }


class SandboxedProcess:
    """A program in a sandbox; whoever makes it closes it, and with it all that it has started.

    ``start`` stands in place of ``subprocess.Popen``; ``free_files`` are bytes that it may write besides its
    memory. ``filter`` is that of its system calls. ``child`` is the number of the sandbox's process 1 on this
    machine, and ``pidfd`` a descriptor of it; 0 and -1 where there is none.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        command: Sequence[str],
        limits: Limits,
        start: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
        free_files: int = 0,
    ) -> None:
        self.limits = limits
        self._free_files = free_files
        self._expired = False
        self._watch: Optional[MemoryWatch] = None
        self.child = 0
        self.pidfd = -1
        self._said = b""
        self._reading = threading.Lock()
        self.filter = _filter_of_this_machine(sandbox.ids)
        status, status_end = os.pipe()
        begin, self._begin = os.pipe()
        # Without its filter, bubblewrap does not let the program begin. It takes the end of ``begin`` for a
        # word to go on, which comes with the end of this process, too.
        calls, self._calls = os.pipe()
        self._status = open(status, "rb", buffering=0)  # noqa: SIM115
        with ExitStack() as stack:
            for descriptor in (status_end, begin, calls):
                stack.callback(os.close, descriptor)
            data, arguments = _with_descriptors(sandbox.arguments, stack)
            given = stack.enter_context(descriptor_of(joined_arguments(arguments)))
            words = [*sandbox.program, "--args", str(given), "--json-status-fd", str(status_end)]
            words += ["--block-fd", str(begin), "--seccomp", str(calls), "--", *command]
            descriptors = (given, status_end, begin, calls, *data, *sandbox.descriptors)
            self._process = start(words, pass_fds=descriptors, **_apart_from_this_process())
        with suppress(OSError):  # It is only faster: without it, each 64 KiB wait for the program.
            fcntl.fcntl(_pipe(self._process.stdin), _SET_PIPE_SIZE, _LARGEST_PIPE)
        self._timer = threading.Timer(limits.seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def let_program_begin(self) -> None:
        """Limit what it may use, and let it begin. Until now it waits, just before its program."""
        self._find_child(self.limits.seconds)
        if self.pidfd < 0:  # It has ended already: ``read_output`` says why.
            return
        with suppress(ProcessLookupError):
            limit_resources(self.child, LARGEST_FILE, self.limits.pids)
        self._watch = MemoryWatch(self.child, self.limits, self._free_files)
        with suppress(BrokenPipeError):
            os.write(self._calls, self.filter)
            os.close(self._calls)
            self._calls = -1
            os.write(self._begin, b"1")

    def _find_child(self, seconds: float) -> None:
        """Read which process is the sandbox's process 1, for so long at most, or until the time is up."""
        ends = time.monotonic() + seconds
        with self._reading:
            while b"\n" not in self._said and time.monotonic() < ends:
                if select.select([self._status], [], [], _POLL_SECONDS)[0]:
                    chunk = os.read(self._status.fileno(), _CHUNK)
                    if not chunk:
                        break
                    self._said += chunk
            found = _CHILD.search(self._said)  # It was written whole, if not the rest of the line.
            if found is not None and self.pidfd < 0:
                with suppress(ProcessLookupError):
                    self.child, self.pidfd = int(found[1]), os.pidfd_open(int(found[1]))

    def send_input(self, data: bytes) -> None:
        """Write to its standard input, which then stays open. A program that does not read it says why."""
        with suppress(OSError, ValueError):  # ValueError: the run has ended, and its end closed the pipe
            _pipe(self._process.stdin).write(data)
            _pipe(self._process.stdin).flush()

    def close_input(self) -> None:
        """End its standard input: what it reads is its end."""
        _pipe(self._process.stdin).close()

    def read_output(self, run: Run) -> Iterator[bytes]:
        """Give what it prints, then note in ``run`` how it ended.

        Raises CommandNotFound or EngineError where its program never began.
        """
        said = b""
        while chunk := os.read(_pipe(self._process.stdout).fileno(), _CHUNK):
            said = (said + chunk)[:_SAID] if len(said) < _SAID else said
            yield chunk
        code = self._process.wait()
        if self._expired:
            run.exit = Exit(_KILLED, timed_out=True)
            return
        # bubblewrap reports an exit code only of a program that it could execute.
        if b'"exit-code"' not in self._said + self._status.read():
            raise _failure(said.decode("utf-8", "backslashreplace"))
        crowded = code == _KILLED and self._watch is not None and self._watch.had_too_many_processes
        memory = code == _KILLED and self.ran_out_of_memory()
        run.exit = Exit(code, out_of_memory=memory, too_many_processes=crowded)

    def ran_out_of_memory(self) -> bool:
        """Whether any of its processes was killed for memory."""
        return self._watch is not None and self._watch.ran_out_of_memory

    @contextmanager
    def counting_helper(self, helper: int) -> Iterator[None]:
        """Hold what comes from a process of this machine to the same limits, while the context lasts."""
        watch = self._watch
        assert watch is not None, "nothing is executed before it began"
        watch.helpers.add(helper)
        try:
            yield
        finally:
            watch.helpers.discard(helper)

    def memory_use(self) -> MemoryUse:
        """What its processes use now; zeros where it never began."""
        return self._watch.memory_use() if self._watch is not None else MemoryUse()

    def send_signal(self, name: str) -> None:
        """Send a signal to its program, if that still runs."""
        if self.pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.Signals[name])

    def end(self) -> None:
        """Kill it and all that it has started, and wait for their end."""
        self._timer.cancel()
        if self._watch is not None:
            self._watch.end_watch()
        self._kill()
        self._process.wait()

    def close(self) -> None:
        """End it, and close all that is open. Does nothing the second time."""
        self.end()
        for stream in (self._process.stdin, self._process.stdout, self._status):
            with suppress(OSError):  # What it has not read is lost.
                _pipe(stream).close()
        for descriptor in (self._begin, self._calls, self.pidfd):
            if descriptor >= 0:
                os.close(descriptor)
        self._begin = self._calls = self.pidfd = -1

    def _expire(self) -> None:
        self._expired = True
        self._kill()

    def _kill(self) -> None:
        """End bubblewrap and the process in the sandbox, which would outlive it while it is being set up.

        Which one that is, bubblewrap has to tell first: without bubblewrap it could wait for ever.
        """
        if self.pidfd < 0 and not self._status.closed:
            self._find_child(_SECONDS_TO_TELL_CHILD)
        self.send_signal("SIGKILL")
        self._process.kill()


def _with_descriptors(
    arguments: Sequence[Union[str, bytes]], stack: ExitStack
) -> tuple[list[int], list[str]]:
    """Open a descriptor for each file among the arguments: (these, the arguments with their numbers)."""
    data: list[int] = []
    words: list[str] = []
    for item in arguments:
        if isinstance(item, bytes):
            data.append(stack.enter_context(descriptor_of(item)))
        words.append(str(data[-1]) if isinstance(item, bytes) else item)
    return data, words


def _filter_of_this_machine(ids: tuple[int, int]) -> bytes:
    """The filter of system calls for a user and its group. Raises EngineError where none is known."""
    calls = system_call_filter(platform.machine(), *ids)
    if calls is None:
        raise EngineError(
            f"The embedded engine knows no filter of system calls for {platform.machine()}: choose "
            "--engine docker."
        )
    return calls


def _failure(said: str) -> Exception:
    """Why a program never began."""
    last = said.strip().rpartition("\n")[2]
    if last.startswith("bwrap: execvp "):
        return CommandNotFound(last[len("bwrap: execvp ") :])
    if last.startswith("namespaces: "):
        return network_failure(last)
    return sandbox_failure(last)


def _pipe(stream: Optional[IO[bytes]]) -> Any:
    assert stream is not None, "it was asked for"
    return stream
