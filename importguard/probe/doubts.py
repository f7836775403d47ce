"""Failures of a sweep that a fresh interpreter must confirm: one is asked for all that fail alike."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.failures import Failure

    Told = tuple[str, str, Optional[Failure], str, float]  # name, outcome, failure, detail, seconds

ATTEMPTS = "attempts"  # the reason of a doubt, before what tells which bodies failed on the way


class Alike:
    """Modules that fail in the same place with the same words, or that met the same failures.

    ``asked`` is the one that a worker imports.
    """

    def __init__(self, asked: str) -> None:
        self.asked = asked
        self.confirmed: Optional[bool] = None  # None while the worker has not answered
        self.waiting: list[Told] = []


class Doubts:
    """Which verdicts of the sweep wait for an answer."""

    def __init__(self) -> None:
        self.groups: dict[tuple[Any, ...], Alike] = {}

    def add(self, told: Told, reason: str) -> str:
        """What to do with a doubtful failure: "ask" about it, take it as "confirmed", or let it "wait"."""
        name, outcome, failure, _, _ = told
        if failure is not None:
            place = tuple(failure[3][-1][:2]) if failure[3] else name
            key: tuple[Any, ...] = (reason, failure[0], failure[1], place)
        elif reason.startswith(ATTEMPTS):
            key = (reason, outcome)
        else:
            return "ask"
        group = self.groups.setdefault(key, Alike(name))
        if group.confirmed:
            return "confirmed"
        if group.confirmed is None:
            group.waiting.append(told)
        return "ask" if group.confirmed is False or group.asked == name else "wait"

    def answer(self, name: str, outcome: str, failure: Optional[Failure]) -> tuple[list[Told], list[str]]:
        """Take in what a fresh interpreter says of ``name``: the verdicts that it confirms, and the modules
        that must be asked themselves.
        """
        confirmed: list[Told] = []
        refuted: list[str] = []
        for group in self.groups.values():
            if group.confirmed is not None or group.asked != name:
                continue
            mine, *others = group.waiting
            group.confirmed = mine[1] == outcome and (mine[2] or ())[:3] == (failure or ())[:3]
            group.waiting = []
            if group.confirmed:
                confirmed += others
            else:
                refuted += [told[0] for told in others]
        return confirmed, refuted
