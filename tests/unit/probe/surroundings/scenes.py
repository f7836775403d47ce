"""Applications on the disk of a test, as discovery would hand them to what gathers clues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Union

from importguard.probe.select.finder import Finder
from importguard.probe.select.scene import Scene
from importguard.probe.select.selection import Selection
from importguard.probe.start.interpreter import Interpreter
from importguard.probe.surroundings.questions import Questions
from importguard.probe.surroundings.resolutions import Resolver

SUFFIXES = [".cpython-313-x86_64-linux-gnu.so", ".abi3.so", ".so"]


def write(top: Path, files: Mapping[str, Union[str, bytes]]) -> None:
    """Write files, given by path."""
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def scene(
    top: Path, entries: Sequence[str] = ("app", "std", "site-packages"), executable: str = "/absent"
) -> Scene:
    """A scene whose import path is these folders below ``top``; ``std`` is the standard library."""
    answer = {
        "version": ["3.13.5"],
        "name": ["cpython"],
        "path": [str(top / entry) for entry in entries],
        "builtin": ["sys", "os"],
        "suffix": SUFFIXES,
        "stdlib": [str(top / "std" / "os.py")],
    }
    python = Interpreter(executable, [], "", answer)
    finder = Finder(list(python.path), Selection(SUFFIXES, False, []))
    return Scene(python, finder, python.path[:1], {}, str(top))


def questions(
    missing: Sequence[str] = (),
    names: Sequence[tuple[str, str]] = (),
    libraries: Sequence[str] = (),
    refused: Sequence[str] = (),
) -> Questions:
    """Questions as failures would raise them."""
    asked = Questions.questions_of([], {}, missing)
    for module, name in names:
        asked.note_missing_name(module, name)
    asked.libraries.update(dict.fromkeys(libraries))
    asked.refused.update(dict.fromkeys(refused))
    return asked


def resolver(top: Path) -> Resolver:
    """A resolver on the scene of ``top``."""
    return Resolver(scene(top))
