"""How long gathering clues may take, and what is said where that was too short."""

from __future__ import annotations

import time

_WALL_SECONDS = 3.0  # that may pass for one of the processor's, on a machine that does much else


class Budget:
    """The processor time that gathering may take; ``notes`` say what it was not enough for."""

    def __init__(self, seconds: float, wall_seconds: float | None = None) -> None:
        self.ends = time.process_time() + seconds
        self.wall_ends = time.monotonic() + (
            _WALL_SECONDS * seconds if wall_seconds is None else wall_seconds
        )
        self.notes: list[str] = []

    def share_of_budget(self, seconds: float) -> Budget:
        """A share of it: its notes are this one's."""
        left = min(seconds, self.ends - time.process_time())
        share = Budget(left, min(_WALL_SECONDS * left, self.wall_ends - time.monotonic()))
        share.notes = self.notes
        return share

    def is_spent(self, what: str) -> bool:
        """Whether time is up; then ``what`` is noted as incomplete."""
        if time.process_time() < self.ends and time.monotonic() < self.wall_ends:
            return False
        self.note_once("not everything was looked at, for want of time: " + what)
        return True

    def note_once(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes and len(self.notes) < 50:
            self.notes.append(text)
