"""Small applications, imported by the parts of the sweep in a process of its own: they have all of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import importguard

PACKAGE_FOLDER = str(Path(importguard.__file__).parents[1])
BEGIN = f"""\
import json, sys
sys.path.insert(0, {PACKAGE_FOLDER!r})
import importguard.probe.workers.sweep
sys.path[0] = sys.argv.pop(1)
RAN = sys.ran = []  # each body appends its name: a list of the interpreter's own survives what is undone
"""


def run_beside(folder: Path, application: Mapping[str, str], program: str) -> Any:
    """Write the modules of ``application`` to ``folder``, run ``program``, and give its ``answer``.

    Every module says that its body runs, in ``RAN``.
    """
    for name, source in application.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"import sys; sys.ran.append(__name__)\n{source}", "utf-8")
    code = f"{BEGIN}{program}\nprint(json.dumps(answer))\n"
    line = [sys.executable, "-I", "-c", code, str(folder)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=folder, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
