"""From which folders of a source the code outside of them imports, in functions too. Read from texts."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence

from importguard.probe.code.quick_scan import likely_imports


def folders_imported_from_outside(root: str, paths: Iterable[str], folders: Iterable[str]) -> frozenset[str]:
    """Those of ``folders`` from which a file of ``paths`` outside of them imports, by the names of modules.

    Paths are relative to ``root``. A name counts where it can only be that of a module in the folder.
    """
    code = [path for path in paths if path.endswith(".py")]
    found = set()
    wanted: dict[str, set[str]] = {}
    for folder in folders:
        inside = [path for path in code if path.startswith(f"{folder}/")]
        outside = [path for path in code if not path.startswith(f"{folder}/")]
        names = set(_names_of(inside)) - set(_names_of(outside))
        for path in outside if names else ():
            if path not in wanted:
                wanted[path] = set(_imported_names(root, path))
            if not names.isdisjoint(wanted[path]):
                found.add(folder)
                break
    return frozenset(found)


def _module_parts(path: str) -> list[str]:
    return path[: -len(".py")].removesuffix("/__init__").split("/")


def _names_of(paths: Sequence[str]) -> Iterator[str]:
    """The names by which the modules may be imported, wherever the import path begins."""
    for path in paths:
        parts = _module_parts(path)
        yield from (".".join(parts[start:]) for start in range(len(parts)))


def _imported_names(root: str, path: str) -> Iterator[str]:
    package = ".".join(_module_parts(posixpath.join(posixpath.dirname(path), "__init__.py")))
    try:
        with open(os.path.join(root, path), "rb") as stream:
            text = stream.read()
    except OSError:
        return
    for target, names in likely_imports(text, package):
        yield target
        yield from (f"{target}.{name}" for name in names)
