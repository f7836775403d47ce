"""Which packages a project's distribution has, where its pyproject.toml lists them. Nothing is built.

Sources: hatchling ("Wheel builder": packages, only-include), Poetry ("packages"), setuptools ("packages" and
"py-modules" as lists).
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Optional

from importguard.source.paths import folders_above
from importguard.source.requirements.project_files import read_toml


def may_be_packed(root: str, path: str, name: str) -> bool:
    """Whether a distribution of one of the projects around the file may have a top-level package ``name``.

    ``path`` is below ``root``. It may, unless every project around it lists others.
    """
    documents = list(_project_files(root, path))
    listed = [_listed_packages(document) for document in documents]
    return not documents or any(names is None or name in names for names in listed)


def _project_files(root: str, path: str) -> Iterator[Mapping[str, Any]]:
    """The pyproject.toml of every folder around the file; nothing of one that cannot be read, or has none."""
    for folder in ("", *folders_above(path)):
        place = os.path.join(root, folder)
        if any(os.path.exists(os.path.join(place, other)) for other in ("setup.py", "setup.cfg")):
            yield {}
        try:
            with open(os.path.join(place, "pyproject.toml"), encoding="utf-8") as stream:
                yield read_toml(stream.read())
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            yield {}


def _listed_packages(document: Mapping[str, Any]) -> Optional[set[str]]:
    """The names of the listed packages; None where a tool finds them itself, or maps folders to names."""
    backend = str(_table(document, "build-system").get("build-backend", "")).partition(".")[0]
    readers = {"hatchling": _of_hatchling, "poetry": _of_poetry, "setuptools": _of_setuptools}
    names = readers[backend](_table(document, "tool")) if backend in readers else None
    return set(names) if names and not any("*" in name for name in names) else None


def _of_hatchling(tools: Mapping[str, Any]) -> Optional[list[str]]:
    build = _table(tools, "hatch", "build")
    wheel = _table(build, "targets", "wheel")
    if any(key in table for table in (build, wheel) for key in ("force-include", "sources", "hooks")):
        return None
    listed = [*_texts(wheel.get("packages")), *_texts(wheel.get("only-include"))]
    return [posixpath.basename(path.rstrip("/")) for path in listed]


def _of_poetry(tools: Mapping[str, Any]) -> Optional[list[str]]:
    listed = _table(tools, "poetry").get("packages")
    entries = listed if isinstance(listed, list) else []
    if any(not isinstance(entry, dict) or "to" in entry for entry in entries):
        return None
    return [str(entry.get("include", "*")).rstrip("/") for entry in entries]


def _of_setuptools(tools: Mapping[str, Any]) -> Optional[list[str]]:
    table = _table(tools, "setuptools")
    if "package-dir" in table or isinstance(table.get("packages"), Mapping):
        return None
    listed = [*_texts(table.get("packages")), *_texts(table.get("py-modules"))]
    return [name.partition(".")[0] for name in listed]


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _table(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    found: Any = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
