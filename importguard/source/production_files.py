"""Find the files of a repository that may say how production runs its containers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from importguard.source.paths import most_entries, relative_path

COMPOSE_NAME = re.compile(r"(docker-)?compose([-_.][\w.-]+)?\.ya?ml")
LARGEST = 1 << 20
"""How many characters of a file are read."""

_MOST_FILES = 500
_MOST_FOLDERS = 5000
_DEEPEST = 6
_SKIPPED = frozenset(("node_modules", "venv", "site-packages", "__pycache__"))
_YAML = (".yaml", ".yml")
_SCRIPTS = re.compile(r"(?i)(GNU)?Makefile|.*\.mk|justfile|Jenkinsfile.*|.*\.(sh|bash)")
_CI_FOLDERS = (".github", ".gitlab", ".circleci", ".buildkite", ".cloudbuild")


def yaml_files(root: str, notes: list[str]) -> Iterator[str]:
    """Give the YAML files below ``root``; ``notes`` says where there are too many."""
    for number, path in enumerate(path for path in _files(root) if path.endswith(_YAML)):
        if number >= _MOST_FILES:
            notes.append(f"more than {_MOST_FILES} YAML files; the rest was not read for mounts")
            return
        yield path


def deploying_files(root: str) -> Iterator[str]:
    """Give the YAML files, CI pipelines, Makefiles and scripts below ``root``, up to a limit."""
    found = (path for path in _files(root, _CI_FOLDERS) if path.endswith(_YAML) or _is_script(path))
    for _, path in zip(range(_MOST_FILES), found):
        yield path


def texts_mentioning(pattern: re.Pattern[str], root: str) -> Iterator[tuple[str, str]]:
    """Give the path from ``root`` and the text of each of those files in which ``pattern`` is found."""
    for path in deploying_files(root):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(LARGEST)
        except OSError:
            continue
        if pattern.search(text):
            yield relative_path(path, root), text


def _is_script(path: str) -> bool:
    return _SCRIPTS.fullmatch(os.path.basename(path)) is not None


def _files(root: str, hidden: tuple[str, ...] = ()) -> Iterator[str]:
    """Every file below ``root``, in no hidden folder but those named; stops where there are too many."""
    entries = 0
    for number, (folder, folders, names) in enumerate(os.walk(root)):
        depth = 0 if folder == root else relative_path(folder, root).count("/") + 1
        inner = [folder for folder in sorted(folders) if folder in hidden or not folder.startswith(".")]
        folders[:] = [folder for folder in inner if folder not in _SKIPPED] if depth < _DEEPEST else []
        entries += len(names) + len(folders)
        if number >= _MOST_FOLDERS or entries > most_entries(root):
            return
        yield from (os.path.join(folder, name) for name in sorted(names))
