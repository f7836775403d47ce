"""Discovery as it runs in an image: sent as text, by every Python on this machine, and quickly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import importguard.probe

BASE = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info[:2])
PROBE = Path(importguard.probe.__file__).parent
LOADER = """
import importlib.machinery, json, os, sys
sources, request = json.loads(sys.stdin.read())


class Sources:
    def find_spec(name, path=None, target=None):
        if name in sources:
            return importlib.machinery.ModuleSpec(name, Sources, is_package=not sources[name])

    def create_module(spec):
        return None

    def exec_module(module):
        exec(compile(sources[module.__name__], module.__name__, "exec"), module.__dict__)


sys.meta_path.insert(0, Sources)
from importguard.probe.select.discover import discover_application
from importguard.probe.start.launch import Launch
from time import perf_counter
started = perf_counter()
found, _ = discover_application(request, Launch(request, dict(os.environ)))
print(json.dumps([found, perf_counter() - started]))
"""


def pythons() -> list[Path]:
    """The interpreters that a version manager has installed, and the one that runs the tests."""
    versions = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    found = [path for path in versions if int(path.parts[-3].split(".")[1]) >= 7]
    return [*found, BASE]


def discover(python: Path, **request):
    sources = {
        ".".join(path.relative_to(PROBE.parent.parent).with_suffix("").parts): path.read_text("utf-8")
        for path in PROBE.rglob("[!_]*.py")
    }
    sources.update(dict.fromkeys(("importguard", "importguard.probe"), ""))
    sources.update({f"importguard.probe.{path.parent.name}": "" for path in PROBE.glob("*/__init__.py")})
    done = subprocess.run(
        [python, "-I", "-S", "-c", LOADER],
        input=json.dumps([sources, request]),
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("python", pythons(), ids=str)
def test_every_python(python: Path, tmp_path: Path):
    (tmp_path / "pkg").mkdir()
    for name in ("main.py", "pkg/__init__.py", "pkg/größe.py", "json.py", "time.py"):
        (tmp_path / name).touch()
    found, _ = discover(python, workdir=str(tmp_path), commands=[f"exec {python} -m pkg.größe"])
    assert found["error"] is None
    assert [name for name, _ in found["modules"]] == ["json", "main", "pkg", "pkg.größe"]
    assert found["entrypoints"][0]["target"] == "pkg.größe"
    version = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[:3])"], capture_output=True, text=True
    )
    assert found["interpreter"]["version"].split(".") == version.stdout.strip("()\n").split(", ")


@pytest.mark.parametrize("shape", ["flat", "packages"])
def test_ten_times_the_modules_cost_about_ten_times_as_much(shape: str, tmp_path: Path):
    few, many = (_seconds_for(number, shape, tmp_path / str(number)) for number in (1000, 10000))
    assert many < 50 * few


def _seconds_for(number: int, shape: str, root: Path) -> float:
    """The least of three, so that a busy machine does not make few modules look dear."""
    for index in range(number):
        folder = root / f"p{index % 400}" if shape == "packages" else root
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("__init__.py" if index < 400 and shape == "packages" else f"m{index}.py")).touch()
    tries = [discover(BASE, workdir=str(root), commands=[f"{BASE} -c pass"]) for _ in range(3)]
    assert {len(found["modules"]) for found, _ in tries} == {number}
    return float(min(seconds for _, seconds in tries))
