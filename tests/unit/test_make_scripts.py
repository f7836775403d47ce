"""What the scripts of ``make`` find on a machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMON = Path(__file__).parents[2] / "scripts" / "common.sh"


@pytest.mark.parametrize(("version", "code"), [("0.11.0", 0), ("1.2", 0), ("0.9.0", 1), ("", 1)])
def test_a_bubblewrap_that_is_too_old_is_none(tmp_path: Path, version: str, code: int) -> None:
    if version:
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\necho bubblewrap {version}\n")
        (tmp_path / "bwrap").chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    script = f"source {COMMON}; VENV={tmp_path}; PATH={tmp_path}; can_apt() {{ false; }}; need_bubblewrap x"
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert ("error: " in done.stderr and "0.11 or newer" in done.stderr) == bool(code)
