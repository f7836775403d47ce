"""``importguard check``: options → Config → validate → render → write → exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from importguard.cli.check_options import check_options
from importguard.cli.journey_command import JourneyCommand, journey_of, write_logs
from importguard.cli.lazy_commands import SUMMARIES
from importguard.errors import UsageError
from importguard.terminal import wants_color

if TYPE_CHECKING:
    from importguard.config import Config
    from importguard.progress import Progress
    from importguard.report import Report


@click.command(
    cls=JourneyCommand,
    short_help=SUMMARIES["check"],
    epilog="Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 wrong usage, 3 no image or no "
    "engine, 4 the check could not be completed.",
)
@click.argument("images", metavar="[IMAGE]...", nargs=-1)
@check_options
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> int:
    """Check that every module of the application in each IMAGE can be imported.

    An image that the engine does not have is pulled. oci-archive:FILE, docker-archive:FILE, oci-dir:FOLDER
    and registry:HOST/NAME:TAG need no daemon, but bubblewrap. With --build, the image is built first. Options
    can be given in importguard.toml or in [tool.importguard] of pyproject.toml. With --start, a command
    behind -- is run against what was started.
    """
    from importguard.cli.ci_runtime import detect_ci_runtime
    from importguard.cli.writing import writable_outputs
    from importguard.progress import make_progress

    outputs = writable_outputs(options["outputs"])
    color = wants_color(options["no_color"], sys.stdout.isatty())
    _check_logs(ctx, options)
    runs_in = detect_ci_runtime(os.environ)
    asked = ctx.get_parameter_source("format_") is not click.core.ParameterSource.DEFAULT
    format_ = options["format_"] if asked else None
    bar_color = wants_color(options["no_color"], sys.stderr.isatty())
    progress = make_progress(sys.stderr, options["quiet"], options["verbose"], bar_color, bar=runs_in is None)
    try:
        report = make_report(ctx, options, progress)
    finally:
        progress.close()
    from importguard.cli.publishing import Style, publish_report
    from importguard.judging.exit_codes import exit_code

    publish_report(report, Style(format_, options["verbose"], color), outputs, runs_in)
    if options["logs"] and options["start"]:
        write_logs(options["logs"], report)
    return exit_code(report, options["fail_on"])


def _check_logs(ctx: click.Context, options: dict[str, Any]) -> None:
    """Refuse ``--logs`` where nothing is started that writes any; a configuration may name its folder."""
    is_asked = ctx.get_parameter_source("logs") is click.core.ParameterSource.COMMANDLINE
    if is_asked and not options["start"]:
        raise UsageError("--logs keeps what the services say that --start starts: give --start, too")


def make_report(ctx: click.Context, options: dict[str, Any], progress: Progress) -> Report:
    """Check what the ``options`` of ``ctx`` name; the configuration's policy and a baseline are applied.

    Raises UsageError for wrong settings before anything is checked.
    """
    from importguard.cli.baseline_options import compare_with_baseline, read_known_findings
    from importguard.cli.settings import is_whole, make_configs

    wanted, journey = make_configs(ctx, options), journey_of(ctx, options["start"])
    known = read_known_findings(options)
    whole = is_whole(ctx, options)
    return compare_with_baseline(_judged(ctx, wanted, journey, progress, whole), options, known, whole)


def _judged(
    ctx: click.Context, wanted: list[Config], journey: tuple[str, ...], progress: Progress, whole: bool
) -> Report:
    """Check every image; what the configuration says of findings is applied to all of them together."""
    from importguard import validation
    from importguard.cli.config_option import apply_loaded_policy

    if len(wanted) > 1:
        from importguard.engines.docker.build import check_paths

        # What is wrong with the last one should not show when the others have been checked.
        for config in wanted:
            if config.build:
                check_paths(config.build)
    return apply_loaded_policy(ctx, validation.validate_all(wanted, progress, journey=journey), whole)
