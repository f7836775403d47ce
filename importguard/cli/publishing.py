"""Write the report of ``check`` to standard output, to files, and where the CI system shows it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from typing import NamedTuple, Optional

from importguard.cli.ci_runtime import CiRuntime, neutralise_workflow_commands
from importguard.cli.writing import append_file, write_file, write_stdout
from importguard.model import Report
from importguard.reporters import load_reporter, text


class Style(NamedTuple):
    """How the report is written; ``format_`` is None where none was asked for."""

    format_: Optional[str]
    verbose: bool
    color: bool


def publish_report(
    report: Report, style: Style, outputs: Iterable[tuple[str, str]], pipeline: Optional[CiRuntime]
) -> None:
    """Write the report. With no format asked for, a pipeline gets all that it can show.

    What could not be written there is said on standard error: the verdict stands without it.
    """
    annotates = pipeline is not None and pipeline.annotates
    shown = _on_stdout(report, style)
    write_stdout(
        neutralise_workflow_commands(shown, style.format_ or "text") if pipeline and pipeline.obeys else shown
    )
    for format_, path in outputs:
        write_file(path, render(report, format_, style.verbose))
    if style.format_ is None and annotates:
        sys.stderr.write(load_reporter("github")(report))
        sys.stderr.flush()
    if pipeline is not None and pipeline.summary and style.format_ in (None, "github"):
        _summarize(report, pipeline.summary)


def render(report: Report, format_: str, verbose: bool = False) -> str:
    """The report for a file."""
    if format_ == "text":
        return text.render(report, width=110, verbose=verbose)
    return load_reporter(format_)(report)


def _on_stdout(report: Report, style: Style) -> str:
    format_ = style.format_ or "text"
    if format_ != "text" or not sys.stdout.isatty():
        return render(report, format_, style.verbose)
    width = shutil.get_terminal_size().columns
    return text.render(report, width=width, color=style.color, verbose=style.verbose)


def _summarize(report: Report, path: str) -> None:
    try:
        append_file(path, load_reporter("markdown")(report))
    except OSError as error:
        sys.stderr.write(f"importguard: the summary can't be written to {path}: {error.strerror}\n")
