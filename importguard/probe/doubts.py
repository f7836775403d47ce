"""Failures of a sweep that a fresh interpreter must confirm: one is asked for all that fail alike."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.verdicts import Verdict

# The reasons of doubts: which bodies failed on the way; in what state a whole module lacked a name.
ATTEMPTS, LACKS = "attempts", "lacks"


class Alike:
    """Modules that fail in the same place with the same words, or that met the same failures.

    ``asked`` is the one that a worker imports.
    """

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self.confirmed: Optional[bool] = None  # None while the worker has not answered
        self.waiting: list[Verdict] = []


class Doubts:
    """Which verdicts of the sweep wait for an answer."""

    def __init__(self) -> None:
        self.groups: dict[tuple[Any, ...], Alike] = {}

    def add_doubtful_verdict(self, verdict: Verdict, reason: str) -> str:
        """What to do with a doubtful verdict: "ask" about it, take it as "confirmed", or let it "wait"."""
        failure = verdict.failure
        if failure is not None:
            frames = failure[3]
            # A whole module that lacks a name lacks it for whoever imports it in the same state.
            place = None if reason.startswith(LACKS) else tuple(frames[-1][:2]) if frames else verdict.name
            key: tuple[Any, ...] = (reason, failure[0], failure[1], place)
        elif reason.startswith(ATTEMPTS):
            key = (reason, verdict.outcome)
        else:
            return "ask"
        group = self.groups.setdefault(key, Alike(verdict.name))
        if group.confirmed:
            return "confirmed"
        if group.confirmed is None:
            group.waiting.append(verdict)
        return "ask" if group.confirmed is False or group.asked == verdict.name else "wait"

    def take_fresh_verdict(self, answer: Verdict) -> tuple[list[Verdict], list[str]]:
        """Take in what a fresh interpreter says: the verdicts that it confirms, and the modules that must be
        asked themselves.
        """
        confirmed: list[Verdict] = []
        refuted: list[str] = []
        for group in self.groups.values():
            if group.confirmed is not None or group.asked != answer.name:
                continue
            doubted, *others = group.waiting
            group.confirmed = doubted.agrees_with(answer)
            group.waiting = []
            if group.confirmed:
                confirmed += others
            else:
                refuted += [verdict.name for verdict in others]
        return confirmed, refuted
