"""Runs the probe as a process of this machine: what it says does not depend on a container."""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from importguard.config import Config
from importguard.engines.base import Image
from importguard.inspectors.run import probe_command, probe_input

Verdicts = dict[str, dict[str, Any]]
SECRET = "secret-of-this-test"


def pythons() -> list[str]:
    """The interpreters of this machine that the probe supports: this one, and those of pyenv.

    This one without its virtual environment: where importguard is installed there in editable mode, its
    source tree is on the import path, and each probe would import all of it as part of the application.
    """
    found = {sys.version_info[1]: getattr(sys, "_base_executable", sys.executable)}
    for python in sorted(Path.home().glob(".pyenv/versions/3.*/bin/python")):
        minor = int(python.parts[-3].split(".")[1])
        if minor >= 7:
            found.setdefault(minor, str(python))
    return [found[minor] for minor in sorted(found)]


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write files, given by path, below a fresh folder; returns it."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "app" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "app"

    return write


def run_probe(
    root: Path, python: str, config: Optional[Config] = None, clues: bool = True
) -> tuple[Verdicts, list[dict[str, Any]]]:
    """The verdict on each module below ``root``, and all events.

    Without ``clues``, nothing is gathered around failures: on a developer's machine that takes the longest.
    """
    config = replace(config or Config(), python=python)
    image = Image("local", "sha256:0", "linux/amd64", cmd=(python, "-c", "pass"), workdir=str(root))
    environment = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        probe_command(python), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, env=environment
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin:
        process.stdin.write(_input(image, config, clues))
        process.stdin.flush()
        lines = process.stdout.read().splitlines()
    mark = SECRET.encode() + b" "
    events = [json.loads(line[len(mark) :]) for line in lines if line.startswith(mark)]
    assert events, lines
    assert events[-1]["event"] == "end", lines
    assert events[-1]["error"] is None, events[-1]
    return {event["name"]: event for event in events if event["event"] == "module"}, events


def _input(image: Image, config: Config, clues: bool) -> bytes:
    given = probe_input(image, config, SECRET)
    if clues:
        return given
    files, (magic, code), request = marshal.loads(given)
    files["importguard.probe.surroundings.clues"] = "def gather_clues(*asked):\n    return ()\n"
    code.pop("importguard.probe.surroundings.clues", None)
    return marshal.dumps((files, (magic, code), request), 2)


def outcome(verdict: dict[str, Any]) -> tuple[str, Optional[str], Optional[str]]:
    """What must equal the verdict of a fresh interpreter."""
    failure = verdict["failure"] or {}
    return verdict["outcome"], failure.get("missing"), failure.get("type")
