"""Random build contexts with their .dockerignore, the same in every run, and what the builder makes of it."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from importguard.source.dockerfile.dockerignore import PatternError, read_patterns

FOLDERS = ("a", "b", "ab", "core", "tests", ".git", "x y", "A", "a.b", "é")
FILES = (
    "a.py",
    "b.py",
    "__init__.py",
    "test_a.py",
    "README.md",
    ".env",
    "a",
    "[x].py",
    "a+b.py",
    "^a.py",
    "a-b",
)
WILD = (
    "*",
    "**",
    "?",
    "[ab]",
    "[^a]",
    "[a-z]",
    "*.py",
    "a*",
    "*a*",
    "test_*",
    "\\a",
    "**a",
    "a**",
    "[.]*",
    "[*]",
)
AT_ONCE = 60


@dataclass(frozen=True)
class Case:
    """One context: its files, and the text of its .dockerignore."""

    files: tuple[str, ...]
    text: str


def cases(count: int, seed: int) -> list[Case]:
    """As many cases; those whose patterns the builder would refuse are not among them."""
    chance = random.Random(seed)
    found: list[Case] = []
    while len(found) < count:
        files = _files(chance)
        case = Case(files, _text(chance, files))
        try:
            read_patterns(case.text)
        except PatternError:
            continue
        found.append(case)
    return found


def _files(chance: random.Random) -> tuple[str, ...]:
    found: set[str] = set()
    for _ in range(chance.randint(4, 14)):
        folders = [chance.choice(FOLDERS) for _ in range(chance.choice((0, 1, 1, 2, 2, 3)))]
        found.add("/".join([*folders, chance.choice(FILES)]))
    # A name can't be both a file and a folder.
    folders = {"/".join(path.split("/")[:end]) for path in found for end in range(1, path.count("/") + 1)}
    return tuple(sorted(found - folders))


def _text(chance: random.Random, files: tuple[str, ...]) -> str:
    lines = [_line(chance, files) for _ in range(chance.randint(1, 7))]
    ending = chance.choice(("\n", "\n", "\r\n"))
    return chance.choice(("", "", "\ufeff")) + ending.join(lines) + chance.choice(("", ending))


def _line(chance: random.Random, files: tuple[str, ...]) -> str:
    if chance.random() < 0.06:
        return chance.choice(
            ("", "# a", " # a", "   ", "!  ", ".", "/", "*", "**", "!*", "!**", "..", "**/", "*/*")
        )
    parts = chance.choice(files).split("/")
    parts = parts[: chance.randint(1, len(parts))]
    for place in range(len(parts)):
        if chance.random() < 0.3:
            parts[place] = chance.choice(WILD)
        elif chance.random() < 0.1:
            parts[place] = _blurred(chance, parts[place])
    if chance.random() < 0.08:
        parts.insert(chance.randint(0, len(parts)), chance.choice(("..", ".", "")))
    line = "/".join(parts)
    line = (
        chance.choice(("", "", "", "/", "./", "**/", "*/"))
        + line
        + chance.choice(("", "", "/", "/*", "/**", "**"))
    )
    inverted = chance.choice(("", "", "!", "! ", "!/")) if chance.random() < 0.6 else ""
    return chance.choice(("", "", " ")) + inverted + line + chance.choice(("", "", " ", "\t"))


def _blurred(chance: random.Random, name: str) -> str:
    at = chance.randrange(len(name))
    return name[:at] + chance.choice(("?", "*", "[" + name[at] + "]", "\\" + name[at])) + name[at + 1 :]


def build(folder: Path, cases: list[Case]) -> list[set[str]]:
    """The files that ``COPY . /`` of each case gives, by the real builder, many contexts in one build.

    Each is a context of its own, by a name, so that its .dockerignore is at its root.
    """
    for number, case in enumerate(cases):
        write(folder / f"c{number}", case)
    (folder / "Dockerfile").write_text(_dockerfile(len(cases)))
    command = ["docker", "buildx", "build", "--quiet", "--file", str(folder / "Dockerfile")]
    for number in range(len(cases)):
        command += ["--build-context", f"c{number}={folder}/c{number}"]
    made = folder / "out"
    command += ["--output", f"type=local,dest={made}", str(folder / "c0")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [files_below(made / str(number)) for number in range(len(cases))]


def _dockerfile(count: int) -> str:
    """In stages of ten: a chain of hundreds of layers is more than a file system takes."""
    lines = []
    for first in range(0, count, 10):
        lines.append(f"FROM scratch AS s{first}")
        lines += [f"COPY --from=c{number} . /{number}/" for number in range(first, min(first + 10, count))]
    lines.append("FROM scratch")
    return "\n".join(lines + [f"COPY --from=s{first} / /" for first in range(0, count, 10)]) + "\n"


def write(folder: Path, case: Case) -> None:
    """Write a case's files, and its .dockerignore where it says anything."""
    for path in case.files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("")
    folder.mkdir(exist_ok=True)
    if case.text:
        (folder / ".dockerignore").write_text(case.text, encoding="utf-8", newline="")


def files_below(folder: Path) -> set[str]:
    """All files, relative and with slashes, without the .dockerignore itself."""
    found = {
        os.path.relpath(os.path.join(parent, name), folder).replace(os.sep, "/")
        for parent, _, names in os.walk(folder)
        for name in names
    }
    return found - {".dockerignore"}
