"""The pauses that modules make while they are imported, cut short in a sweep."""

from __future__ import annotations

import _thread
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_get_ident = _thread.get_ident
_sleep, _monotonic = time.sleep, time.monotonic
LONGEST_IN_SUM = 2.0  # seconds that all modules of a sweep may sleep


class Pauses:
    """``time.sleep`` for a sweep: it sleeps ``LONGEST_IN_SUM`` altogether, and then only says so.

    A backend has a module that sleeps ten seconds when it is imported. Its body runs once in a fresh
    interpreter if production starts it; a sweep and its trials need not wait each time.
    """

    def __init__(self) -> None:
        self.slept = 0.0
        self.left_out = 0.0
        self.real: Any = _sleep
        self.thread = _get_ident()
        time.sleep = self.sleep

    def sleep(self, seconds: Any) -> None:
        """What ``time.sleep`` is while modules are imported."""
        wanted = max(0.0, LONGEST_IN_SUM - self.slept)
        threads = _get_ident() != self.thread  # they wait for what comes later
        if threads or type(seconds) not in (int, float) or not 0 <= seconds <= 1e9:
            self.real(seconds)
            return
        self.real(min(seconds, wanted))
        self.slept += min(seconds, wanted)
        self.left_out += max(0.0, seconds - wanted)

    def clock(self) -> float:
        """Seconds of a clock that has run through every pause."""
        return _monotonic() + self.left_out
