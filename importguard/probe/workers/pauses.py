"""The pauses that modules make while they are imported, cut short in a sweep."""

from __future__ import annotations

import _thread
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

_get_ident = _thread.get_ident
_sleep, _monotonic = time.sleep, time.monotonic
LONGEST_IN_SUM = 2.0  # seconds that all modules of a sweep may sleep
CLOCKS = ("time", "monotonic", "perf_counter")


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)


class Pauses:
    """``time.sleep`` and the clocks of a sweep, whose modules sleep ``LONGEST_IN_SUM`` altogether.

    After that a pause ends at once, and the clocks have run through it: a backend has a module that looks for
    a variable every tenth of a second, for ten seconds, and it runs in the sweep and in every trial. Fresh
    interpreters wait as long as the module says.
    """

    def __init__(self) -> None:
        self.slept = 0.0
        self.left_out = 0.0
        self.thread = _get_ident()
        time.sleep = self.sleep
        for name in CLOCKS:
            setattr(time, name, self.ahead(getattr(time, name), float))
            setattr(time, name + "_ns", self.ahead(getattr(time, name + "_ns"), _nanoseconds))

    def sleep(self, seconds: Any) -> None:
        """What ``time.sleep`` is while modules are imported."""
        wanted = max(0.0, LONGEST_IN_SUM - self.slept)
        threads = _get_ident() != self.thread  # they wait for what comes later
        if threads or type(seconds) not in (int, float) or not 0 <= seconds <= 1e9:
            _sleep(seconds)
            return
        _sleep(min(seconds, wanted))
        self.slept += min(seconds, wanted)
        self.left_out += max(0.0, seconds - wanted)

    def ahead(self, clock: Callable[[], Any], convert: Callable[[float], Any]) -> Callable[[], Any]:
        """``clock``, ahead by the pauses that were left out, which ``convert`` turns into its unit."""

        def read_clock() -> Any:
            return clock() + convert(self.left_out) if self.left_out else clock()

        return read_clock

    def clock(self) -> float:
        """Seconds of a clock that has run through every pause."""
        return _monotonic() + self.left_out
