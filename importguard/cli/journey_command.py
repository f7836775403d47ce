"""``importguard check --start … -- COMMAND``: with ``--start``, what stands behind ``--`` is no image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from importguard.errors import UsageError

if TYPE_CHECKING:
    from importguard.report import Report

_META = "importguard.journey"


class JourneyCommand(click.Command):
    """A command that keeps what stands behind ``--``: see ``journey_of``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """With ``--start``, take the part behind the first ``--`` away; without it, images stand there."""
        at = args.index("--") if "--" in args else 0
        if "--start" in args[:at]:
            ctx.meta[_META], args = tuple(args[at + 1 :]), args[:at]
        return super().parse_args(ctx, args)


def journey_of(ctx: click.Context, started: bool) -> tuple[str, ...]:
    """The command behind ``--``. Raises UsageError where nothing is started that it could be run against."""
    journey: tuple[str, ...] = ctx.meta.get(_META, ())
    if _META in ctx.meta and not (journey and started):
        raise UsageError("give a command behind --, which is run against what --start has started")
    return journey


def write_logs(folder: str, report: Report) -> None:
    """Write each service's log into ``folder``, as NAME.log. Raises UsageError where that is not possible."""
    import re
    from pathlib import Path

    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for image in report.images:
            for name, log in image.start.logs if image.start else ():
                file = re.sub(r"[^\w.-]", "-", name or image.image.stable_name).lstrip(".")
                (target / f"{file}.log").write_text(log, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"--logs {folder}: {error}") from error
