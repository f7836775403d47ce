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
ORDER = (
    "files",
    "words",
    "processes",
    "programs",
    "imports",
    "shell",
    "gunicorn",
    "toml",
    "uwsgi",
    "web_servers",
    "task_workers",
    "platforms",
    "archives",
    "wrappers",
    "process_managers",
    "project_scripts",
    "command",
    "interpreter",
    "selection",
    "finder",
    "distributions",
    "django",
    "scene",
    "launch",
    "sites",
    "main_code",
    "targets",
    "one_name",
    "path_changes",
)
LOADER = """
import json, os, sys
sources, request = json.loads(sys.stdin.read())
for name, text in sources:
    module = type(sys)("importguard.probe." + name)
    sys.modules[module.__name__] = module
    exec(compile(text, name, "exec"), module.__dict__)
from time import perf_counter
started = perf_counter()
launch = sys.modules["importguard.probe.launch"].Launch(request, dict(os.environ))
found, _ = module.discover(request, launch)
print(json.dumps([found, perf_counter() - started]))
"""


def pythons() -> list[Path]:
    """The interpreters that a version manager has installed, and the one that runs the tests."""
    versions = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    found = [path for path in versions if int(path.parts[-3].split(".")[1]) >= 7]
    return [*found, BASE]


def discover(python: Path, **request):
    sources = [(name, (PROBE / f"{name}.py").read_text("utf-8")) for name in (*ORDER, "discover")]
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
def test_20000_modules(shape: str, tmp_path: Path):
    for number in range(20000):
        folder = tmp_path / f"p{number % 400}" if shape == "packages" else tmp_path
        if number < 400 and shape == "packages":
            folder.mkdir()
            (folder / "__init__.py").touch()
        else:
            (folder / f"m{number}.py").touch()
    found, seconds = discover(BASE, workdir=str(tmp_path), commands=[f"{BASE} -c pass"])
    assert len(found["modules"]) == 20000
    assert seconds < 5
