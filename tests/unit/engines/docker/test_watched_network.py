"""The process that cleans up after a killed importguard."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.engines.docker import cleanup_process
from importguard.engines.docker.cleanup_process import Watch


def connect() -> None:
    """Stands for what connects to a daemon: says that it was called."""
    Path("connected").write_text("")


def test_it_acts_where_whoever_started_it_is_gone_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its import path is not the working directory: a repository may have a token.py there."""
    for name in ("token", "tokenize", "contextlib"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the repository\\'s')\n")
    program = cleanup_process._PROGRAM.replace("clean_up(run", "print(run")
    monkeypatch.setattr(cleanup_process, "_PROGRAM", program)
    monkeypatch.chdir(tmp_path)
    watching = Watch(connect, {"importguard": "1"})
    assert watching.labels["importguard"] == "1"
    watching.end()
    assert watching._process.returncode == 0
    killed = Watch(connect, {})
    assert killed._process.stdin is not None
    killed._process.stdin.close()
    assert killed._process.wait(30) == 0
