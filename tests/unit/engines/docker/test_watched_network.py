"""The process that cleans up after a killed importguard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from importguard.engines.docker.service import _WATCH


def test_the_users_folder_is_not_on_its_import_path(tmp_path: Path) -> None:
    """It is started in the working directory, where a repository may have a token.py."""
    for name in ("token", "tokenize", "contextlib"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('the repository\\'s')\n")
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, "a-run", "module", "function"],
        input=b"done",
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
