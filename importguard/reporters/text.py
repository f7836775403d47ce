"""The report for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from importguard.diagnosis.changes import lines_to_change
from importguard.diagnosis.parts import part_of
from importguard.model import FAILURES, Finding, Outcome, Severity
from importguard.report import ImageReport, Report
from importguard.reporters.wording.finding_text import (
    INDENT,
    Page,
    brief_line,
    cut_names,
    full_lines,
    place_of,
)
from importguard.reporters.wording.sentences import (
    count_with_noun,
    part_heading,
    short_verdict,
    summary_sentences,
)
from importguard.terminal import escape_text

_MOST_LINES = 120
"""What the report on an image takes at most, where it is as wide as a page; -v shows all."""

_MOST_LINES_TO_CHANGE = 24
_LEAST_IN_FULL = 3
_LEAST_IN_BRIEF = 10
_LINES_OF_THE_REST = 2  # an empty one, and how many more there are


def render(report: Report, *, width: int = 80, color: bool = False, verbose: bool = False) -> str:
    """The report as text of ``width`` columns, with a newline at its end; ``verbose`` cuts no list."""
    page = Page(max(width, 40), color, verbose)
    lines: list[str] = []
    for image in report.images:
        if lines:
            lines += ["", page.apply_style("─" * page.width, "dim"), ""]
        lines += _image(image, page)
    if len(report.images) > 1:
        lines += ["", page.apply_style("─" * page.width, "dim"), "", *_overview(report, page)]
    if report.notes:
        lines += [
            "",
            *(
                line
                for note in report.notes
                for line in page.wrap_styled(escape_text(note), "yellow", "", "  ")
            ),
        ]
    return "\n".join(lines) + "\n"


def _overview(report: Report, page: Page) -> Iterator[str]:
    for image in report.images:
        mark, styles = _mark(image)
        yield from page.wrap_styled(
            f"{mark} {escape_text(image.image.display_name)}: {short_verdict(image)}",
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


def _image(image: ImageReport, page: Page) -> Iterator[str]:
    head = [*_title(image, page), "", *_verdict(image, page)]
    tail = [*_lines_to_change(image, page), *_ending(image, page)]
    yield from head
    yield from _findings(image, page, _MOST_LINES - len(head) - len(tail))
    yield from tail


def _findings(image: ImageReport, page: Page, room: int) -> list[str]:
    """The findings in ``room`` lines: as many in full as there is room for, the others in brief.

    What breaks startup gets the room first, then what a start command loads. Three are shown in full in any
    case, and where the others do not fit in brief, the last are counted.
    """
    numbered = list(enumerate(image.findings, 1))
    by_weight = [
        number
        for number, finding in sorted(
            numbered, key=lambda item: (not item[1].breaks_startup, not item[1].loaded_at_startup, item[0])
        )
    ]
    whole = {number: full_lines(number, finding, page) for number, finding in numbered}
    if page.verbose:
        return list(_shown(image, page, whole, set()))
    first = by_weight[:_LEAST_IN_FULL]
    lines = list(_shown(image, page, {number: whole[number] for number in first}, set(by_weight)))
    if len(lines) > room:
        fitting = max(len(by_weight) - (len(lines) - room) - _LINES_OF_THE_REST, len(first) + _LEAST_IN_BRIEF)
        return list(
            _shown(image, page, {number: whole[number] for number in first}, set(by_weight[:fitting]))
        )
    for number in by_weight[_LEAST_IN_FULL:]:
        first = [*first, number]
        more = list(_shown(image, page, {number: whole[number] for number in first}, set(by_weight)))
        if len(more) > room:
            break
        lines = more
    return lines


def _shown(
    image: ImageReport, page: Page, in_full: dict[int, list[str]], in_brief: set[int]
) -> Iterator[str]:
    """Each part under its heading; ``in_full`` holds the lines of the findings that are shown so."""
    headed, is_after_brief = None, False
    for number, finding in enumerate(image.findings, 1):
        if number not in in_full and number not in in_brief:
            continue
        if part_of(finding) != headed:
            headed, is_after_brief = part_of(finding), False
            yield from ("", *page.wrap_styled(part_heading(headed, image), "bold", "", "  "))
        if number in in_full:
            yield from ("", *in_full[number])
        elif is_after_brief:
            yield brief_line(number, finding, page)
        else:
            yield from ("", brief_line(number, finding, page))
        is_after_brief = number not in in_full
    rest = len(image.findings) - len(in_brief | in_full.keys())
    if rest:
        yield ""
        yield page.apply_style(f"… and {count_with_noun(rest, 'more finding')}; -v shows all", "dim")


def _ending(image: ImageReport, page: Page) -> Iterator[str]:
    """The counts, what is suppressed, the notes, and how things were found."""
    if image.modules:
        yield ""
        yield from page.wrap_styled(_footer(image), "dim", "", "  ")
    if page.verbose:
        for finding in image.suppressed:
            yield from page.wrap_styled(_suppressed(finding), "dim", "", "  ")
    for note in image.notes:
        yield from page.wrap_styled(escape_text(note), "dim", "", "  ")
    if page.verbose and image.details:
        yield ""
        yield page.apply_style("How this was found:", "dim")
        for detail in image.details:
            yield from page.wrap_styled(escape_text(detail), "dim", "  ", "    ")


def _title(image: ImageReport, page: Page) -> Iterator[str]:
    reference, identity = image.image.reference, _short_id(image.image.id)
    # A build without a tag has no other name than its id.
    name, facts = (identity, []) if reference == image.image.id else (reference, [identity])
    if image.image.label:
        name, facts = image.image.label, [name, *facts]
    facts += [image.image.platform]
    if image.interpreter:
        facts += [f"{image.interpreter.implementation} {image.interpreter.version}"]
        facts += [f"user {image.image.user or 'root'}"]
    about = ", ".join(escape_text(fact) for fact in facts if fact)
    title = f"importguard  {escape_text(name)}" + (f"  ({about})" if about else "")
    yield from page.wrap_styled(title, "bold", "", "  ")


def _short_id(identity: str) -> str:
    algorithm, colon, digest = identity.partition(":")
    return f"{algorithm}:{digest[:12]}" if colon else identity[:12]


def _verdict(image: ImageReport, page: Page) -> Iterator[str]:
    mark, styles = _mark(image)
    if image.modules or image.start:
        for index, sentence in enumerate(summary_sentences(image)):
            lead = f"{mark} " if index == 0 else "  "
            yield from page.wrap_styled(lead + sentence, styles if index == 0 else "", "", "  ")
    if image.error:
        judged = image.modules or image.start
        if judged:
            yield ""
        title = "The check is not complete: " if judged else "This image could not be checked: "
        for index, reason in enumerate(image.error.strip().split("\n")):
            lead = f"! {title}" if index == 0 else "  "
            styles = "bold red" if index == 0 else ""
            yield from page.wrap_styled(lead + escape_text(reason), styles, "", "  ")


def _lines_to_change(image: ImageReport, page: Page) -> Iterator[str]:
    """Where several findings come from one line, or there are several lines: each line once."""
    lines = [line for line in lines_to_change(image.findings) if line.added_lines]
    if len(image.findings) < 2 or not lines:
        return
    told: list[str] = []
    for line in lines:
        at = f"{place_of(line.location)}  {escape_text(line.diagnosis.quote or '')}"
        told += page.wrap_styled(at.rstrip(), "bold", "", INDENT)
        names = cut_names([escape_text(name) for name in line.missing_names], page)
        told += page.wrap_styled(f"{line.diagnosis.cause}: {names}", "", INDENT, INDENT * 2)
        for change in line.added_lines:
            told += page.wrap_styled(f"add: {escape_text(change)}", "cyan", INDENT, INDENT * 2)
    shown = told if page.verbose or len(told) <= _MOST_LINES_TO_CHANGE else told[: _MOST_LINES_TO_CHANGE - 1]
    yield from ("", page.apply_style("Lines to change:", "bold"), *shown)
    if len(shown) < len(told):
        yield page.apply_style(
            f"{INDENT}… and {count_with_noun(len(told) - len(shown), 'more line')}; -v shows all", "dim"
        )


def _suppressed(finding: Finding) -> str:
    reason = finding.suppression.reason if finding.suppression else ""
    subject = finding.missing or finding.module
    return f"Suppressed: {finding.rule.id} {escape_text(subject)} ({escape_text(reason)})"


def _footer(image: ImageReport) -> str:
    outcomes = Counter(module.outcome for module in image.modules)
    failed = sum(outcomes[name] for name in FAILURES)
    counts = {
        "imported": outcomes[Outcome.IMPORTED],
        "failed": failed,
        "unchecked": outcomes[Outcome.UNCHECKED],
        "skipped": outcomes[Outcome.SKIPPED],
    }
    parts = [f"{number} {name}" for name, number in counts.items() if number or name == "imported"]
    return " · ".join([*parts, f"{image.seconds:.1f} s"])
