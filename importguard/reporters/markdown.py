"""Markdown for a pull request's comment and a job's summary (CommonMark, and what GitHub and GitLab add).

Whatever comes out of the image stands in code or is escaped: no markup, no mention, no link comes of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from importguard.diagnosis.parts import part_of
from importguard.model import Finding, Severity
from importguard.report import ImageReport, Report
from importguard.reporters.wording.finding_text import tags_of_startup
from importguard.reporters.wording.places import repository_line
from importguard.reporters.wording.sentences import (
    count_with_noun,
    part_heading,
    short_verdict,
    summary_sentences,
    symptom_lines,
)
from importguard.terminal import escape_lines, escape_text

LONGEST = 45_000
"""Bytes: Cloud Build keeps 50 KB of a step's output; GitHub takes 65,536 characters in a comment."""

_MARKS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "ℹ️"}
_LONGEST_TEXT = 2000
_MOST_LINES = 12
_MOST_NAMES = 50
# What begins markup, or a link where "www." or "http:" are taken for one. A backslash takes that from any of
# them (CommonMark 0.31.2, section 2.4).
_PUNCTUATION = re.compile(r"([!#$&()*+.:<=>@\[\\\]^_`{|}~-])")


def render(report: Report) -> str:
    """The report as Markdown of at most LONGEST bytes, with a newline at its end.

    The comment in its first line lets a bot find the comment that it wrote before.
    """
    parts = ["<!-- importguard -->"]
    room = LONGEST - 200 * (1 + len(report.images))
    for image in report.images:
        for part in _image(image):
            room -= len(part.encode("utf-8", "replace")) + 2
            if room < 0:
                break
            parts.append(part)
        else:
            continue
        parts.append("… and more than fits here: the text report has it all.")
        break
    else:
        parts += [plain_prose(escape_text(note)) for note in report.notes]
    return "\n\n".join(parts) + "\n"


def _image(image: ImageReport) -> Iterator[str]:
    yield f"### {_mark(image)} importguard: {code_span(image.image.display_name)}: {short_verdict(image)}"
    if image.modules:
        yield plain_prose(" ".join(summary_sentences(image)))
    if image.error:
        yield "**The check is not complete:**"
        yield code_block(image.error)
    headed = None
    for number, finding in enumerate(image.findings, 1):
        if part_of(finding) != headed:
            headed = part_of(finding)
            yield f"#### {plain_prose(part_heading(headed, image))}"
        yield _finding(number, finding, image)
    for note in image.notes:
        yield plain_prose(escape_text(note))


def _mark(image: ImageReport) -> str:
    severities = {finding.severity for finding in image.findings}
    if image.error or Severity.ERROR in severities:
        return "❌"
    return "⚠️" if severities else "✅"


def _finding(number: int, finding: Finding, image: ImageReport) -> str:
    """One string, so that a report that is cut ends between findings."""
    tags = tags_of_startup(finding)
    tags += [count_with_noun(len(finding.affected), "module")] if finding.affected else []
    title = f"{_MARKS[finding.severity]} **{number}. {finding.rule.id} {finding.rule.name}** "
    parts = [
        title + " · ".join([code_span(finding.missing or finding.module), *tags]),
        code_block("\n".join([finding.message, *symptom_lines(finding)])),
    ]
    shown = repository_line(finding, image)
    points = [f"- at {code_span(f'{shown.path}:{shown.line}')}"]
    if finding.diagnosis is not None:
        points += [f"- {plain_prose(escape_text(finding.diagnosis.explanation))}"]
        points += [f"- **Try:** {plain_prose(escape_text(finding.diagnosis.remedy))}"]
    parts.append("\n".join(points))
    if len(finding.affected) > 1:
        names = ", ".join(code_span(name) for name in finding.affected[:_MOST_NAMES])
        rest = len(finding.affected) - _MOST_NAMES
        more = f" and {rest} more" if rest > 0 else ""
        summary = f"<summary>{count_with_noun(len(finding.affected), 'module')}</summary>"
        parts.append(f"<details>{summary}\n\n{names}{more}\n\n</details>")
    return "\n\n".join(parts)


def code_span(text: str) -> str:
    """A code span (CommonMark, section 6.1): its fence is longer than any run of backticks in it."""
    shown = escape_text(text)[:_LONGEST_TEXT] or " "
    fence = "`" * (_longest_run(shown) + 1)
    # A space on both sides belongs to the fence, unless there is nothing but spaces.
    space = " " if shown.strip() and {shown[0], shown[-1]} & {"`", " "} else ""
    return f"{fence}{space}{shown}{space}{fence}"


def code_block(text: str) -> str:
    """A fenced block of code (CommonMark, section 4.5), cut to a dozen lines."""
    lines = escape_lines(text).split("\n")
    shown = [line[:_LONGEST_TEXT] for line in lines[:_MOST_LINES]]
    shown += ["…"] if len(lines) > _MOST_LINES else []
    fence = "`" * max(3, _longest_run("\n".join(shown)) + 1)
    return "\n".join([f"{fence}text", *shown, fence])


def plain_prose(text: str) -> str:
    """Text with no markup. Empty comments keep ``@name`` from being told and ``#1`` from being linked."""
    return _PUNCTUATION.sub(r"\\\1", text).replace("\\@", "\\@<!-- -->").replace("\\#", "\\#<!-- -->")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
