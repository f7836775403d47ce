"""Name the modules of a source tree's files, by each folder that may be on the import path."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable
from typing import Optional


def source_roots(files: Iterable[str]) -> set[str]:
    """Every ``src`` folder: it may hold namespace packages alone, as those of a workspace do."""
    parts = (path.split("/")[:-1] for path in files)
    return {"/".join(one[: one.index("src") + 1]) for one in parts if "src" in one}


def innermost_first(roots: Iterable[str]) -> tuple[str, ...]:
    """Import roots in the order in which a file gets its name from them."""
    return tuple(sorted(roots, key=lambda folder: (-folder.count("/") - bool(folder), folder)))


def import_roots(files: Collection[str], context: str) -> tuple[str, ...]:
    """The folders that an application imports from, the innermost first: those that hold its topmost
    packages, the context and its ``src``. The root itself is the empty string.
    """
    packages = {posixpath.dirname(path) for path in files if posixpath.basename(path) == "__init__.py"}
    base = "" if context == "." else context
    found = {base, posixpath.join(base, "src")}
    for package in packages:
        parent = posixpath.dirname(package)
        if package and parent not in packages:
            found.add(parent)
    return innermost_first(found)


def module_name(path: str, root: str) -> Optional[str]:
    """The dotted name of a file for an import root, None where it has none."""
    if root and not path.startswith(root + "/"):
        return None
    parts = path[len(root) :].lstrip("/").split("/")
    parts[-1] = parts[-1].partition(".")[0]  # an extension's tag too
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None


def module_names(path: str, roots: Iterable[str]) -> list[str]:
    """All names of a file, the one for the innermost root first."""
    names = (module_name(path, root) for root in roots)
    return list(dict.fromkeys(name for name in names if name))
