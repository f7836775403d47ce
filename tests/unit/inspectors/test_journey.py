"""The user's own command against services."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from importguard.inspectors.journey import NOT_RUN, run_user_command, service_variables
from importguard.progress import QuietProgress

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]


def run(code: str, seconds: float = 30.0) -> tuple[int, str]:
    result = run_user_command([sys.executable, "-c", code], {"web": "127.0.0.1:81"}, seconds, QuietProgress())
    return result.code, result.output


def test_names_of_services_become_names_of_variables() -> None:
    assert service_variables({"shop.web-1": "127.0.0.1:80"}) == {
        "SHOP_WEB_1_URL": "http://127.0.0.1:80",
        "SHOP_WEB_1_WS_URL": "ws://127.0.0.1:80",
    }


def test_its_output_and_its_code_are_told() -> None:
    assert run("import os, sys; print(os.environ['WEB_URL']); sys.exit(3)") == (3, "http://127.0.0.1:81")


def test_only_the_end_of_a_long_output_is_kept() -> None:
    code, output = run("print('x\\n' * 1000 + 'end')")
    assert (code, len(output.splitlines()), output.splitlines()[-1]) == (0, 40, "end")


def test_one_that_does_not_end_is_killed() -> None:
    result = run_user_command(SLEEPS, {}, 0.5, QuietProgress())
    assert (result.code != 0, result.killed_after) == (True, 0.5)


def test_one_that_another_kills_was_not_out_of_time() -> None:
    ends_itself = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    result = run_user_command(ends_itself, {}, 30.0, QuietProgress())
    assert (result.code, result.killed_after) == (-9, None)


def test_what_it_leaves_in_the_background_is_killed_with_it() -> None:
    begun = time.monotonic()
    code, output = run(f"import subprocess, sys; subprocess.Popen({SLEEPS!r}); print('done'); sys.exit(2)")
    assert (code, output) == (2, "done")
    assert time.monotonic() - begun < 20


def test_what_it_started_is_killed_when_its_time_is_up() -> None:
    begun = time.monotonic()
    code, _ = run(f"import subprocess; subprocess.run({SLEEPS!r})", seconds=0.5)
    assert code != 0
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("command", [["/no/such/program"]])
def test_one_that_is_not_there(command: list[str]) -> None:
    result = run_user_command(command, {}, 1.0, QuietProgress())
    assert (result.code, "No such file" in result.error) == (NOT_RUN, True)


def test_the_users_folder_is_not_on_the_path_of_what_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shlex.py").write_text("raise RuntimeError('the user\\'s')\n")
    (tmp_path / "signal.py").write_text("raise RuntimeError('the user\\'s')\n")
    monkeypatch.chdir(tmp_path)
    command = [sys.executable, "-I", "-c", "print('done')"]
    assert run_user_command(command, {}, 30.0, QuietProgress()).code == 0
    assert capfd.readouterr().err == ""
