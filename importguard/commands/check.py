"""``importguard check``: options → Config → validate → render → write → exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from importguard.commands.check_options import check_options
from importguard.errors import UsageError
from importguard.options import build_argument, environment, output, setup_callable

if TYPE_CHECKING:
    from importguard.config import Config

_BUILD_ONLY = {"dockerfile": "-f/--file", "target": "--target", "build_args": "--build-arg", "tag": "--tag"}
# Options that are settings of the same name and value.
_SAME = (
    *("images", "pull", "platform", "packages", "exclude", "include_tests", "commands", "network", "timeout"),
    *("module_timeout", "memory", "jobs", "python", "exact", "fail_on"),
)


@click.command(
    short_help="Check that every module imports.",
    epilog="Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 wrong usage, 3 no image or no "
    "engine, 4 the check could not be completed.",
)
@click.argument("images", metavar="[IMAGE]...", nargs=-1)
@check_options
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> int:
    """Check that every module of the application in each IMAGE can be imported.

    An image that the engine does not have is pulled. With --build, the image is built first.
    """
    from importguard.commands.publishing import Style, publish
    from importguard.pipelines import pipeline
    from importguard.progress import make_progress
    from importguard.validation import exit_code, validate
    from importguard.writing import check_writable

    config = _config(ctx, options)
    outputs = [output(value) for value in options["outputs"]]
    for _, path in outputs:
        check_writable(path)
    color = not options["no_color"] and not os.environ.get("NO_COLOR")
    runs_in = pipeline(os.environ)
    asked = ctx.get_parameter_source("format_") is not click.core.ParameterSource.DEFAULT
    format_ = options["format_"] if asked else None
    progress = make_progress(sys.stderr, options["quiet"], options["verbose"], color, bar=runs_in is None)
    try:
        report = validate(config, progress)
    finally:
        progress.close()
    publish(report, Style(format_, options["verbose"], color), outputs, runs_in)
    return exit_code(report, config.fail_on)


def _config(ctx: click.Context, options: dict[str, Any]) -> Config:
    """The settings as a value; raises UsageError for what contradicts itself."""
    from importguard.config import Build, Config

    _check_images(ctx, options)
    build = None
    if options["build"]:
        arguments = tuple(build_argument(value) for value in options["build_args"])
        build = Build(options["build"], options["dockerfile"], options["target"], arguments, options["tag"])
    return Config(
        build=build,
        env=environment(options["env"], options["env_files"], os.environ),
        setup=setup_callable(options["setup"]),
        **{name: options[name] for name in _SAME},
    )


def _check_images(ctx: click.Context, options: dict[str, Any]) -> None:
    """Either images or a build; what is typed for the one is refused with the other."""
    if options["images"] and options["build"]:
        raise UsageError("give either images to check or --build CONTEXT, not both")
    if not options["images"] and not options["build"]:
        raise UsageError(
            "give an image to check, or build one with --build CONTEXT (see importguard check --help)"
        )
    if any(not image.strip() for image in options["images"]):
        raise UsageError("an image's name is empty; give a reference such as shop:1.4")
    refused = {"pull": "--pull"} if options["build"] else _BUILD_ONLY
    for name, flag in refused.items():
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise UsageError(f"{flag} is {'not for' if options['build'] else 'only for'} --build")
