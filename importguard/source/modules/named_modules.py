"""Modules that are named elsewhere than in import statements: the start command, and Django's settings."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from importguard.source.command_words import split_command
from importguard.source.dockerfile_model import Dockerfile, Instruction

_TARGET = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):[A-Za-z_][\w.]*(?:\(.*\))?")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_SERVERS = frozenset(("gunicorn", "uvicorn", "hypercorn", "daphne", "waitress-serve", "granian", "uwsgi"))
_CHANGES_FOLDER = frozenset(("cd", "--chdir", "--app-dir"))
_STARTS = ("CMD", "ENTRYPOINT")


@dataclass(frozen=True)
class NamedModule:
    """A module that is loaded by name. Of a script, ``script`` is its path in the image and ``path`` that
    below the WORKDIR."""

    module: str
    line: int
    script: str = ""
    path: str = ""


def started_modules(dockerfile: Dockerfile) -> list[NamedModule]:
    """The modules that the last CMD and ENTRYPOINT name: ``python -m``, a script, a server's target."""
    words, line = start_words(dockerfile)
    return list(_of_command(words, line, dockerfile.stages[dockerfile.final].workdir))


def start_words(dockerfile: Dockerfile) -> tuple[list[str], int]:
    """The words of the last ENTRYPOINT and CMD, and the line of the latter; none where there is neither."""
    lineage = dockerfile.lineage()
    last: dict[str, Instruction] = {}
    for instruction in dockerfile.instructions:
        if instruction.stage in lineage and instruction.keyword in _STARTS:
            last[instruction.keyword] = instruction
    started = [last[keyword] for keyword in ("ENTRYPOINT", "CMD") if keyword in last]
    return [word for one in started for word in _words(one)], started[-1].line if started else 0


def start_folders(dockerfile: Dockerfile) -> list[str]:
    """The folders that the last CMD and ENTRYPOINT change to."""
    workdir = dockerfile.stages[dockerfile.final].workdir
    words, _ = start_words(dockerfile)
    found = []
    for before, word in zip(["", *words], words):
        option, equals, value = word.partition("=")
        folder = word if before in _CHANGES_FOLDER else value if equals and option in _CHANGES_FOLDER else ""
        found += [posixpath.normpath(posixpath.join(workdir, folder))] if folder else []
    return found


def started_scripts(dockerfile: Dockerfile, project: Mapping[str, object]) -> list[NamedModule]:
    """The modules of a project's own console scripts that the last ENTRYPOINT and CMD run.

    ``project`` is its pyproject.toml. Such a script has no working directory on its import path.
    """
    tool = project.get("tool")
    tables = [project.get("project"), tool.get("poetry") if isinstance(tool, dict) else None]
    named = [table.get("scripts") for table in tables if isinstance(table, dict)]
    scripts = {
        name: target.partition(":")[0]
        for table in named
        if isinstance(table, dict)
        for name, target in table.items()
        if isinstance(target, str)
    }
    words, line = start_words(dockerfile)
    # What follows another program is its argument: gunicorn's `shop` is a module.
    programs = takewhile(lambda word: not is_program(word), map(posixpath.basename, words))
    return [NamedModule(scripts[word], line) for word in programs if word in scripts]


def is_program(word: str) -> bool:
    """Whether the word names Python or a server that loads the application."""
    return word in _SERVERS or word.startswith("python")


def _words(instruction: Instruction) -> list[str]:
    value = instruction.text.partition(" ")[2].strip()
    try:
        read = json.loads(value) if value.startswith("[") else None
    except ValueError:
        read = None
    words = [str(word) for word in read] if isinstance(read, list) else ["sh", "-c", value]
    if len(words) > 2 and words[0].endswith("sh") and words[1].endswith("c"):
        return split_command(words[2].replace("&&", " ; "))
    return words


def _of_command(words: Sequence[str], line: int, workdir: str) -> Iterator[NamedModule]:
    is_server = any(posixpath.basename(word) in _SERVERS for word in words)
    is_python = False
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        target = _TARGET.fullmatch(word)
        if is_server and target and not before.startswith("-"):
            yield NamedModule(target[1], line)
        elif before == "-m" and is_python and _DOTTED.fullmatch(word):
            is_python = False
            if word not in _SERVERS:
                yield NamedModule(word, line)
        elif is_python and word.endswith(".py"):
            is_python = False
            script = posixpath.normpath(posixpath.join(workdir, word))
            below = script[len(workdir.rstrip("/")) + 1 :] if script.startswith(workdir) else script[1:]
            yield NamedModule("", line, script, below)
        elif not word.startswith("-"):
            is_python = posixpath.basename(word).startswith(("python", "pypy"))


def installed_apps(text: bytes) -> list[NamedModule]:
    """The strings of Django's INSTALLED_APPS in a settings file, with their lines."""
    if b"INSTALLED_APPS" not in text:
        return []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        NamedModule(item.value, item.lineno)
        for statement in tree.body
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and _is_apps(statement)
        for item in ast.walk(statement.value or statement)
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and _DOTTED.fullmatch(item.value)
    ]


def _is_apps(statement: ast.stmt) -> bool:
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "INSTALLED_APPS" for target in targets)
