"""Run the user's own command against the services that were started."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread, Timer

from importguard.evidence.starts import CommandResult
from importguard.progress import Progress

NOT_RUN = 127
_MOST_LINES = 40
_WATCH = """
import os, signal, sys
if not sys.stdin.buffer.read():
    if sys.platform == "win32":
        os.kill(int(sys.argv[1]), signal.SIGTERM)
    else:
        os.killpg(int(sys.argv[1]), signal.SIGKILL)
"""


def service_variables(addresses: Mapping[str, str]) -> dict[str, str]:
    """``BACKEND_URL`` and ``BACKEND_WS_URL`` of each service, from name → ``host:port``."""
    variables = {}
    for name, address in addresses.items():
        prefix = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
        variables[f"{prefix}_URL"] = f"http://{address}"
        variables[f"{prefix}_WS_URL"] = f"ws://{address}"
    return variables


def run_user_command(
    command: Sequence[str], addresses: Mapping[str, str], seconds: float, progress: Progress
) -> CommandResult:
    """Run ``command`` on this machine, show what it prints, and give how it ended and its last lines.

    It and what it started are killed after ``seconds``, when this process is interrupted, and when it dies.
    The result says whether its time was over, or why it could not be run.
    """
    shown, lines = shlex.join(command), list[str]()
    environment = {**os.environ, **service_variables(addresses)}
    progress.begin_phase(f"running {shown}")
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,
        )
    except OSError as error:
        return CommandResult(shown, NOT_RUN, error=str(error))
    time_is_over = Event()
    timer = Timer(seconds, _kill_late_group, [process.pid, time_is_over])
    timer.start()
    Thread(target=_kill_what_is_left, args=(process,), daemon=True).start()
    with process, _killed_with_this_process(process.pid):
        try:
            assert process.stdout is not None
            for line in process.stdout:
                progress.show_notice(line.rstrip("\n"))
                lines = [*lines, line.rstrip()][-_MOST_LINES:]
            code = process.wait()
            killed_after = seconds if time_is_over.is_set() else None
            return CommandResult(shown, code, "\n".join(lines), killed_after=killed_after)
        finally:
            timer.cancel()
            _kill_group(process.pid)


def _kill_what_is_left(process: subprocess.Popen[str]) -> None:
    """A server in the background (``server & pytest``) would hold the output open after the command's end."""
    process.wait()
    _kill_group(process.pid)


def _kill_late_group(leader: int, time_is_over: Event) -> None:
    """Kill a command whose time is over, and note that."""
    time_is_over.set()
    _kill_group(leader)


def _kill_group(leader: int) -> None:
    """Kill a command and all that it started: ``make`` runs pytest, which runs a browser."""
    with suppress(OSError):
        if sys.platform == "win32":
            os.kill(leader, signal.SIGTERM)
        else:
            os.killpg(leader, signal.SIGKILL)


@contextmanager
def _killed_with_this_process(leader: int) -> Iterator[None]:
    """Have a command killed where this process is (``kill -9``): a small one waits for its end to do that."""
    # Isolated: the working directory is the user's, with a token.py of theirs.
    line = [sys.executable, "-I", "-S", "-c", _WATCH, str(leader)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, start_new_session=True) as watch:
        try:
            yield
        finally:
            watch.communicate(b"done")
