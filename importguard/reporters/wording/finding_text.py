"""One finding as lines for people: in full, or in brief on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from importguard.model import Finding, ImportStep, Location, Severity
from importguard.reporters.wording.sentences import count_with_noun, symptom_lines
from importguard.rules.imports import ENTRYPOINT_TARGET
from importguard.terminal import escape_lines, escape_text, style_text, wrap_text

MOST_LINES = 12
"""What a finding takes at most, unless everything is asked for."""

INDENT = "   "
_MOST_NAMES = 5
_MOST_STEPS = 6
_LONGEST_MESSAGE = 1500
_SHORTEST_PLACE = 12
_MARKS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
# What is given room first, and what is cut first, where a finding has more lines than may be shown.
_BY_WEIGHT = ("heading", "cause", "remedy", "symptoms", "place", "why", "message", "way", "affected")
_IN_ORDER = ("heading", "cause", "why", "remedy", "message", "symptoms", "place", "way", "affected")


@dataclass(frozen=True)
class Page:
    """How to write: characters a line, with colours or without, everything or the gist."""

    width: int = 110
    color: bool = False
    verbose: bool = False

    def apply_style(self, text: str, styles: str) -> str:
        """``text`` in ``styles`` where the page has colours."""
        return style_text(text, styles, self.color)

    def wrap_styled(self, text: str, styles: str, indent: str = "", hanging: str = "") -> list[str]:
        """Wrapped first, styled then: escape sequences have no width."""
        return [
            self.apply_style(line, styles) for line in wrap_text(text, self.width, indent, hanging or indent)
        ]


def full_lines(number: int, finding: Finding, page: Page) -> list[str]:
    """The whole finding: what, why, what to do, the error's words, where, which way, what else fails."""
    sections = {"heading": list(_heading(number, finding, page)), **_cause(finding, page)}
    sections["message"] = _message(finding, page)
    sections["symptoms"] = [
        line
        for text in symptom_lines(finding)
        for line in page.wrap_styled(escape_text(text), "", INDENT, INDENT * 2)
    ]
    sections["place"] = _import_place(finding, page)
    sections["way"] = list(_way(finding.chain, page))
    sections["affected"] = list(_affected(finding, page))
    if not page.verbose:
        sections = _fitted(sections, page)
    return [line for name in _IN_ORDER for line in sections.get(name, ())]


def brief_line(number: int, finding: Finding, page: Page) -> str:
    """The finding on one line: what, its cause, and where as far as it fits."""
    diagnosis = finding.diagnosis
    cause = diagnosis.cause if diagnosis and diagnosis.cause != "unknown" else finding.rule.name
    name = f"{number}. {finding.rule.id}  {escape_text(finding.missing or finding.module)}"
    name = _shortened(name, page.width)
    rest = "".join(f" · {part}" for part in [cause, *tags_of_startup(finding)[:1]])
    if len(name) + len(rest) <= page.width:
        room = page.width - len(name) - len(rest) - 2
        location = (diagnosis.location if diagnosis else None) or finding.location
        place = place_of(location) if location else ""
        if len(place) > room:
            place = "…" + place[len(place) - room + 1 :] if room >= _SHORTEST_PLACE else ""
        rest += f"  {place}" if place else ""
    else:
        rest = ""
    return page.apply_style(name, _MARKS[finding.severity]) + page.apply_style(rest, "dim")


def place_of(location: Location) -> str:
    """``file:line``, escaped."""
    return escape_text(location.path) + (f":{location.line}" if location.line else "")


def cut_names(names: Sequence[str], page: Page) -> str:
    """``a, b … and 7 more``."""
    shown = names if page.verbose or len(names) <= _MOST_NAMES + 1 else names[:_MOST_NAMES]
    return ", ".join(shown) + (f" … and {len(names) - len(shown)} more" if len(shown) < len(names) else "")


def _fitted(sections: dict[str, list[str]], page: Page) -> dict[str, list[str]]:
    """The sections cut to MOST_LINES in all; the words of the error keep one line whatever the cause says."""
    room = MOST_LINES - min(1, len(sections["message"]))
    fitted = {}
    for name in _BY_WEIGHT:
        lines = sections.get(name, [])
        room += 1 if name == "message" and lines else 0
        fitted[name] = lines[: max(room, 0)]
        if len(lines) > len(fitted[name]) > 1:
            fitted[name][-1] = _ellipsis(len(lines) - len(fitted[name]) + 1, page)
        room -= len(fitted[name])
    return fitted


def _ellipsis(hidden: int, page: Page) -> str:
    return page.apply_style(f"{INDENT}… and {count_with_noun(hidden, 'more line')}; -v shows all", "dim")


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _heading(number: int, finding: Finding, page: Page) -> Iterator[str]:
    subject = escape_text(finding.missing or finding.module)
    left = f"{number}. {finding.rule.id} {finding.rule.name}  {subject}"
    tags = tags_of_startup(finding)
    tags += ["warning"] if finding.severity is Severity.WARNING else []
    tags += [count_with_noun(len(finding.affected), "module")] if finding.affected else []
    right = " · ".join(tags)
    styles = f"bold {_MARKS[finding.severity]}"
    if len(left) + 2 + len(right) <= page.width:
        yield page.apply_style(left, styles) + " " * (page.width - len(left) - len(right)) + right
        return
    yield from page.wrap_styled(left, styles, "", INDENT)
    if right:
        yield from page.wrap_styled(right, "", INDENT)


