"""Verdicts of a sweep that a fresh interpreter must confirm: one is asked for all that fail alike.

A verdict that nothing makes doubtful in itself rests on the doubtful ones of the modules that it loads: it
waits for their answers, and is asked about where one of them is refuted.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Optional

    from importguard.probe.verdicts import Verdict

# The reasons of doubts: one that no other module shares; which bodies failed on the way; in what state a
# whole module lacked a name.
EACH, ATTEMPTS, LACKS = "each", "attempts", "lacks"
# What Python says where a name is asked of a member of a circle that is only half imported.
HALF_IMPORTED = "partially initialized module"


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
        self.open: dict[str, Verdict] = {}  # the doubtful verdicts that have no answer yet
        self.refuted: set[str] = set()  # modules of which the sweep was wrong
        self.resting: list[tuple[Verdict, list[str]]] = []  # with the modules whose answers they wait for

    def __contains__(self, name: str) -> bool:
        """Whether the verdict on the module ``name`` waits for an answer."""
        return name in self.open or any(verdict.name == name for verdict, _ in self.resting)

    def rest_verdict(self, verdict: Verdict, modules: Sequence[str]) -> str:
        """What to do with a verdict that rests on doubtful ones: "ask", take it as "confirmed", or "wait"."""
        if not self.refuted.isdisjoint(modules):
            return "ask"
        waited_for = [name for name in modules if name in self.open]
        if waited_for:
            self.resting.append((verdict, waited_for))
        return "wait" if waited_for else "confirmed"

    def release_resting(self) -> tuple[list[Verdict], list[Verdict]]:
        """(confirmed, refuted) of the verdicts that rest on doubtful ones, as far as these are answered.

        Also what passes is refuted: a guarded import goes another way where the other module passes, too.
        """
        confirmed, refuted, resting = [], [], []
        for verdict, modules in self.resting:
            if not self.refuted.isdisjoint(modules):
                refuted.append(verdict)
            elif self.open.keys().isdisjoint(modules):
                confirmed.append(verdict)
            else:
                resting.append((verdict, modules))
        self.resting = resting
        return confirmed, refuted

    def add_doubtful_verdict(self, verdict: Verdict, reason: str) -> str:
        """What to do with a doubtful verdict: "ask" about it, take it as "confirmed", or let it "wait"."""
        failure = verdict.failure
        self.open[verdict.name] = verdict
        if reason == EACH:
            return "ask"
        key: tuple[Any, ...]
        if failure is not None and reason.startswith(ATTEMPTS) and HALF_IMPORTED in failure[1]:
            # Its words and place tell which member of the circle came first, not what the bodies changed.
            key = (reason, verdict.outcome, failure[0])
        elif failure is not None:
            frames = failure[3]
            # A whole module that lacks a name lacks it for whoever imports it in the same state.
            place = None if reason.startswith(LACKS) else tuple(frames[-1][:2]) if frames else verdict.name
            key = (reason, failure[0], failure[1], place)
        elif reason.startswith(ATTEMPTS):
            key = (reason, verdict.outcome)
        else:
            return "ask"
        group = self.groups.setdefault(key, Alike(verdict.name))
        if group.confirmed:
            del self.open[verdict.name]
            return "confirmed"
        if group.confirmed is None:
            group.waiting.append(verdict)
        return "ask" if group.confirmed is False or group.asked == verdict.name else "wait"

    def take_fresh_verdict(self, answer: Verdict) -> tuple[list[Verdict], list[str]]:
        """Take in what a fresh interpreter says: the verdicts that it confirms, and the modules that must be
        asked themselves.
        """
        doubtful = self.open.pop(answer.name, None)
        if doubtful is not None and not doubtful.has_outcome_of(answer):
            self.refuted.add(answer.name)
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
                for verdict in others:
                    self.open.pop(verdict.name, None)
            else:
                refuted += [verdict.name for verdict in others]
        return confirmed, refuted
