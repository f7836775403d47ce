"""``importguard context``: which modules a build would leave out, before there is an image.

Builds → what they leave out → findings → policy → report → exit code, as ``check`` does with images.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Optional

import click

from importguard.cli.check_options import CONFIGURATION, REPORTING, with_options
from importguard.cli.lazy_commands import SUMMARIES
from importguard.cli.options import option_with_variable
from importguard.terminal import wants_color

if TYPE_CHECKING:
    from importguard.report import Report
    from importguard.reporters.wording.finding_text import Page
    from importguard.source.context.omissions import ExaminedBuild
    from importguard.source.model import Tree


def _context_options(command: Callable[..., Any]) -> Callable[..., Any]:
    own = (
        option_with_variable(
            "-f", "--file", "dockerfile", metavar="FILE", help="The Dockerfile. [default: all below CONTEXT]"
        ),
        option_with_variable(
            "--target", metavar="STAGE", help="The stage that is built. [default: the last one]"
        ),
        option_with_variable("--include-tests", is_flag=True, help="Let imports in tests count too."),
    )
    shown = (
        option_with_variable("-v", "--verbose", is_flag=True, help="List every file that is left out."),
        option_with_variable("--no-color", is_flag=True, help="No colours; NO_COLOR does the same."),
    )
    return with_options(command, (CONFIGURATION, *own, *REPORTING, *shown))


@click.command(
    short_help=SUMMARIES["context"],
    epilog="Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 wrong usage, 3 the builder "
    "refuses the context, 4 there is no Python file to look at.",
)
@click.argument("context", metavar="[CONTEXT]", default=".")
@_context_options
@click.pass_context
def context(
    ctx: click.Context,
    /,
    context: str,
    dockerfile: Optional[str],
    target: Optional[str],
    include_tests: bool,
    **options: Any,
) -> int:
    """Say which Python modules the build of CONTEXT leaves out, and which of them the rest imports.

    Reads .dockerignore and the Dockerfile; needs no Docker and runs nothing. CONTEXT is a folder, the working
    directory where none is given. Without a Dockerfile, all below CONTEXT are looked at, each with the folder
    that it is built from. A module that is left out is the finding that check would make of it: rules,
    ignores and baselines hold for both.
    """
    from importguard.cli.baseline_options import compare_with_baseline, read_known_findings
    from importguard.cli.ci_runtime import detect_ci_runtime
    from importguard.cli.config_option import apply_loaded_policy
    from importguard.cli.publishing import Style, publish_report
    from importguard.cli.writing import writable_outputs
    from importguard.judging.exit_codes import exit_code

    known, outputs = read_known_findings(options), writable_outputs(options["outputs"])
    trees, notes = _trees(context, dockerfile, target)
    examined = [_examine(context, tree, include_tests) for tree in trees]
    report = apply_loaded_policy(ctx, _judged(examined, notes), whole=False)
    report = compare_with_baseline(report, options, known, whole=False)
    asked = ctx.get_parameter_source("format_") is not click.core.ParameterSource.DEFAULT
    color = wants_color(options["no_color"], sys.stdout.isatty())
    style = Style(options["format_"] if asked else None, options["verbose"], color)
    publish_report(report, style, outputs, detect_ci_runtime(os.environ), partial(_render, examined))
    return exit_code(report, options["fail_on"])


def _judged(examined: Sequence[ExaminedBuild], notes: tuple[str, ...]) -> Report:
    """The report on all builds, with the paths of the repository."""
    from importguard.config import Config
    from importguard.judging.build_report import judge_build
    from importguard.report import Report
    from importguard.source.repository_paths import with_places

    return Report(
        tuple(
            with_places(judge_build(examined_build), Config(), examined_build.source)
            for examined_build in examined
        ),
        notes,
    )


def _render(examined: Sequence[ExaminedBuild], report: Report, format_: str, page: Page) -> str:
    """The report in a format; text and JSON tell more of a build than of an image."""
    from importguard.cli.publishing import render_report
    from importguard.reporters.omissions import build_values, render_builds

    if format_ == "text":
        return render_builds(examined, report, page.width, page.color, page.verbose)
    text = render_report(report, format_, page)
    if format_ == "json":
        import json

        return json.dumps({**json.loads(text), **build_values(examined, report)}, indent=2) + "\n"
    return text


def _trees(
    context: str, dockerfile: Optional[str], target: Optional[str]
) -> tuple[tuple[Tree, ...], tuple[str, ...]]:
    """List the builds to examine: the one that is named, else all that are found, with notes."""
    from importguard.source.locating.builds import find_builds, find_context
    from importguard.source.model import Tree

    if dockerfile is not None or target is not None or not os.path.isdir(context):
        exists = dockerfile is not None and os.path.isfile(dockerfile) and os.path.isdir(context)
        folder = find_context(context, dockerfile) if dockerfile is not None and exists else context
        return (Tree(context, folder, dockerfile, target),), ()
    found = find_builds(context)
    if not found.trees:
        return (Tree(context),), ()
    listed = ", ".join(sorted(found.left_out))  # in one note: frontends, mostly
    note = f"No Python is run in {listed}, or no Python file goes in: not looked at (-f FILE does)."
    return found.trees, (note,) if listed else ()


def _examine(context: str, tree: Tree, include_tests: bool) -> ExaminedBuild:
    """One build, examined. Raises ImageError where no builder takes it, InspectionError without Python."""
    from importguard.errors import ImageError, InspectionError
    from importguard.source.context.omissions import ExaminedBuild, find_omissions
    from importguard.source.reader import read_source

    start = time.monotonic()
    source = read_source(tree, contents=False)
    if source.refused:
        raise ImageError(f"{source.refused} Mend it: the image of {context} can't be built.")
    if not source.files:
        raise InspectionError(f"{context} holds no Python file: name the folder that is built from.")
    return ExaminedBuild(context, source, find_omissions(source, include_tests), time.monotonic() - start)
