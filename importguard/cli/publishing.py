"""Write a report to standard output, to files, and where the CI system shows it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from typing import Callable, NamedTuple, Optional

from importguard.cli.ci_runtime import CiRuntime, neutralise_workflow_commands
from importguard.cli.writing import append_file, write_file, write_stdout
from importguard.report import Report
from importguard.reporters import load_reporter, text
from importguard.reporters.wording.finding_text import Page


class Style(NamedTuple):
    """How the report is written; ``format_`` is None where none was asked for."""

    format_: Optional[str]
    verbose: bool
    color: bool


def render_report(report: Report, format_: str, page: Page) -> str:
    """The report in a format. ``page`` is for text."""
    if format_ == "text":
        return text.render(report, width=page.width, color=page.color, verbose=page.verbose)
    return load_reporter(format_)(report)


def publish_report(
    report: Report,
    style: Style,
    outputs: Iterable[tuple[str, str]],
    pipeline: Optional[CiRuntime],
    render: Callable[[Report, str, Page], str] = render_report,
) -> None:
    """Write the report. With no format asked for, a pipeline gets all that it can show.

    What could not be written there is said on standard error: the verdict stands without it.
    """
    annotates = pipeline is not None and pipeline.annotates
    shown = render(report, style.format_ or "text", _page_of_stdout(style))
    write_stdout(
        neutralise_workflow_commands(shown, style.format_ or "text") if pipeline and pipeline.obeys else shown
    )
    for format_, path in outputs:
        write_file(path, render(report, format_, Page(verbose=style.verbose)))
    if style.format_ is None and annotates:
        sys.stderr.write(load_reporter("github")(report))
        sys.stderr.flush()
    if pipeline is not None and pipeline.summary and style.format_ in (None, "github"):
        _summarize(report, pipeline.summary)


def _page_of_stdout(style: Style) -> Page:
    if not sys.stdout.isatty():
        return Page(color=style.color, verbose=style.verbose)
    return Page(shutil.get_terminal_size().columns, style.color, style.verbose)


def _summarize(report: Report, path: str) -> None:
    try:
        append_file(path, load_reporter("markdown")(report))
    except OSError as error:
        sys.stderr.write(f"importguard: the summary can't be written to {path}: {error.strerror}\n")
