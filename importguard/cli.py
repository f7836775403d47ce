"""The command line: options → Config → validate → render → write → exit code. Everything heavy loads late."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, Optional

import click

from importguard import __version__
from importguard.commands.context import context
from importguard.errors import ImportguardError, UsageError
from importguard.options import (
    FORMATS,
    Line,
    build_argument,
    duration,
    environment,
    option,
    output,
    setup_callable,
    size,
)

if TYPE_CHECKING:
    from importguard.config import Config
    from importguard.model import Report

INTERRUPTED, TERMINATED, INTERNAL = 130, 143, 4
_JOBS = min(os.cpu_count() or 1, 4)
_BUILD_ONLY = {"dockerfile": "-f/--file", "target": "--target", "build_args": "--build-arg", "tag": "--tag"}
# Options that are settings of the same name and value.
_SAME = (
    *("images", "pull", "platform", "packages", "exclude", "include_tests", "commands", "network", "timeout"),
    *("module_timeout", "memory", "jobs", "python", "exact", "fail_on"),
)
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="importguard", message="%(prog)s %(version)s")
def cli() -> None:
    """Import every module of the application in a container image, and name what does not import."""


@cli.command(
    epilog="Exit codes: 0 nothing found at or above --fail-on, 1 findings, 2 wrong usage, 3 no image or no "
    "engine, 4 the check could not be completed."
)
@click.argument("images", metavar="[IMAGE]...", nargs=-1)
@option("--build", metavar="CONTEXT", help="Build the image from this context and check it.")
@option("-f", "--file", "dockerfile", metavar="DOCKERFILE", help="With --build: the Dockerfile.")
@option("--target", metavar="STAGE", help="With --build: the stage to build.")
@option(
    "--build-arg",
    "build_args",
    metavar="K=V",
    multiple=True,
    type=Line(),
    help="With --build: a build argument. Repeatable.",
)
@option("--tag", metavar="NAME", help="With --build: the name that the image gets.")
@option(
    "--pull",
    type=click.Choice(["missing", "always", "never"]),
    default="missing",
    show_default=True,
    help="When to pull the image.",
)
@option("--platform", metavar="OS/ARCH", help="The platform to pull, build and check.")
@option(
    "-p",
    "--package",
    "packages",
    metavar="NAME",
    multiple=True,
    help="Check this package or module instead of what is found. Repeatable.",
)
@option(
    "--exclude",
    metavar="GLOB",
    multiple=True,
    help="Leave out modules by dotted name: 'shop.legacy.*'. Repeatable.",
)
@option("--include-tests", is_flag=True, help="Check the application's tests too.")
@option(
    "--env",
    metavar="K[=V]",
    multiple=True,
    type=Line(),
    help="Set a variable for the imports; K alone passes its value on. Repeatable.",
)
@option(
    "--env-file",
    "env_files",
    metavar="FILE",
    multiple=True,
    type=Line(),
    help="Read variables from a file, one K=V a line. Repeatable.",
)
@option(
    "--command",
    "commands",
    metavar="CMD",
    multiple=True,
    type=Line(),
    help="A command that production starts the image with, in place of its CMD. Repeatable.",
)
@option("--setup", metavar="MODULE:CALLABLE", help="Call this before the modules are imported.")
@option("--network", metavar="NETWORK", default="none", show_default=True, help="The network to check in.")
@option(
    "--timeout",
    type=duration,
    metavar="TIME",
    default="10m",
    show_default=True,
    help="For the whole check of an image: seconds, or 90s, 10m.",
)
@option(
    "--module-timeout",
    type=duration,
    metavar="TIME",
    default="60s",
    show_default=True,
    help="For one module.",
)
@option(
    "--memory", type=size, metavar="SIZE", default="4g", show_default=True, help="What the check may use."
)
@option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    default=_JOBS,
    help="Interpreters that run beside each other. [default: the processors, at most 4]",
)
@option("--python", metavar="PATH", help="The application's interpreter in the image, where it is not found.")
@option("--exact", is_flag=True, help="One fresh interpreter for every module: slow, simple and true.")
@option(
    "--fail-on",
    type=click.Choice(["error", "warning", "never"]),
    default="error",
    show_default=True,
    help="The least finding that makes the exit code 1.",
)
@option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="What is written to standard output.",
)
@option(
    "-o",
    "--output",
    "outputs",
    metavar="[FORMAT=]FILE",
    multiple=True,
    type=Line(),
    help="Write the report to a file too; without FORMAT, .json is JSON and the rest text. Repeatable.",
)
@option("-q", "--quiet", is_flag=True, help="Show no progress.")
@option("-v", "--verbose", is_flag=True, help="Show all: uncut lists, build logs, how things were found.")
@option("--no-color", is_flag=True, help="No colours; NO_COLOR does the same.")
@click.pass_context
def check(ctx: click.Context, /, **options: Any) -> int:
    """Check that every module of the application in each IMAGE can be imported.

    An image that the engine does not have is pulled. With --build, the image is built first.
    """
    from importguard.progress import make_progress
    from importguard.validation import exit_code, validate
    from importguard.writing import check_writable, write_file, write_stdout

    config = _config(ctx, options)
    outputs = [output(value) for value in options["outputs"]]
    for _, path in outputs:
        check_writable(path)
    color = not options["no_color"] and not os.environ.get("NO_COLOR")
    progress = make_progress(sys.stderr, options["quiet"], options["verbose"], color)
    try:
        report = validate(config, progress)
    finally:
        progress.close()
    on_terminal = sys.stdout.isatty()
    write_stdout(_render(report, options["format_"], options["verbose"], color and on_terminal, on_terminal))
    for format_, path in outputs:
        write_file(path, _render(report, format_, options["verbose"], color=False, on_terminal=False))
    return exit_code(report, config.fail_on)


cli.add_command(context)


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


def _render(report: Report, format_: str, verbose: bool, color: bool, on_terminal: bool) -> str:
    from importguard.reporters import json, text

    if format_ == "json":
        return json.render(report)
    width = _terminal_width() if on_terminal else 110
    return text.render(report, width=width, color=color, verbose=verbose)


def _terminal_width() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _terminate(number: int, frame: Optional[FrameType]) -> None:
    """SIGTERM cleans up as Ctrl-C does. A second one must not interrupt the cleaning."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(TERMINATED)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run the command line and exit with its code. Raises SystemExit, always."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    """The exit code. Whatever goes wrong inside importguard itself is never taken for a finding (code 1)."""
    try:
        return int(cli.main(arguments, prog_name="importguard", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return UsageError.exit_code
    except ImportguardError as error:
        _say(f"importguard: {error}")
        return error.exit_code
    except click.Abort:
        _say("importguard: interrupted")
        return INTERRUPTED
    except SystemExit as end:
        if end.code == TERMINATED:
            _say("importguard: terminated")
        return end.code if isinstance(end.code, int) else INTERNAL
    except Exception as error:
        return _internal_error(error, arguments)


def _say(text: str) -> None:
    from importguard.terminal import escape

    click.echo("\n".join(escape(line) for line in text.split("\n")), err=True)


def _internal_error(error: Exception, arguments: list[str]) -> int:
    _say(
        f"importguard: internal error, no verdict: {type(error).__name__}: {error}. "
        "This is a bug of importguard; -v shows the traceback"
    )
    if {"-v", "--verbose"} & set(arguments) or os.environ.get("IMPORTGUARD_VERBOSE"):
        import traceback

        traceback.print_exc()
    return INTERNAL
