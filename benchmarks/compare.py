"""Judges importguard and a naive sweep by the verdicts of fresh interpreters. Pure: plain data in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

CIRCULAR = ("circular import", "partially initialized module")


@dataclass(frozen=True)
class Verdict:
    """Outcome and ``missing`` of one module; ``text`` is for people: what was raised, or which finding."""

    outcome: str
    missing: Optional[str]
    text: str = ""

    def same(self, other: Optional[Verdict]) -> bool:
        return other is not None and (self.outcome, self.missing) == (other.outcome, other.missing)

    def __str__(self) -> str:
        return f"{self.outcome}, missing {self.missing} ({self.text})"


@dataclass(frozen=True)
class Difference:
    """A module on which ``truth`` and another side disagree; None stands for no verdict at all."""

    module: str
    truth: Optional[Verdict]
    other: Optional[Verdict]

    def __str__(self) -> str:
        return f"{self.module}\n    fresh: {self.truth}\n    other: {self.other}"


def short(text: str) -> str:
    """One line, cut."""
    return " ".join(text.split())[:150]


def read(lines: Iterable[Mapping[str, Any]]) -> dict[str, Verdict]:
    """The verdicts that truth.py wrote, by module."""
    return {
        line["name"]: Verdict(line["outcome"], line["missing"], short(f"{line['type']}: {line['message']}"))
        for line in lines
        if "name" in line
    }


def reported(image: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdicts of importguard's JSON report, by module, without those that it skipped.

    A module's ``missing`` is that of the finding that lists it. IG102 and IG103 name there an attribute or a
    library, which no ModuleNotFoundError names: they count as none.
    """
    reached = [finding for finding in image["findings"] if finding["reached"]]
    causes = {finding["module"]: finding for finding in reached}
    causes.update({module: finding for finding in reached for module in finding["affected"]})
    verdicts = {}
    for module in image["modules"]:
        name, outcome = module["name"], module["outcome"]
        cause = causes.get(name) if outcome not in ("imported", "skipped", "unchecked") else None
        missing = cause["missing"] if cause and cause["rule"] == "IG101" else None
        if outcome != "skipped":
            text = short(f"{cause['rule']} {cause['message']}") if cause else ""
            verdicts[name] = Verdict(outcome, missing, text)
    return verdicts


def unstable(first: Mapping[str, Verdict], second: Mapping[str, Verdict]) -> list[Difference]:
    """The modules on which the two passes of fresh interpreters disagree."""
    return [
        Difference(name, first.get(name), second.get(name))
        for name in sorted({*first, *second})
        if name not in first or not first[name].same(second.get(name))
    ]


def differing(truth: Mapping[str, Verdict], other: Mapping[str, Verdict]) -> list[Difference]:
    """The modules of ``truth`` on which the other side says something else or nothing."""
    return [
        Difference(name, truth[name], other.get(name))
        for name in sorted(truth)
        if not truth[name].same(other.get(name))
    ]


def failing(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    return {name: verdict for name, verdict in verdicts.items() if verdict.outcome != "imported"}


def causes(verdicts: Mapping[str, Verdict]) -> set[str]:
    """What the failing modules fail by: the missing module's name, else what was raised."""
    return {verdict.missing or f"{verdict.outcome} {verdict.text}" for verdict in failing(verdicts).values()}


def circular(verdicts: Mapping[str, Verdict]) -> list[str]:
    """The modules whose own message speaks of a circular import."""
    return [
        name
        for name, verdict in sorted(verdicts.items())
        if verdict.outcome == "failed" and any(words in verdict.text for words in CIRCULAR)
    ]
