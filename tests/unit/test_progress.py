from __future__ import annotations

import io
import subprocess
import sys

import pytest

from importguard import progress
from importguard.progress import PlainProgress, QuietProgress, TerminalProgress, make_progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_shows_phases_and_hides_the_log() -> None:
    stream = io.StringIO()
    shown = PlainProgress(stream)
    shown.begin_phase("building .")
    shown.show_log_line("#1 [1/2] FROM base")
    shown.show_notice("no docker command")
    shown.show_count(1, 4, "app.first")
    shown.close()
    assert stream.getvalue() == "building .\nno docker command\n"


def test_plain_and_verbose_shows_the_log_without_escapes() -> None:
    stream = io.StringIO()
    PlainProgress(stream, verbose=True).show_log_line("\x1b[1m#1 [1/2] FROM base\x1b[0m")
    assert stream.getvalue() == "#1 [1/2] FROM base\n"


def test_plain_counts_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    stream = io.StringIO()
    shown = PlainProgress(stream)
    for number in range(1, 13):
        now += 1
        shown.show_count(number, 12, f"module {number}")
    shown.show_count(3, 0, "of unknown many")
    assert stream.getvalue() == " 41 % module 5\n 83 % module 10\n"


def test_narrow_encoding_does_not_stop_the_run() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    PlainProgress(stream).begin_phase("prüfe")
    stream.seek(0)
    assert stream.read() == "pr\\xfcfe\n"


def test_quiet_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    shown = QuietProgress()
    shown.begin_phase("x")
    shown.show_log_line("x")
    shown.show_notice("x")
    shown.show_count(1, 2, "x")
    shown.close()
    assert capfd.readouterr() == ("", "")


def test_terminal_takes_markup_for_text_and_leaves_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    stream = Terminal()
    shown = TerminalProgress(stream)
    shown.begin_phase("checking [red]app[/red]")
    shown.show_log_line("[/bold] a line")
    shown.show_count(3, 10, "[/app]")
    shown.show_notice("[/stays]")
    shown.begin_phase("next")
    shown.close()
    shown.close()
    assert "[/stays]" in stream.getvalue()
    assert capfd.readouterr() == ("", "")


def test_notice_before_anything_is_drawn() -> None:
    stream = Terminal()
    TerminalProgress(stream).show_notice("x")
    assert stream.getvalue() == "x\n"


@pytest.mark.parametrize(
    ("stream", "quiet", "kind"),
    [
        (io.StringIO(), False, PlainProgress),
        (Terminal(), False, TerminalProgress),
        (Terminal(), True, QuietProgress),
    ],
)
def test_make_progress(stream: io.StringIO, quiet: bool, kind: type) -> None:
    assert type(make_progress(stream, quiet=quiet)) is kind


def test_plain_runs_do_not_pay_for_rich() -> None:
    code = (
        "import sys; from importguard.progress import make_progress; "
        "make_progress(sys.stderr).begin_phase('x'); sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, check=False).returncode == 0
