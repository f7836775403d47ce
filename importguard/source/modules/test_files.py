"""Find the files of a tree that belong to tests: those that a check of the image leaves out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from importguard.probe.select.tests_by_name import has_test_word, is_test_folder, names_a_test


def files_of_tests(paths: Iterable[str]) -> frozenset[str]:
    """Those of ``paths`` (with ``/``) that belong to tests, as far as the names of all of them tell."""
    candidates = [path for path in paths if "test" in path or "e2e" in path]
    modules: dict[str, list[str]] = {}
    for path in candidates:
        for folder in _folders_by_name(path):
            modules.setdefault(folder, []).append(posixpath.basename(path).partition(".")[0])
    of_tests = {
        folder for folder, names in modules.items() if is_test_folder(posixpath.basename(folder), names)
    }
    return frozenset(
        path
        for path in candidates
        if names_a_test(_module(path)) or not of_tests.isdisjoint(_folders_by_name(path))
    )


def _folders_by_name(path: str) -> Iterator[str]:
    """The folders above a file that are called as folders of tests are."""
    folder = posixpath.dirname(path)
    while folder not in ("", "/"):
        if has_test_word(posixpath.basename(folder)):
            yield folder
        folder = posixpath.dirname(folder)


def _module(path: str) -> str:
    """The last part of the module's name: of a package, its folder's."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    return posixpath.basename(folder) if stem == "__init__" else stem
