"""Run the user's own command against the services that were started."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from threading import Timer

from importguard.evidence.starts import CommandResult
from importguard.progress import Progress

NOT_RUN = 127
_MOST_LINES = 40


def service_variables(addresses: Mapping[str, str]) -> dict[str, str]:
    """``BACKEND_URL`` and ``BACKEND_WS_URL`` of each service, from name → ``host:port``."""
    variables = {}
    for name, address in addresses.items():
        prefix = re.sub(r"\W", "_", name, flags=re.ASCII).upper()
        variables[f"{prefix}_URL"] = f"http://{address}"
        variables[f"{prefix}_WS_URL"] = f"ws://{address}"
    return variables


def travel(
    command: Sequence[str], addresses: Mapping[str, str], seconds: float, progress: Progress
) -> CommandResult:
    """Run ``command`` on this machine, show what it prints, and give how it ended and its last lines.

    It is killed after ``seconds``, and when this process is interrupted.
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
        )
    except OSError as error:
        return CommandResult(shown, NOT_RUN, f"It cannot be run: {error}")
    timer = Timer(seconds, process.kill)
    timer.start()
    with process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                progress.show_notice(line.rstrip("\n"))
                lines = [*lines, line.rstrip()][-_MOST_LINES:]
            return CommandResult(shown, process.wait(), "\n".join(lines))
        finally:
            timer.cancel()
            process.kill()
