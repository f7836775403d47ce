"""How long gathering clues may take, and what is said where that was too short."""

from __future__ import annotations

import time


class Budget:
    """The time that gathering may take; ``notes`` say what it was not enough for."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.notes: list[str] = []

    def share_of_budget(self, seconds: float) -> Budget:
        """A share of it: its notes are this one's."""
        share = Budget(min(seconds, self.ends - time.monotonic()))
        share.notes = self.notes
        return share

    def is_spent(self, what: str) -> bool:
        """Whether time is up; then ``what`` is noted as incomplete."""
        if time.monotonic() < self.ends:
            return False
        self.note_once("not everything was looked at, for want of time: " + what)
        return True

    def note_once(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes and len(self.notes) < 50:
            self.notes.append(text)
