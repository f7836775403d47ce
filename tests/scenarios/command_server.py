"""The command line under test, loaded once: each run of it is a fork of a process that holds all its modules.

A run has its own process, variables, folder, streams and exit. What it does not do again is to load 370
modules, which takes half a second of a processor. ``support.command`` gives the command line that loads them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, LifoQueue
from threading import Event, Timer
from typing import Optional

GRACE = 30.0
"""Seconds that a run has to end after SIGTERM before it is killed."""


class CommandServer:
    """One process that runs one command line at a time."""

    def __init__(self) -> None:
        line = [sys.executable, __file__]
        self._process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(
        self, arguments: Sequence[str], folder: str, environ: Mapping[str, str], timeout: float
    ) -> tuple[Optional[int], bytes, bytes]:
        """Run ``importguard ARGUMENTS``; gives its exit code (None after the time-out), output and errors."""
        with tempfile.TemporaryDirectory(prefix="importguard-test-run-") as streams:
            out, err = Path(streams, "out"), Path(streams, "err")
            asked = {
                "arguments": arguments,
                "folder": folder,
                "environ": dict(environ),
                "streams": [str(out), str(err)],
            }
            assert self._process.stdin
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            pid = int(self._answer())
            late = Event()
            timers = [Timer(timeout, _terminate, [pid, late]), Timer(timeout + GRACE, _kill, [pid])]
            for timer in timers:
                timer.start()
            code = int(self._answer())
            for timer in timers:
                timer.cancel()
            return None if late.is_set() else code, out.read_bytes(), err.read_bytes()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


_IDLE: LifoQueue[CommandServer] = LifoQueue()
"""Those that run nothing now: where tests have threads, there are several."""


def run_command(
    arguments: Sequence[str], folder: str, environ: Mapping[str, str], timeout: float
) -> tuple[Optional[int], bytes, bytes]:
    """Run the command line in a server that is idle, or in a new one; see ``CommandServer.run``."""
    try:
        server = _IDLE.get_nowait()
    except Empty:
        server = CommandServer()
    answer = server.run(arguments, folder, environ, timeout)
    _IDLE.put(server)
    return answer


def end_servers() -> None:
    """End all servers, at the end of the tests."""
    with suppress(Empty):
        while True:
            _IDLE.get_nowait().close()


def _terminate(pid: int, late: Event) -> None:
    late.set()
    with suppress(ProcessLookupError):
        os.kill(pid, 15)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, 9)


def _serve() -> None:
    """Fork for each line of standard input; say the fork's id, and then its exit code."""
    _load_all_modules()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            _become_the_command(**json.loads(line))
            return
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _load_all_modules() -> None:
    import gc
    import importlib
    import pkgutil

    import docker  # noqa: F401

    import importguard

    for module in pkgutil.walk_packages(importguard.__path__, "importguard."):
        if not module.name.endswith(("__main__", "pytest_plugin")):
            importlib.import_module(module.name)
    gc.freeze()


def _become_the_command(
    arguments: list[str], folder: str, environ: dict[str, str], streams: list[str]
) -> None:
    """Run the command line in this process, which ends with it."""
    from importguard.cli.main import program

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for descriptor, path in enumerate(streams, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    sys.argv = ["importguard", *arguments]
    program()


if __name__ == "__main__":
    _serve()
