"""Requests to the daemon that are not left half-way when Ctrl-C comes."""

from __future__ import annotations

import threading
from typing import Callable, TypeVar

from importguard.engines.docker.connection import CONNECT_SECONDS

T = TypeVar("T")


def complete_request(action: Callable[[], object], meanwhile: Callable[[], T]) -> T:
    """Let ``action`` finish even when Ctrl-C interrupts it, so that no request is left without its answer.

    ``meanwhile`` is called beside it, and what it gives is given. Signals reach only the main thread: the
    action has its own.
    """
    raised: list[BaseException] = []
    finished = threading.Event()

    def work() -> None:
        try:
            action()
        except BaseException as error:
            raised.append(error)
        finally:
            finished.set()

    try:
        # Also Thread.start can be interrupted, when the thread runs already.
        threading.Thread(target=work, daemon=True).start()
        given = meanwhile()
        finished.wait()
    except BaseException:
        finished.wait(CONNECT_SECONDS)
        raise
    if raised:
        raise raised[0]
    return given
