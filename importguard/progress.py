"""Show a run's progress: on standard error only, since standard output belongs to the report.

A plain run must start fast, so ``rich`` is imported when the first thing is drawn on a terminal, not before.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional, Protocol, TextIO

from importguard.terminal import printable_line

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

SECONDS_BETWEEN_COUNTS = 5.0
"""How often plain output, which nothing erases, may count."""


class Progress(Protocol):
    """How long-running steps tell what they do. Every text may come from an image: nothing trusts it."""

    def begin_phase(self, text: str) -> None:
        """Begin a phase, for instance ``pulling python:3.13``."""

    def show_log_line(self, text: str) -> None:
        """Show one line of a log, such as a build's."""

    def show_notice(self, text: str) -> None:
        """Say something that stays visible, such as a limitation of the way taken."""

    def show_count(self, done: int, total: int, text: str) -> None:
        """Say that ``done`` of ``total`` units (bytes or modules) are finished; ``text`` tells more."""

    def close(self) -> None:
        """Remove what is transient. Nothing is shown afterwards."""


class QuietProgress:
    """Shows nothing."""

    def begin_phase(self, text: str) -> None:
        """Ignore the phase."""

    def show_log_line(self, text: str) -> None:
        """Ignore the line."""

    def show_notice(self, text: str) -> None:
        """Ignore the notice."""

    def show_count(self, done: int, total: int, text: str) -> None:
        """Ignore the count."""

    def close(self) -> None:
        """Do nothing."""


class PlainProgress:
    """Plain lines, for logs: phases, log lines where ``verbose``, and a count every few seconds."""

    def __init__(self, stream: TextIO, verbose: bool = False) -> None:
        self._stream = stream
        self._verbose = verbose
        self._counted_at = time.monotonic()

    def begin_phase(self, text: str) -> None:
        """Print the phase as a line, and start the wait for its first count."""
        self._print(text)
        self._counted_at = time.monotonic()

    def show_log_line(self, text: str) -> None:
        """Print the log line, where verbose."""
        if self._verbose:
            self._print(text)

    def show_notice(self, text: str) -> None:
        """Print the notice."""
        self._print(text)

    def show_count(self, done: int, total: int, text: str) -> None:
        """Print the count, unless the last one was printed less than SECONDS_BETWEEN_COUNTS ago."""
        now = time.monotonic()
        if now - self._counted_at >= SECONDS_BETWEEN_COUNTS:
            self._counted_at = now
            self._print(f"{_percent(done, total)} {text}")

    def close(self) -> None:
        """Do nothing: every line is written already."""

    def _print(self, text: str) -> None:
        _write_line(self._stream, text)


class TerminalProgress:
    """A transient status line with a bar; with ``verbose``, log lines stay above it."""

    def __init__(self, stream: TextIO, verbose: bool = False, color: bool = True) -> None:
        self._stream = stream
        self._verbose = verbose
        self._color = color
        self._bar: Optional[RichProgress] = None
        self._text = ""

    def begin_phase(self, text: str) -> None:
        """Show the phase in the status line, with a bar that moves until something is counted."""
        self._text = printable_line(text)
        self._show(self._text, completed=0, total=None)

    def show_log_line(self, text: str) -> None:
        """Keep the log line above the bar where verbose, else show it for a moment behind the phase."""
        if self._verbose:
            self.show_notice(text)
        else:
            self._show(f"{self._text}  {printable_line(text)}")

    def show_notice(self, text: str) -> None:
        """Print the notice above the bar."""
        if self._bar is None:
            _write_line(self._stream, text)
        else:
            self._bar.console.print(printable_line(text), markup=False, highlight=False, emoji=False)

    def show_count(self, done: int, total: int, text: str) -> None:
        """Move the bar."""
        self._show(f"{self._text}  {printable_line(text)}", completed=done, total=total or None)

    def close(self) -> None:
        """Erase the status line."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self, description: str, **fields: Optional[int]) -> None:
        if self._bar is None:
            self._bar = _start_bar(self._stream, self._color)
        task = self._bar.task_ids[0]
        # rich's add_task and update ignore total=None ("no change"); reset takes it for "unknown".
        if "total" in fields and fields["total"] is None:
            self._bar.reset(task, total=None, description=description)
        else:
            self._bar.update(task, description=description, **fields)  # type: ignore[arg-type]


def make_progress(
    stderr: TextIO, quiet: bool = False, verbose: bool = False, color: bool = True, bar: bool = True
) -> Progress:
    """Choose how progress is shown: not at all, on a terminal as a ``bar``, or as plain lines."""
    if quiet:
        return QuietProgress()
    if bar and stderr.isatty():
        return TerminalProgress(stderr, verbose, color)
    return PlainProgress(stderr, verbose)


def _start_bar(stream: TextIO, color: bool) -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
    from rich.table import Column

    console = Console(file=stream, no_color=not color)
    text = TextColumn(
        "{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)
    )
    bar = Progress(
        SpinnerColumn(),
        text,
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=None)
    bar.start()
    return bar


def _percent(done: int, total: int) -> str:
    return f"{done * 100 // total:3d} %" if total else f"{done}"


def _write_line(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    # A terminal or log with a narrow encoding must not stop the run.
    stream.write(printable_line(text).encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
