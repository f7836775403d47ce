"""What the commands of RUN lines may do to files, besides installing packages. Nothing is run."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Iterator
from typing import Callable, Optional

from importguard.source.dockerfile_model import Dockerfile, Install, Instruction
from importguard.source.model import Source

# What makes something else of files than what was copied, or puts them elsewhere.
_TRANSFORMS = re.compile(
    r"\b(cp|mv|rsync|ln|tar|zip|make|zipapp|pyinstaller|nuitka|cythonize|shiv|pex|pants|bazel)\b"
    r"|\b(build|wheel|bdist\w*|compileall)\b|setup\.py"
)
_DOWNLOADS = re.compile(r"\bgit\s+clone\b|\b(curl|wget)\b")
# What stands for files that no COPY shows, wherever it is named: as what an installer is given, too.
_UNREAD_FILES = re.compile(r"\.sh\b|\.pth\b|\w+\+https?://")
# `apt-get install make` runs no make: what these are given are the names of packages.
_PACKAGE_MANAGER = re.compile(
    r"(\w+=\S*\s+)*(\S*/)?(apt|apt-get|aptitude|apk|dnf|microdnf|tdnf|yum|zypper|pacman)\s"
)
# A requirement that is a folder of the build: in a requirement file, a pyproject.toml, a Pipfile.
_LOCAL_PROJECT = re.compile(
    r"^\s*(-e|--editable)\b|^\s*\.{0,2}/|^\s*\.(\[.*\])?\s*$|\bfile:|\bpath\s*=|\bworkspace\s*=\s*true",
    re.MULTILINE,
)
_INCLUDED_FILE = re.compile(r"^\s*(?:-r|--requirement)[\s=]*(\S+)", re.MULTILINE)


def is_transforming(
    source: Source, dockerfile: Dockerfile, stage: int, packed: Optional[Callable[[], bool]] = None
) -> bool:
    """Whether the stage may make something else of the files that it gets, such as a distribution.

    ``packed`` says whether a distribution of the source may have what is asked for; one is taken to.
    """
    installs = [install for install in dockerfile.installs if install.stage == stage]
    if any(install.editable or _reads_local_project(install, source.root) for install in installs):
        return True
    if any(install.locals for install in installs) and (packed is None or packed()):
        return True
    return any(_TRANSFORMS.search(command) for command in _acting_commands(dockerfile, {stage}))


def may_bring_packages(dockerfile: Dockerfile, stages: Collection[int]) -> bool:
    """Whether a command of the stages may bring packages, or put folders on the import path, by a way that
    neither a COPY nor a requirement shows."""
    return any(
        _UNREAD_FILES.search(instruction.text + instruction.heredoc)
        for instruction in _run_instructions(dockerfile, stages)
    ) or any(_DOWNLOADS.search(command) for command in _acting_commands(dockerfile, stages))


def _acting_commands(dockerfile: Dockerfile, stages: Collection[int]) -> Iterator[str]:
    """The commands of the stages' RUN lines, except those that install packages by their names."""
    installs = {install.text for install in dockerfile.installs}
    for instruction in _run_instructions(dockerfile, stages):
        for command in instruction.commands:
            if command not in installs and not _PACKAGE_MANAGER.match(command):
                yield command


def _run_instructions(dockerfile: Dockerfile, stages: Collection[int]) -> Iterator[Instruction]:
    return (one for one in dockerfile.instructions if one.keyword == "RUN" and one.stage in stages)


def _reads_local_project(install: Install, root: str) -> bool:
    """Whether a file that the install reads names a folder of the build as a requirement."""
    waiting, seen = [path for path in install.files if not path.startswith("/")], set()
    while waiting:
        path = posixpath.normpath(waiting.pop())
        if path in seen:
            continue
        seen.add(path)
        text = _text_of(os.path.join(root, path))
        if not path.endswith(".lock") and _LOCAL_PROJECT.search(text):
            return True
        waiting += [posixpath.join(posixpath.dirname(path), name) for name in _INCLUDED_FILE.findall(text)]
    return False


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""