def tags_of_startup(finding: Finding) -> list[str]:
    """What a finding does to the start, or when it would be met."""
    tags = ["breaks startup"] if finding.breaks_startup else []
    tags += ["not loaded at startup"] if finding.loaded_at_startup is False else []
    if finding.reached:
        return tags
    return [*tags, "in a function" if finding.late else "would fail next"]


def _cause(finding: Finding, page: Page) -> dict[str, list[str]]:
    """Why, and what to do about it: it stands before the words of the error."""
    if (diagnosis := finding.diagnosis) is None:
        return {}
    doubt = "" if diagnosis.confidence == "certain" else f" ({diagnosis.confidence})"
    place = place_of(diagnosis.location) if diagnosis.location else ""
    why, remedy = escape_text(diagnosis.explanation), escape_text(diagnosis.remedy)
    cause = []
    if diagnosis.cause != "unknown":
        why = _without_place(why, place)
        at = f" at {place}" if place and not _names(why + remedy, place) else ""
        cause = page.wrap_styled(f"cause: {diagnosis.cause}{doubt}{at}", "bold", INDENT, INDENT * 2)
    told = page.wrap_styled(why, "", INDENT)
    for fact in diagnosis.evidence if page.verbose else ():
        told += page.wrap_styled(f"evidence: {escape_text(fact)}", "dim", INDENT, INDENT * 2)
    return {
        "cause": cause,
        "why": told,
        "remedy": page.wrap_styled(f"try: {remedy}", "cyan", INDENT, INDENT * 2),
    }


def _without_place(text: str, place: str) -> str:
    """``text`` without `` at FILE:LINE`` and `` (FILE:LINE)``: the line above has it already."""
    if not place:
        return text
    return re.sub(rf" (?:at {re.escape(place)}(?![\w:])|\({re.escape(place)}\))", "", text)


def _names(text: str, place: str) -> bool:
    return re.search(rf"{re.escape(place)}(?!\d)", text) is not None


def _message(finding: Finding, page: Page) -> list[str]:
    told: list[str] = []
    for line in [line for line in escape_lines(finding.message).split("\n") if line]:
        cut = line if page.verbose or len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + " …"
        told += page.wrap_styled(cut, "", INDENT)
    return told


def _import_place(finding: Finding, page: Page) -> list[str]:
    """The line of the import, unless the cause names it."""
    if finding.location is None:
        return []
    place, diagnosis = place_of(finding.location), finding.diagnosis
    if diagnosis is not None:
        named = [diagnosis.explanation, diagnosis.remedy]
        named += [place_of(diagnosis.location)] if diagnosis.location and diagnosis.cause != "unknown" else []
        if any(_names(escape_text(text), place) for text in named):
            return []
    verb = "imported at" if finding.missing and finding.rule is not ENTRYPOINT_TARGET else "in"
    return page.wrap_styled(f"{verb} {place}", "", INDENT, INDENT * 2)


def _way(chain: Sequence[ImportStep], page: Page) -> Iterator[str]:
    """The chain of imports. A single step says no more than the location."""
    importers = [step.importer for step in chain]
    if len(importers) < 2 and not (page.verbose and importers):
        return
    if page.verbose:
        for index, step in enumerate(chain):
            line = f"{'→ ' if index else ''}{escape_text(step.importer)}  {place_of(step.location)}"
            yield from page.wrap_styled(line, "dim", INDENT, INDENT * 2)
        return
    names = [importers[0], *(_abbreviated(name, importers[0]) for name in importers[1:])]
    if len(names) > _MOST_STEPS:
        names = [*names[:2], f"({len(names) - 4} more)", *names[-2:]]
    yield from page.wrap_styled(" → ".join(escape_text(name) for name in names), "dim", INDENT, INDENT * 2)


def _abbreviated(name: str, first: str) -> str:
    """``…core.factory`` for ``shop.app.core.factory`` after ``shop.app.main``."""
    shared = 0
    parts, others = name.split("."), first.split(".")
    while shared < min(len(parts), len(others)) - 1 and parts[shared] == others[shared]:
        shared += 1
    return "…" + ".".join(parts[shared:]) if shared else name


def _affected(finding: Finding, page: Page) -> Iterator[str]:
    names = [
        escape_text(name) for name in finding.affected if name != finding.module or len(finding.affected) > 1
    ]
    if not names:
        return
    label = "fails" if finding.reached else "would fail"
    yield from page.wrap_styled(f"{label}: {cut_names(names, page)}", "dim", INDENT, INDENT * 2)
