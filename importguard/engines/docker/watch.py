"""The process that cleans up after an importguard that was killed (``kill -9``).

``main`` reads standard input to the end; the process's arguments are the name of a run, and a module and its
function that connects. Where the input ends without a word, whoever started it died: the containers and
networks with the label of that run are removed.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

RUN_LABEL = "importguard.run"
_PASSES = 4
_PAUSE_SECONDS = 1.0
"""A container may have been asked for just before the end: its creation takes the daemon a moment."""


def remove_labelled(client: Any, run: str) -> None:
    """Remove every container of a run, then its networks. Raises what the SDK raises."""
    from docker.errors import APIError, NotFound

    wanted = {"label": f"{RUN_LABEL}={run}"}
    for container in client.containers(all=True, filters=wanted):
        with suppress(NotFound, APIError):  # It is being removed already.
            client.remove_container(container["Id"], v=True, force=True)
    for network in client.networks(filters=wanted):
        with suppress(NotFound):
            client.remove_network(network["Id"])


def main() -> None:
    """Wait for the end of standard input, and clean up unless it said that this is done."""
    if sys.stdin.buffer.read():
        return
    name, module, connect = sys.argv[1:]
    client = getattr(import_module(module), connect)()
    for _ in range(_PASSES):
        with suppress(Exception):  # Nobody hears it; the next pass may do better.
            remove_labelled(client, name)
        time.sleep(_PAUSE_SECONDS)
