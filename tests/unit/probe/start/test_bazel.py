"""Scripts of Bazel's ``py_binary``: the Python, the main file and the import path that they lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.start.command import parse_arguments

# The lines of the two scripts of rules_python by which they are told, and which hold what they start.
BY_PYTHON = """#!/usr/bin/env python3
import os, re
PYTHON_BINARY = '{python}'
PYTHON_BINARY = PYTHON_BINARY + '.exe'
def GetRepositoriesImports(module_space, import_all):
  return [os.path.join(module_space, '_main')]
def Main():
  main_rel_path = '_main/shop/main.py'
  module_space = FindModuleSpace(main_rel_path)  # beside: .runfiles
  python_imports = 'pip_requests/site-packages:_main/src'
  python_path_entries += GetRepositoriesImports(module_space, {all})
"""
BY_BASH = """#!/bin/bash
# runfiles-relative path
STAGE2_BOOTSTRAP="_main/shop/_stage2.py"
PYTHON_BINARY='_main/shop/_main.venv/bin/python3'
PYTHON_BINARY_ACTUAL="{python}"
module_space="${{stub_filename}}.runfiles"
exec "${{command[@]}}"
"""


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with a Python in ``bin``, one in the runfiles, and the main file of a program."""
    for name in ("bin/python3", "app.runfiles/python_3/bin/python3"):
        program(tmp_path / name, "\x7fELF")
    (tmp_path / "app.runfiles/_main/shop").mkdir(parents=True)
    (tmp_path / "app.runfiles/_main/shop/main.py").write_text("import shop.db\n")
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def parse(image: Path, *words: str):
    return parse_arguments(list(words), {"PATH": f"{image}/bin", "PYTHONPATH": "/own"}, str(image))


@pytest.mark.parametrize("python", ["python3", "python_3/bin/python3"])
def test_a_script_in_python_sets_the_import_path(image: Path, python: str) -> None:
    script = program(image / "app", BY_PYTHON.format(python=python, all=False))
    (command,) = parse(image, str(script), "--port", "80")
    runfiles = f"{image}/app.runfiles"
    expected = f"{image}/bin/python3" if python == "python3" else f"{runfiles}/{python}"
    assert (command.executable, command.recognised) == (expected, True)
    assert command.script == f"{runfiles}/_main/shop/main.py"
    assert command.argv == [command.script, "--port", "80"]
    names = ("", "/pip_requests/site-packages", "/_main/src", "/_main")
    folders = [f"{runfiles}{name}" for name in names]
    assert command.environ["PYTHONPATH"].split(":") == [*folders, "/own"]
    assert command.environ["RUNFILES_DIR"] == runfiles
    assert command.is_safe_path()


def test_a_script_in_python_that_adds_every_repository(image: Path) -> None:
    script = program(image / "app", BY_PYTHON.format(python="python3", all=True))
    (command,) = parse(image, str(script))
    assert f"{image}/app.runfiles/python_3" in command.environ["PYTHONPATH"].split(":")


@pytest.mark.parametrize("has_environment", [True, False])
def test_a_script_in_bash_starts_a_second_one(image: Path, has_environment: bool) -> None:
    program(image / "bin/bash", "\x7fELF")
    script = program(image / "app", BY_BASH.format(python="python_3/bin/python3"))
    runfiles = image / "app.runfiles"
    (runfiles / "_main/shop/_stage2.py").write_text('MAIN_PATH = "_main/shop/main.py"\nMAIN_MODULE = ""\n')
    expected = runfiles / "python_3/bin/python3"
    if has_environment:
        expected = program(runfiles / "_main/shop/_main.venv/bin/python3", "\x7fELF")
    (command,) = parse(image, str(script))
    assert (command.executable, command.script) == (str(expected), f"{runfiles}/_main/shop/main.py")


def test_a_module_is_run_by_its_name(image: Path) -> None:
    script = program(image / "app", BY_BASH.format(python="python3"))
    (image / "app.runfiles/_main/shop/_stage2.py").write_text('MAIN_PATH = ""\nMAIN_MODULE = "shop.main"\n')
    (command,) = parse(image, str(script))
    assert command.runs == "shop.main"


def test_the_runfiles_are_found_by_a_link_and_from_within(image: Path) -> None:
    program(image / "app", BY_PYTHON.format(python="python3", all=False))
    (image / "bin/start").symlink_to(image / "app")
    inner = program(image / "app.runfiles/_main/shop/app", BY_PYTHON.format(python="python3", all=False))
    for script in (str(inner), f"{image}/bin/start"):
        (command,) = parse(image, script)
        assert command.script == f"{image}/app.runfiles/_main/shop/main.py"


def test_a_script_that_only_speaks_of_runfiles_is_another_one(image: Path) -> None:
    script = program(image / "tool", f"#!{image}/bin/python3\nPYTHON_BINARY = 'x'  # .runfiles\n")
    (command,) = parse(image, str(script))
    assert command.main_file == str(script)
