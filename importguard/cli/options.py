"""Reading the command line's values: durations, sizes, environment files, output files. Light: only click."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Callable, Optional

import click

from importguard.errors import UsageError

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
_ENDINGS = {".sarif.json": "sarif", ".sarif": "sarif", ".json": "json", ".xml": "junit", ".md": "markdown"}
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
# Patterns are compiled when they are first used: --help must not pay for them.
_DURATION = r"(?:\d+(?:\.\d+)?[smh])+|\d+(?:\.\d+)?"
_MULTIPLES = {unit: 1024**power for power, unit in enumerate(("", "k", "m", "g", "t"))}
# Docker's notation: https://pkg.go.dev/github.com/docker/go-units#RAMInBytes
_SIZE = r"(?i)(\d+(?:\.\d+)?) ?([kmgt]?)(?:i?b)?"
_LEAST_MEMORY = 6 * 1024**2  # the least that Docker accepts for --memory
# The OCI image specification, "Image Index": os, architecture, variant.
_PLATFORM = r"[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?"
_SETUP = r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*"


def parse_duration(value: str) -> float:
    """Seconds from ``90``, ``90s``, ``10m`` or ``1h30m``; raises BadParameter unless more than zero."""
    text = value.strip().lower()
    seconds = 0.0
    if re.fullmatch(_DURATION, text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([smh]?)", text))
    if seconds <= 0:
        raise click.BadParameter(f"{value!r} is no duration: give seconds, or 90s, 10m, 1h30m")
    return seconds


def parse_size(value: str) -> int:
    """Bytes from Docker's notation, ``512m`` or ``2g``; raises BadParameter for anything else."""
    match = re.fullmatch(_SIZE, value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is no size: give bytes, or 512m, 2g")
    return int(float(match.group(1)) * _MULTIPLES[match.group(2).lower()])


def parse_memory(value: str) -> int:
    """The bytes of a container's memory; raises BadParameter for less than Docker accepts."""
    size = parse_size(value)
    if size < _LEAST_MEMORY:
        raise click.BadParameter(f"{value!r} is too little: the least that Docker accepts is 6m")
    return size


class Platform(click.types.StringParamType):
    """A platform, ``linux/arm64`` or ``linux/arm/v7``; BadParameter for what is written otherwise."""

    def convert(self, value: Any, param: Optional[click.Parameter], ctx: Optional[click.Context]) -> Any:
        """The same text."""
        text = super().convert(value, param, ctx)
        if not re.fullmatch(_PLATFORM, text):
            self.fail(f"{value!r} is no platform: give OS/ARCH, such as linux/amd64", param, ctx)
        return text


class Line(click.types.StringParamType):
    """Text that may hold spaces: in the environment variable of a repeatable option, one value a line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        """Leave out empty lines."""
        return [line.strip() for line in rv.split("\n") if line.strip()]


def option_with_variable(*flags: str, **settings: Any) -> Callable[[Any], Any]:
    """``click.option`` that also reads ``IMPORTGUARD_`` and the long flag's name from the environment."""
    long = next(flag for flag in flags if flag.startswith("--"))
    variable = "IMPORTGUARD_" + long[2:].replace("-", "_").upper()
    settings.setdefault("shell_complete", _COMPLETE.get(str(settings.get("metavar"))))
    return click.option(*flags, envvar=variable, show_envvar=True, **settings)


def _completes(kind: str) -> Callable[..., Any]:
    """For shells: names of files or folders, which they complete themselves."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=kind)]

    return complete


_COMPLETE = {
    "FILE": _completes("file"),
    "DOCKERFILE": _completes("file"),
    "[FORMAT=]FILE": _completes("file"),
    "CONTEXT": _completes("dir"),
    "FOLDER": _completes("dir"),
}


_EXPORT = re.compile(r"^\s*(?:export\s+(?=\w+=))?")


def read_environment(env: Iterable[str], files: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """``--env`` and ``--env-file`` as ``NAME=value``, read as by ``docker run``.

    --env wins over the files, and the last one wins.

    A name alone takes its value from ``environ`` and is left out when it is not there.
    """
    for line in (given := list(env)):
        name = line.partition("=")[0]
        if not _is_variable_name(name):
            raise UsageError(f"{name!r} is no name of an environment variable: give NAME=value, or NAME")
    found: dict[str, str] = {}
    for line in [line for file in files for line in _env_lines(file)] + given:
        name, equals, value = line.partition("=")
        if "\0" in line:
            raise UsageError(f"the value of {name} holds a NUL character, which no environment can")
        if equals or name in environ:
            found[name] = value if equals else environ[name]
    return tuple(f"{name}={value}" for name, value in found.items())


def _env_lines(file: str) -> list[str]:
    """Docker's format: a variable a line, ``#`` begins a comment line, nothing is quoted.

    ``export NAME=value``, which Compose and shells read, is taken as well.
    """
    try:
        with open(file, encoding="utf-8-sig") as stream:
            lines = [_EXPORT.sub("", line) for line in stream.read().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--env-file {file} can't be read: {error}") from error
    for number, line in enumerate(lines, 1):
        # The line itself may be the rest of a secret, such as a key of several lines.
        if line and not line.startswith("#") and not _is_variable_name(line.partition("=")[0]):
            raise UsageError(
                f"--env-file {file}: line {number} is neither NAME=value nor NAME: a value is on one line"
            )
    return [line for line in lines if line and not line.startswith("#")]


def _is_variable_name(name: str) -> bool:
    return bool(name) and not any(character.isspace() for character in name)


def setup_callable(value: Optional[str]) -> Optional[str]:
    """Check ``--setup MODULE:CALLABLE``."""
    if value is not None and not re.fullmatch(_SETUP, value):
        raise UsageError(
            f"--setup {value!r} is not of the form MODULE:CALLABLE, such as shop.start:configure"
        )
    return value


def parse_output(value: str) -> tuple[str, str]:
    """``[FORMAT=]FILE`` as (format, file); without FORMAT the file's name tells (``.json``), or else text."""
    prefix, equals, file = value.partition("=")
    if equals and prefix in FORMATS:
        format_, path = prefix, file
    elif equals and prefix.isalpha():
        known = ", ".join(FORMATS)
        raise UsageError(
            f"--output {value}: there is no format {prefix!r} (known: {known}). "
            f"For a file whose name holds '=', write text=./{value}"
        )
    else:
        fitting = [known for ending, known in _ENDINGS.items() if value.lower().endswith(ending)]
        format_, path = (fitting or ["text"])[0], value
    if path in ("", "-"):
        raise UsageError(f"--output {value}: name a file; what goes to standard output is chosen by --format")
    return format_, path


def build_argument(value: str) -> str:
    """Check ``--build-arg K=V`` or ``K``, as ``docker build`` takes it."""
    if not value.partition("=")[0]:
        raise UsageError(f"--build-arg {value!r}: give NAME=value, or NAME to pass on its value")
    return value
