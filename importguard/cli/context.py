"""``importguard context``: which modules a build would leave out, before there is an image."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Optional

import click

from importguard.cli.lazy_commands import SUMMARIES
from importguard.cli.options import option_with_variable

if TYPE_CHECKING:
    from importguard.reporters.omissions import Examined
    from importguard.source.model import Tree


@click.command(
    short_help=SUMMARIES["context"],
    epilog="Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 wrong usage, 3 the builder "
    "refuses the context, 4 there is no Python file to look at.",
)
@click.argument("context", metavar="[CONTEXT]", default=".")
@option_with_variable(
    "-f", "--file", "dockerfile", metavar="FILE", help="The Dockerfile. [default: all below CONTEXT]"
)
@option_with_variable("--target", metavar="STAGE", help="The stage that is built. [default: the last one]")
@option_with_variable("--include-tests", is_flag=True, help="Let imports in tests count too.")
@option_with_variable(
    "--fail-on",
    type=click.Choice(["startup", "error", "warning", "never"]),
    default="error",
    show_default=True,
    help="The least finding that makes the exit code 1: an import inside a function is a warning; startup is "
    "check's, and means error here.",
)
@option_with_variable(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What is written to standard output.",
)
@option_with_variable("-v", "--verbose", is_flag=True, help="List every file that is left out.")
@option_with_variable("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
def context(
    context: str,
    dockerfile: Optional[str],
    target: Optional[str],
    include_tests: bool,
    fail_on: str,
    format_: str,
    verbose: bool,
    no_color: bool,
) -> int:
    """Say which Python modules the build of CONTEXT leaves out, and which of them the rest imports.

    Reads .dockerignore and the Dockerfile; needs no Docker and runs nothing. CONTEXT is a folder, the working
    directory where none is given. Without a Dockerfile, all below CONTEXT are looked at, each with the folder
    that it is built from.
    """
    from importguard.cli.ci_runtime import detect_ci_runtime, neutralise_workflow_commands
    from importguard.cli.writing import write_stdout
    from importguard.errors import EXIT_FINDINGS, EXIT_OK

    trees, notes = _trees(context, dockerfile, target)
    examined = [_examine(context, tree, include_tests) for tree in trees]
    if format_ == "json":
        from importguard.reporters.omissions import render_json

        shown = render_json(examined, notes)
    else:
        shown = _as_text(examined, notes, verbose, no_color)
    runs_in = detect_ci_runtime(os.environ)
    write_stdout(neutralise_workflow_commands(shown, format_) if runs_in and runs_in.obeys else shown)
    errors = sum(one.build.errors for one in examined)
    warnings = sum(one.build.warnings for one in examined)
    # check has one more choice, and both read IMPORTGUARD_FAIL_ON.
    found = {"startup": errors, "error": errors, "warning": errors + warnings, "never": 0}[fail_on]
    return EXIT_FINDINGS if found else EXIT_OK


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
    return found.trees or (Tree(context),), found.notes


def _examine(context: str, tree: Tree, include_tests: bool) -> Examined:
    """One build, examined. Raises ImageError where no builder takes it, InspectionError without Python."""
    from importguard.errors import ImageError, InspectionError
    from importguard.reporters.omissions import Examined
    from importguard.source.context.omissions import find_omissions
    from importguard.source.reader import read_source

    start = time.monotonic()
    source = read_source(tree, contents=False)
    if source.refused:
        raise ImageError(f"{source.refused} Mend it: the image of {context} can't be built.")
    if not source.files:
        raise InspectionError(f"{context} holds no Python file: name the folder that is built from.")
    return Examined(context, source, find_omissions(source, include_tests), time.monotonic() - start)


def _as_text(examined: list[Examined], notes: tuple[str, ...], verbose: bool, no_color: bool) -> str:
    """The report as standard output can show it."""
    import shutil

    from importguard.reporters.omissions import render

    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 110
    color = terminal and not no_color and not os.environ.get("NO_COLOR")
    return render(examined, notes, width=width, color=color, verbose=verbose)
