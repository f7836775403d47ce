"""Whether a script without a guard runs on behind its imports, by a dump of its stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.scripts import line_of_running

SCRIPT = "import os\nimport time\ntime.sleep(600)\n"
HEADER = "Current thread 0x00007f (most recent call first):\n"


def dump(*frames: tuple[object, int, str]) -> str:
    return HEADER + "".join(f'  File "{path}", line {line} in {name}\n' for path, line, name in frames)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "main.py"
    path.write_text(SCRIPT)
    return path


def test_its_own_body_runs_on(script: Path) -> None:
    output = "hello\n" + dump(("/lib/server.py", 9, "serve"), (script, 3, "<module>"), ("<x>", 1, "<module>"))
    assert line_of_running(str(script), output) == 3


def test_the_last_dump_counts(script: Path) -> None:
    first, last = (
        dump(("/app/waits.py", 1, "<module>"), (script, 2, "<module>")),
        dump((script, 3, "<module>")),
    )
    assert line_of_running(str(script), first + last) == 3
    assert line_of_running(str(script), last + first) == 0


def test_a_dump_whose_beginning_is_lost_proves_nothing(script: Path) -> None:
    assert line_of_running(str(script), dump((script, 3, "<module>"))[len(HEADER) :]) == 0
    assert line_of_running(str(script), "") == 0


def test_an_import_behind_it_is_not_reached(script: Path) -> None:
    script.write_text(SCRIPT + "try:\n    import orjson\nexcept ImportError:\n    pass\n")
    assert line_of_running(str(script), dump((script, 3, "<module>"))) == 0


@pytest.mark.parametrize("quoted", ["'main:app'", '"main:app"'])
def test_a_server_imports_it_again(script: Path, quoted: str) -> None:
    script.write_text(SCRIPT + f"uvicorn.run({quoted})\n")
    assert line_of_running(str(script), dump((script, 4, "<module>"))) == 0
