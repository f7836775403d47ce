"""Trying again what may go better the next time, and how long to wait before."""

from __future__ import annotations

import email.utils
import random
import re
import threading
import time
from typing import Callable, Optional, TypeVar

Result = TypeVar("Result")

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds between attempts: five of them in all."""

LONGEST_WAIT = 60.0
"""Seconds that a server may ask to wait (Retry-After) before it counts as a refusal."""

_WORTH_TELLING = 3.0


class TransferError(Exception):
    """A request that failed. ``temporary``: it may go better the next time, after ``wait`` seconds."""

    def __init__(self, reason: str, *, temporary: bool = False, wait: float = 0.0):
        super().__init__(reason)
        self.reason = reason
        self.temporary = temporary
        self.wait = wait


class Waits:
    """The waits of one pull: the user is told of long ones by ``tell``, and all of them end at once."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._ended = threading.Event()

    def end_all(self) -> None:
        """End the waits that there are, and those to come."""
        self._ended.set()

    def have_ended(self) -> bool:
        """Whether ``end_all`` was called."""
        return self._ended.is_set()

    def wait_for(self, seconds: float, reason: str) -> bool:
        """Wait; tell whether the end came before."""
        if seconds >= _WORTH_TELLING:
            self._tell(f"{reason}: waiting {seconds:.0f} s")
        return self._ended.wait(seconds)


class Patience:
    """The attempts that one task has."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._pauses = list(PAUSES)
        self._attempts = 0

    def renew(self) -> None:
        """Begin anew: something was achieved."""
        self._pauses, self._attempts = list(PAUSES), 0

    def wait_after(self, failure: TransferError) -> None:
        """Wait until the next attempt; raise the failure where there is none."""
        self._attempts += 1
        if not failure.temporary:
            raise failure
        if failure.wait > LONGEST_WAIT:
            raise TransferError(f"{failure.reason}; it asks to wait {failure.wait:.0f} s") from failure
        if not self._pauses:
            raise TransferError(f"{failure.reason} (tried {self._attempts} times)") from failure
        # Runs that failed together should not come back together.
        pause = self._pauses.pop(0) * random.uniform(1.0, 1.3)
        if self._waits.wait_for(max(pause, failure.wait), failure.reason):
            raise TransferError("it was stopped") from failure


def keep_trying(action: Callable[[], Result], waits: Waits) -> Result:
    """Give what ``action`` gives, tried again after temporary failures."""
    patience = Patience(waits)
    while True:
        try:
            return action()
        except TransferError as failure:
            patience.wait_after(failure)


def read_header_number(text: str) -> Optional[int]:
    """A number that a header tells; None for none, and for nonsense: ``²`` is a digit, too."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text.strip()) else None


def seconds_to_wait(header: Optional[str]) -> float:
    """What a Retry-After header asks for: seconds, or a date (RFC 9110, section 10.2.3)."""
    if not header:
        return 0.0
    seconds = read_header_number(header)
    if seconds is not None:
        return float(seconds)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0
