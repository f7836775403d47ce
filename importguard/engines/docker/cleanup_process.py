"""The process that cleans up after an importguard that was killed (``kill -9``).

A container that was created and not yet started, a service and a network read nothing from this process, so
nothing ends them when it is killed. A small process beside it does: it reads its standard input to the end.
Where that ends without a word, whoever started it died: what has the label of the run is removed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any, Callable

RUN_LABEL = "importguard.run"
_PASSES = 4
_PAUSE_SECONDS = 1.0
"""A container may have been asked for just before the end: its creation takes the daemon a moment."""

_END_SECONDS = 10.0  # that the process may take to end
_PROGRAM = """
import sys
if not sys.stdin.buffer.read():
    run, module, name, *sys.path = sys.argv[1:]
    from importguard.engines.docker.cleanup_process import clean_up
    clean_up(run, module, name)
"""
"""Until it is needed it imports nothing, not even ``site``: it starts in 10 ms."""


class Watch:
    """Watches over what is labelled with ``labels``, from now until ``end``."""

    def __init__(self, connect: Callable[[], Any], labels: dict[str, str]) -> None:
        """``connect`` is a function of a module: the process calls it by its name."""
        self.labels = {**labels, RUN_LABEL: f"{os.getpid()}-{os.urandom(8).hex()}"}
        # The working directory, which an empty name stands for, is the user's, with a token.py of theirs.
        path = [folder for folder in sys.path if folder]
        arguments = [self.labels[RUN_LABEL], connect.__module__, connect.__name__, *path]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def end(self) -> None:
        """Let the process end: nothing is left to remove."""
        with suppress(OSError, subprocess.TimeoutExpired):
            self._process.communicate(b"done", timeout=_END_SECONDS)


def remove_labelled(client: Any, label: str) -> None:
    """Remove every container with a label, then the networks with it. Raises what the SDK raises."""
    from docker.errors import APIError, NotFound

    from importguard.engines.docker.container import remove_by_force

    wanted = {"label": label}
    for container in client.containers(all=True, filters=wanted):
        with suppress(NotFound, APIError):  # It is being removed already.
            remove_by_force(client, container["Id"])
    for network in client.networks(filters=wanted):
        with suppress(NotFound):
            client.remove_network(network["Id"])


def clean_up(run: str, module: str, name: str) -> None:
    """Remove what is left of a run. ``name`` of ``module`` gives a client of the daemon."""
    client = getattr(import_module(module), name)()
    for _ in range(_PASSES):
        with suppress(Exception):  # Nobody hears it; the next pass may do better.
            remove_labelled(client, f"{RUN_LABEL}={run}")
        time.sleep(_PAUSE_SECONDS)
