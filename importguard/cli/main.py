"""The command line: its commands, signals, and what every error comes to. Everything heavy loads late."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Optional

import click

from importguard import __version__
from importguard.cli.lazy_commands import Commands, LazyGroup
from importguard.errors import ImportguardError, UsageError

INTERRUPTED, TERMINATED, INTERNAL = 130, 143, 4
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(
    cls=LazyGroup,
    short_help="Check that every module of a container image imports.",
    context_settings=_CONTEXT,
    commands=Commands(),
)
@click.version_option(__version__, prog_name="importguard", message="%(prog)s %(version)s")
def cli() -> None:
    """Import every module of the application in a container image, and name what does not import."""


def _terminate(number: int, frame: Optional[FrameType]) -> None:
    """SIGTERM cleans up as Ctrl-C does. A second one must not interrupt the cleaning."""
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(TERMINATED)


def main(arguments: Optional[Sequence[str]] = None) -> None:
    """Run the command line and exit with its code. Raises SystemExit, always."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def program() -> None:
    """``main`` in a process of its own, which may be tuned for it and ends with it."""
    gc.set_threshold(100_000)  # Loading modules makes a lot of objects, and hardly any garbage.
    code: list[int] = []
    atexit.register(_leave, code)  # First in, last out: all else that is to be done at the end is done.
    try:
        main()
    except SystemExit as end:
        code.append(end.code if isinstance(end.code, int) else INTERNAL)
        raise


def _leave(code: Sequence[int]) -> None:
    """End the process without taking the interpreter apart, which takes longer than showing the report."""
    with suppress(OSError, ValueError, AttributeError):  # a closed stream, or none
        sys.stdout.flush()
        sys.stderr.flush()
        if code:
            os._exit(code[0])


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
    from importguard.terminal import escape_lines, without_pipeline_commands

    click.echo(without_pipeline_commands(escape_lines(text)), err=True)


def _internal_error(error: Exception, arguments: list[str]) -> int:
    _say(
        f"importguard: internal error, no verdict: {type(error).__name__}: {error}. "
        "This is a bug of importguard; -v shows the traceback"
    )
    if {"-v", "--verbose"} & set(arguments) or os.environ.get("IMPORTGUARD_VERBOSE"):
        import traceback

        traceback.print_exc()
    return INTERNAL
