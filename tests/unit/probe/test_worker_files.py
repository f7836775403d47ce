"""What makes the workers' files fit into one program that loads nothing but built-in modules."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import importguard.probe
from importguard.probe import worker_program

PROBE = Path(importguard.probe.__file__).parent
KINDS = sorted(worker_program.WORKER_FILES)
BUILT_IN = {"_imp", "_thread", "builtins", "marshal", "posix", "sys", "time"}


def sources() -> dict[str, str]:
    """The text of every module, by name."""
    return {
        ".".join(path.relative_to(PROBE.parent.parent).with_suffix("").parts): path.read_text("utf-8")
        for path in PROBE.rglob("*.py")
    }


def body(name: str) -> list[ast.stmt]:
    """The statements of a file that run: those for type checkers left out."""
    return [
        node
        for node in ast.parse(sources()[f"importguard.probe.{name}"]).body
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING")
    ]


def bound(nodes: list[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
            )


@pytest.mark.parametrize("kind", KINDS)
def test_one_namespace_holds_all_names(kind: str) -> None:
    names = [name for file in worker_program.WORKER_FILES[kind] for name in set(bound(body(file)))]
    assert "describe" in names
    assert sorted({name for name in names if names.count(name) > 1} - {"TYPE_CHECKING"}) == []


@pytest.mark.parametrize("file", sorted(set().union(*worker_program.WORKER_FILES.values())))
def test_a_worker_loads_built_in_modules_only(file: str) -> None:
    loaded = set()
    for node in body(file):
        if isinstance(node, ast.Import):
            loaded.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            assert (node.module or "").startswith("importguard.probe.")
    assert loaded <= BUILT_IN


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_needs_no_file_of_the_probe(kind: str) -> None:
    lines = worker_program.worker_program(sources(), kind).split("\n")
    assert len(lines) > 100
    assert [line for line in lines if line.startswith("from importguard")] == []
    assert compile("\n".join(lines), "<program>", "exec")


def loaded_by(program: str) -> set[str]:
    command = [sys.executable, "-I", "-S", "-"]  # It is too long for an argument.
    done = subprocess.run(command, input=program, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("kind", KINDS)
def test_the_program_loads_no_module_that_start_up_does_not(kind: str) -> None:
    """It stops where it needs its request."""
    show = "import sys\nprint(*sorted(set(sys.modules)))"
    program = worker_program.worker_program(sources(), kind)
    loaded = loaded_by(f"try:\n    exec({program!r})\nexcept NameError:\n    exec({show!r})")
    assert "marshal" in loaded
    assert loaded - loaded_by(show) - BUILT_IN <= {"__future__"}
