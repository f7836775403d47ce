"""Where the files that a report names are in the repository, so that code review can show findings there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Optional

from importguard.config import Config
from importguard.model import Finding, ImageReport, Location

_NOT_WALKED = frozenset({"node_modules", "__pycache__", "site-packages"})


def with_places(image: ImageReport, config: Config) -> ImageReport:
    """The same report with ``places`` and ``dockerfile`` from the repository's root.

    The root is the folder above the source that holds ``.git``, else the working directory, else the source.
    """
    context = config.build.context if config.build else ""
    source = next((path for path in (config.source, context) if path and os.path.isdir(path)), os.curdir)
    root = os.path.realpath(source)
    top = _top(root)
    given = config.dockerfile or (config.build.dockerfile if config.build else None)
    dockerfile = _relative(os.path.realpath(given or os.path.join(source, "Dockerfile")), top)
    paths = {location.path for finding in image.findings for location in _locations(finding)}
    found = {path: _relative(os.path.join(root, file), top) for path, file in _found(paths, root).items()}
    places = {path: file for path, file in found.items() if file is not None}
    return replace(image, places=places, dockerfile=dockerfile or "Dockerfile")


def match(paths: Iterable[str], files: Iterable[str]) -> Mapping[str, str]:
    """Each of ``paths`` that stands for one of ``files``, with that file.

    A path of an image is relative to an import root, which the build may have copied from any folder: it is
    the file of that path, else the only one whose path ends with it.
    """
    known = set(files)
    by_name: dict[str, list[str]] = {}
    for file in known:
        by_name.setdefault(file.rpartition("/")[2], []).append(file)
    found = {}
    for path in paths:
        ends = [file for file in by_name.get(path.rpartition("/")[2], ()) if file.endswith(f"/{path}")]
        if path in known or len(ends) == 1:
            found[path] = path if path in known else ends[0]
    return found


def _locations(finding: Finding) -> Iterator[Location]:
    diagnosed = finding.diagnosis.location if finding.diagnosis else None
    for location in (diagnosed, finding.location, *(step.location for step in finding.chain)):
        if location is not None and not location.path.startswith("/"):
            yield location


def _found(paths: set[str], root: str) -> Mapping[str, str]:
    """``..`` leads a path of the source out of its root; the root is walked for the other ones alone."""
    outside = {path: path for path in paths if path.startswith("../") and _is_file(os.path.join(root, path))}
    inside = paths - set(outside)
    return {**outside, **match(inside, _files(root))} if inside else outside


def _files(root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_WALKED]
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in files:
            yield name if below == "." else f"{below}/{name}"


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a NUL character
        return False


def _top(root: str) -> str:
    folder = root
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            working = os.path.realpath(os.curdir)
            return working if _relative(root, working) is not None else root
        folder = parent
    return folder


def _relative(path: str, top: str) -> Optional[str]:
    """``path`` from ``top`` with ``/``; None where it does not lie below."""
    try:
        below = os.path.relpath(path, top).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        return None
    return None if below == ".." or below.startswith("../") else below
