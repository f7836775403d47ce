"""Find the top-level names that the code of a source tree imports from outside of it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Optional

from importguard.probe.code.imports import import_sites, parse_module
from importguard.probe.code.quick_scan import likely_imports
from importguard.source.model import Imported, Place
from importguard.source.modules.standard_library import STANDARD
from importguard.source.modules.test_files import files_of_tests

if TYPE_CHECKING:
    from importguard.probe.code.imports import Site

_SCOPES = ("module", "function", "lazy", "guarded", "type_checking")
_MOST_FILES_A_NAME = 5


def find_imported(root: str, paths: Iterable[str]) -> list[Imported]:
    """The names that the files at ``paths`` (below ``root``) import, in alphabetical order."""
    paths = list(paths)
    own = {part.partition(".")[0] for path in paths for part in path.split("/")}
    importers: dict[str, list[str]] = {}
    tests = files_of_tests(paths)
    for path in paths:
        if path.endswith(".py") and path not in tests and posixpath.basename(path) != "setup.py":
            for name in _top_names(_read(root, path)) - own - STANDARD:
                importers.setdefault(name, []).append(path)
    parsed: dict[str, Sequence[Site]] = {}
    found = (_strongest(name, files, root, parsed) for name, files in sorted(importers.items()))
    return [one for one in found if one is not None]


def _read(root: str, path: str) -> bytes:
    try:
        with open(os.path.join(root, path), "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def _top_names(text: bytes) -> set[str]:
    return {
        top
        for target, _ in likely_imports(text, "")
        if (top := target.partition(".")[0]) and top.isidentifier()
    }


def _strongest(
    name: str, files: Sequence[str], root: str, parsed: dict[str, Sequence[Site]]
) -> Optional[Imported]:
    """The first import of a name at module level; of a few files, the strongest that there is."""
    sites: list[Imported] = []
    for path in files[:_MOST_FILES_A_NAME]:
        if path not in parsed:
            parsed[path] = _sites(_read(root, path), path)
        sites += [
            Imported(name, Place(path, line), scope, (target, *(f"{target}.{one}" for one in names)))
            for target, names, line, scope in parsed[path]
            if target.partition(".")[0] == name
        ]
    return min(sites, key=lambda site: _SCOPES.index(site.scope), default=None)


def _sites(text: bytes, path: str) -> Sequence[Site]:
    try:
        return import_sites(parse_module(text, path), "", False)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
