"""The report for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from importguard.diagnosis.changes import lines_to_change
from importguard.model import Finding, ImageReport, ImportStep, Location, Report, Severity
from importguard.sentences import count, sentences, short_verdict
from importguard.terminal import escape, style, wrap

_MOST_FINDINGS = 20
_MOST_NAMES = 5
_MOST_STEPS = 6
_MOST_LINES = 8
_LONGEST_MESSAGE = 1500
_INDENT = "   "
_MARKS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


@dataclass(frozen=True)
class _Page:
    """How to write: characters a line, with colours or without, everything or the gist."""

    width: int
    color: bool
    verbose: bool

    def style(self, text: str, styles: str) -> str:
        return style(text, styles, self.color)

    def styled(self, text: str, styles: str, indent: str = "", hanging: str = "") -> list[str]:
        """Wrapped first, styled then: escape sequences have no width."""
        return [self.style(line, styles) for line in wrap(text, self.width, indent, hanging or indent)]


def render(report: Report, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """The report as text of ``width`` columns, with a newline at its end; ``verbose`` cuts no list."""
    page = _Page(max(width, 40), color, verbose)
    lines: list[str] = []
    for image in report.images:
        if lines:
            lines += ["", page.style("─" * page.width, "dim"), ""]
        lines += _image(image, page)
    if len(report.images) > 1:
        lines += ["", page.style("─" * page.width, "dim"), "", *_overview(report, page)]
    if report.notes:
        lines += [
            "",
            *(line for note in report.notes for line in page.styled(escape(note), "yellow", "", "  ")),
        ]
    return "\n".join(lines) + "\n"


def _notes(report: Report, page: _Page) -> Iterator[str]:
    for note in report.notes:
        yield from page.styled(escape(note), "yellow", "", "  ")


def _overview(report: Report, page: _Page) -> Iterator[str]:
    for image in report.images:
        mark, styles = _mark(image)
        yield from page.styled(
            f"{mark} {escape(image.image.title)}: {short_verdict(image)}",
            styles,
            "",
            "  ",
        )


def _mark(image: ImageReport) -> tuple[str, str]:
    if any(finding.severity is Severity.ERROR for finding in image.findings):
        return "✗", "bold red"
    if image.error:
        return "!", "bold red"
    return ("!", "bold yellow") if image.findings else ("✓", "bold green")


def _image(image: ImageReport, page: _Page) -> Iterator[str]:
    yield from _title(image, page)
    yield ""
    yield from _verdict(image, page)
    for number, finding in enumerate(_shown(image, page), 1):
        yield ""
        yield from _finding(number, finding, page)
    rest = len(image.findings) - len(_shown(image, page))
    if rest:
        yield ""
        yield page.style(f"… and {count(rest, 'more finding', 'more findings')}; -v shows all", "dim")
    yield from _lines_to_change(image, page)
    if image.modules:
        yield ""
        yield from page.styled(_footer(image), "dim", "", "  ")
    if page.verbose:
        for finding in image.suppressed:
            yield from page.styled(_suppressed(finding), "dim", "", "  ")
    for note in image.notes:
        yield from page.styled(escape(note), "dim", "", "  ")
    if page.verbose and image.details:
        yield ""
        yield page.style("How this was found:", "dim")
        for detail in image.details:
            yield from page.styled(escape(detail), "dim", "  ", "    ")


def _shown(image: ImageReport, page: _Page) -> Sequence[Finding]:
    """The first findings; a list that would be cut by only two is shown whole."""
    everything = page.verbose or len(image.findings) <= _MOST_FINDINGS + 2
    return image.findings if everything else image.findings[:_MOST_FINDINGS]


def _title(image: ImageReport, page: _Page) -> Iterator[str]:
    reference, identity = image.image.reference, _short_id(image.image.id)
    # A build without a tag has no other name than its id.
    name, facts = (identity, []) if reference == image.image.id else (reference, [identity])
    if image.image.label:
        name, facts = image.image.label, [name, *facts]
    facts += [image.image.platform]
    if image.interpreter:
        facts += [f"{image.interpreter.implementation} {image.interpreter.version}"]
        facts += [f"user {image.image.user or 'root'}"]
    about = ", ".join(escape(fact) for fact in facts if fact)
    title = f"importguard  {escape(name)}" + (f"  ({about})" if about else "")
    yield from page.styled(title, "bold", "", "  ")


def _short_id(identity: str) -> str:
    algorithm, colon, digest = identity.partition(":")
    return f"{algorithm}:{digest[:12]}" if colon else identity[:12]


def _verdict(image: ImageReport, page: _Page) -> Iterator[str]:
    mark, styles = _mark(image)
    if image.modules:
        for index, sentence in enumerate(sentences(image)):
            lead = f"{mark} " if index == 0 else "  "
            yield from page.styled(lead + sentence, styles if index == 0 else "", "", "  ")
    if image.error:
        if image.modules:
            yield ""
        title = "The check is not complete: " if image.modules else "This image could not be checked: "
        for index, reason in enumerate(image.error.strip().split("\n")):
            lead = f"! {title}" if index == 0 else "  "
            styles = "bold red" if index == 0 else ""
            yield from page.styled(lead + escape(reason), styles, "", "  ")


def _finding(number: int, finding: Finding, page: _Page) -> Iterator[str]:
    yield from _heading(number, finding, page)
    yield from _cause(finding, page)
    yield from _message(finding, page)
    if finding.location:
        verb = "imported" if finding.missing and finding.rule.id != "IG109" else "in"
        at = f"{verb} at" if verb == "imported" else verb
        yield from page.styled(f"{at} {_place(finding.location)}", "", _INDENT, _INDENT * 2)
    yield from _way(finding.chain, page)
    yield from _affected(finding, page)


def _cause(finding: Finding, page: _Page) -> Iterator[str]:
    """Why, and what to do about it: it stands before the words of the error."""
    if (diagnosis := finding.diagnosis) is None:
        return
    doubt = "" if diagnosis.confidence == "certain" else f" ({diagnosis.confidence})"
    at = f" at {_place(diagnosis.location)}" if diagnosis.location else ""
    if diagnosis.cause != "unknown":
        yield from page.styled(f"cause: {diagnosis.cause}{doubt}{at}", "bold", _INDENT, _INDENT * 2)
    yield from page.styled(escape(diagnosis.explanation), "", _INDENT)
    yield from page.styled(f"try: {escape(diagnosis.remedy)}", "cyan", _INDENT, _INDENT * 2)
    for fact in diagnosis.evidence if page.verbose else ():
        yield from page.styled(f"evidence: {escape(fact)}", "dim", _INDENT, _INDENT * 2)


def _lines_to_change(image: ImageReport, page: _Page) -> Iterator[str]:
    """Where several findings come from one line, or there are several lines: each line once."""
    lines = lines_to_change(image.findings)
    if len(image.findings) < 2 or not lines:
        return
    yield from ("", page.style("Lines to change:", "bold"))
    for line in lines if page.verbose else lines[:_MOST_FINDINGS]:
        at = f"{_place(line.location)}  {escape(line.diagnosis.quote or '')}"
        yield from page.styled(at.rstrip(), "bold", "", _INDENT)
        names = _cut([escape(name) for name in line.names], page)
        yield from page.styled(f"{line.diagnosis.cause}: {names}", "", _INDENT, _INDENT * 2)
        for change in line.changes:
            yield from page.styled(f"add: {escape(change)}", "cyan", _INDENT, _INDENT * 2)


def _heading(number: int, finding: Finding, page: _Page) -> Iterator[str]:
    subject = escape(finding.missing or finding.module)
    left = f"{number}. {finding.rule.id} {finding.rule.name}  {subject}"
    tags = ["breaks startup"] if finding.breaks_startup else []
    tags += [] if finding.reached else ["not reached"]
    tags += ["warning"] if finding.severity is Severity.WARNING else []
    tags += [count(len(finding.affected), "module")] if finding.affected else []
    right = " · ".join(tags)
    styles = f"bold {_MARKS[finding.severity]}"
    if len(left) + 2 + len(right) <= page.width:
        yield page.style(left, styles) + " " * (page.width - len(left) - len(right)) + right
        return
    yield from page.styled(left, styles, "", _INDENT)
    if right:
        yield from page.styled(right, "", _INDENT)


def _suppressed(finding: Finding) -> str:
    reason = finding.suppression.reason if finding.suppression else ""
    subject = finding.missing or finding.module
    return f"Suppressed: {finding.rule.id} {escape(subject)} ({escape(reason)})"


def _message(finding: Finding, page: _Page) -> Iterator[str]:
    lines = [line for line in finding.message.split("\n") if line.strip()] or [""]
    shown = lines if page.verbose else lines[:_MOST_LINES]
    for line in shown:
        text = escape(line.rstrip())
        cut = text if page.verbose or len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + " …"
        yield from page.styled(cut, "", _INDENT)
    if len(shown) < len(lines):
        yield page.style(f"{_INDENT}… and {count(len(lines) - len(shown), 'more line')}; -v shows all", "dim")


def _place(location: Location) -> str:
    return escape(location.path) + (f":{location.line}" if location.line else "")


def _way(chain: Sequence[ImportStep], page: _Page) -> Iterator[str]:
    """How the import got there. One step alone says nothing that the location does not."""
    importers = [step.importer for step in chain]
    if len(importers) < 2 and not (page.verbose and importers):
        return
    if page.verbose:
        for index, step in enumerate(chain):
            line = f"{'→ ' if index else ''}{escape(step.importer)}  {_place(step.location)}"
            yield from page.styled(line, "dim", _INDENT, _INDENT * 2)
        return
    names = [importers[0], *(_abbreviated(name, importers[0]) for name in importers[1:])]
    if len(names) > _MOST_STEPS:
        names = [*names[:2], f"({len(names) - 4} more)", *names[-2:]]
    yield from page.styled(" → ".join(escape(name) for name in names), "dim", _INDENT, _INDENT * 2)


def _abbreviated(name: str, first: str) -> str:
    """``…core.factory`` for ``shop.app.core.factory`` after ``shop.app.main``."""
    shared = 0
    parts, others = name.split("."), first.split(".")
    while shared < min(len(parts), len(others)) - 1 and parts[shared] == others[shared]:
        shared += 1
    return "…" + ".".join(parts[shared:]) if shared else name


def _affected(finding: Finding, page: _Page) -> Iterator[str]:
    names = [escape(name) for name in finding.affected if name != finding.module or len(finding.affected) > 1]
    if not names:
        return
    label = "fails" if finding.reached else "would fail"
    yield from page.styled(f"{label}: {_cut(names, page)}", "dim", _INDENT, _INDENT * 2)


def _cut(names: Sequence[str], page: _Page) -> str:
    shown = names if page.verbose or len(names) <= _MOST_NAMES + 1 else names[:_MOST_NAMES]
    return ", ".join(shown) + (f" … and {len(names) - len(shown)} more" if len(shown) < len(names) else "")


def _footer(image: ImageReport) -> str:
    outcomes = Counter(module.outcome for module in image.modules)
    failed = sum(outcomes[name] for name in ("failed", "exited", "crashed", "timed_out"))
    counts = {
        "imported": outcomes["imported"],
        "failed": failed,
        "unchecked": outcomes["unchecked"],
        "skipped": outcomes["skipped"],
    }
    parts = [f"{number} {name}" for name, number in counts.items() if number or name == "imported"]
    return " · ".join([*parts, f"{image.seconds:.1f} s"])
