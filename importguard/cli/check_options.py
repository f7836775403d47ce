"""The options of ``importguard check``: one entry each, in the order of the help."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Callable, Optional

import click

from importguard.cli.options import (
    FORMATS,
    Line,
    Platform,
    option_with_variable,
    parse_duration,
    parse_memory,
)
from importguard.engine_choice import ENGINES

_JOBS = min(os.cpu_count() or 1, 4)


def _read_configuration(ctx: click.Context, parameter: click.Parameter, value: Optional[str]) -> None:
    from importguard.cli.config_option import read_config_option

    read_config_option(ctx, value)


CONFIGURATION = option_with_variable(
    "--config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_read_configuration,
    help="Settings; without it, the nearest importguard.toml or [tool.importguard] in pyproject.toml.",
)

REPORTING: tuple[Callable[[Any], Any], ...] = (
    option_with_variable(
        "--fail-on",
        type=click.Choice(["startup", "error", "warning", "never"]),
        default="error",
        show_default=True,
        help="The least finding that makes the exit code 1; startup: an error that breaks a start command.",
    ),
    option_with_variable("--baseline", metavar="FILE", help="Report only what is not in this baseline."),
    option_with_variable("--write-baseline", metavar="FILE", help="Write all that is found to a baseline."),
    option_with_variable(
        "--baseline-accept",
        metavar="NAME",
        multiple=True,
        help="Hide this finding of the baseline although it breaks startup: what is missing, or the module. "
        "Repeatable.",
    ),
    option_with_variable(
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="What is written to standard output. In GitHub Actions, text comes with annotations.",
    ),
    option_with_variable(
        "-o",
        "--output",
        "outputs",
        metavar="[FORMAT=]FILE",
        multiple=True,
        type=Line(),
        help="Write the report to a file too; without FORMAT, its name tells: .json, .sarif, .xml (junit), "
        ".md, else text. Repeatable.",
    ),
)
"""Which findings count and how they are reported: of every command that has findings."""

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    CONFIGURATION,
    option_with_variable("--all", "all_", is_flag=True, help="Check every [[image]] of the configuration."),
    option_with_variable(
        "--build", metavar="CONTEXT", help="Build the image from this context and check it."
    ),
    option_with_variable(
        "-f",
        "--file",
        "dockerfile",
        metavar="DOCKERFILE",
        help="The Dockerfile of the build, or of the source.",
    ),
    option_with_variable("--target", metavar="STAGE", help="With --build: the stage to build."),
    option_with_variable(
        "--build-arg",
        "build_args",
        metavar="K=V",
        multiple=True,
        type=Line(),
        help="With --build: a build argument. Repeatable.",
    ),
    option_with_variable("--tag", metavar="NAME", help="With --build: the name that the image gets."),
    option_with_variable(
        "--engine",
        type=click.Choice(["auto", *ENGINES]),
        default="auto",
        show_default=True,
        help="What runs the image; embedded: one of an archive or a registry, without a daemon. "
        "[auto: as the image's name says]",
    ),
    option_with_variable(
        "--cache-dir",
        metavar="FOLDER",
        help="Where the embedded engine keeps what it unpacked. [default: in your cache folder]",
    ),
    option_with_variable(
        "--pull",
        type=click.Choice(["missing", "always", "never"]),
        default="missing",
        show_default=True,
        help="When to pull the image.",
    ),
    option_with_variable(
        "--source",
        metavar="DIR",
        help="What the image is built from, to name the line to change. [default: the context of --build, "
        "else the working directory where the image's files are in it]",
    ),
    option_with_variable(
        "--platform", type=Platform(), metavar="OS/ARCH", help="The platform to pull, build and check."
    ),
    option_with_variable(
        "-p",
        "--package",
        "packages",
        metavar="NAME",
        multiple=True,
        help="Check this package or module instead of what is found. Repeatable.",
    ),
    option_with_variable(
        "--exclude",
        metavar="GLOB",
        multiple=True,
        help="Leave out modules by dotted name: 'shop.legacy.*'. Repeatable.",
    ),
    option_with_variable("--include-tests", is_flag=True, help="Check the application's tests too."),
    option_with_variable(
        "--env",
        metavar="K[=V]",
        multiple=True,
        type=Line(),
        help="Set a variable for the imports; K alone passes its value on. Repeatable.",
    ),
    option_with_variable(
        "--env-file",
        "env_files",
        metavar="FILE",
        multiple=True,
        type=Line(),
        help="Read variables from a file, one K=V a line. Repeatable.",
    ),
    option_with_variable(
        "--command",
        "commands",
        metavar="CMD",
        multiple=True,
        type=Line(),
        help="A command that production starts the image with, in place of its CMD. Repeatable.",
    ),
    option_with_variable(
        "--setup", metavar="MODULE:CALLABLE", help="Call this before the modules are imported."
    ),
    option_with_variable(
        "--network", metavar="NETWORK", default="none", show_default=True, help="The network to check in."
    ),
    option_with_variable(
        "--timeout",
        type=parse_duration,
        metavar="TIME",
        default="10m",
        show_default=True,
        help="For the whole check of an image: seconds, or 90s, 10m.",
    ),
    option_with_variable(
        "--module-timeout",
        type=parse_duration,
        metavar="TIME",
        default="60s",
        show_default=True,
        help="For one module.",
    ),
    option_with_variable(
        "--memory",
        type=parse_memory,
        metavar="SIZE",
        default="4g",
        show_default=True,
        help="What the check may use.",
    ),
    option_with_variable(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        default=_JOBS,
        help="Interpreters that run beside each other. [default: the processors, at most 4]",
    ),
    option_with_variable(
        "--python", metavar="PATH", help="The application's interpreter in the image, where it is not found."
    ),
    option_with_variable(
        "--exact", is_flag=True, help="One fresh interpreter for every module: slow, simple and true."
    ),
    option_with_variable(
        "--thorough", is_flag=True, help="Import all once more in reverse order; ask about what differs."
    ),
    option_with_variable(
        "--start", is_flag=True, help="Start the image too, as production does, and ask what it serves."
    ),
    option_with_variable(
        "--logs", metavar="FOLDER", help="With --start: keep the log of each service there."
    ),
    option_with_variable(
        "--start-anyway", is_flag=True, help="With --start: also where an import would break the start."
    ),
    *REPORTING,
    option_with_variable("-q", "--quiet", is_flag=True, help="Show no progress."),
    option_with_variable(
        "-v", "--verbose", is_flag=True, help="Show all: uncut lists, build logs, how things were found."
    ),
    option_with_variable("--no-color", is_flag=True, help="No colours; NO_COLOR does the same."),
)


def check_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a command with every option of ``check``."""
    return with_options(command, _OPTIONS)


def with_options(command: Callable[..., Any], options: Sequence[Callable[[Any], Any]]) -> Callable[..., Any]:
    """Decorate a command with options, in the order of its help."""
    for add in reversed(options):
        command = add(command)
    return command
