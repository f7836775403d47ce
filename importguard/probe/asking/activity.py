"""Whether the processes of a container still work, by looking again and again."""

from __future__ import annotations

import collections
import time

from importguard.probe.asking.sockets import is_busy, main_thread_sleeps, sleep_of_a_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Deque, Tuple

WINDOW_SECONDS = 10.0
_REQUESTS = 5
_PAUSE_SECONDS = 0.02  # in which an event loop falls asleep again
_BUSY_SHARE = 0.05
"""A loop that waits, such as one that asks for a database every second, works less than that."""

_SLEEPS, _SLEEPING_SHARE = 3, 1 / 3
"""A script that sleeps so often, and for so much of the time, waits too, however short its sleep is."""


class Activity:
    """What was seen of the processes in the last ten seconds."""

    def __init__(self, looks_busy: Callable[[], bool] = is_busy) -> None:
        self.looks_busy = looks_busy
        self.samples: Deque[Tuple[float, bool, int]] = collections.deque()

    def is_at_rest(self, now: float | None = None) -> bool:
        """Look once more; whether they have hardly worked, and were looked at for long enough to tell."""
        now = time.monotonic() if now is None else now
        self.samples.append((now, self.looks_busy(), sleep_of_a_script()))
        if now - self.samples[0][0] < WINDOW_SECONDS:
            return False
        while now - self.samples[1][0] >= WINDOW_SECONDS:
            self.samples.popleft()
        busy = sum(is_busy for _, is_busy, _ in self.samples)
        sleeps = [sleep for _, _, sleep in self.samples if sleep]
        sleeps_in_a_loop = len(set(sleeps)) >= _SLEEPS and len(sleeps) >= _SLEEPING_SHARE * len(self.samples)
        return sleeps_in_a_loop or busy < _BUSY_SHARE * len(self.samples)


def wakes_main_thread(ask: Callable[[], bool], sleeps: Callable[[], int] = main_thread_sleeps) -> bool:
    """Whether each request wakes a process's main thread, by how often these fall asleep again.

    What serves metrics beside a program that still waits has a thread of its own. What wakes them besides is
    seen in as much time without a request.
    """
    begun, before = time.monotonic(), sleeps()
    for _ in range(_REQUESTS):
        if not ask():
            return False
        time.sleep(_PAUSE_SECONDS)
    took, asked = time.monotonic() - begun, sleeps()
    time.sleep(took)
    return (asked - before) - (sleeps() - asked) >= _REQUESTS
