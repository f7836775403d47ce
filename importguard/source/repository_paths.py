"""Find the files that a report names in the repository, so that code review can show findings there."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from importguard.config import Config
from importguard.model import Finding, Location
from importguard.report import ImageReport
from importguard.source.paths import repository_around

if TYPE_CHECKING:
    from importguard.source.model import Source

_NOT_WALKED = frozenset({"node_modules", "__pycache__", "site-packages"})


def with_places(image: ImageReport, config: Config, read: Optional[Source] = None) -> ImageReport:
    """The same report with ``places`` and ``dockerfile`` from the repository's root.

    What a COPY of the source put into the image is known; only other paths are looked for by name. The root
    is the folder above the source that holds ``.git``, else the working directory, else the source.
    ``read`` is the source where one was read.
    """
    context = config.build.context if config.build else ""
    named = (read.root if read else None, config.source, context)
    chosen_folder = next((path for path in named if path and os.path.isdir(path)), None)
    source = chosen_folder or os.curdir
    root = os.path.realpath(source)
    top = _top(root)
    chosen = os.path.join(read.root, read.dockerfile.path) if read and read.dockerfile else None
    given = chosen or config.dockerfile or (config.build.dockerfile if config.build else None)
    dockerfile = _relative(os.path.realpath(given or os.path.join(source, "Dockerfile")), top)
    paths = {location.path for finding in image.findings for location in _locations(finding)}
    known = copied_files(image.findings, read, image.import_path) if read else {}
    # The working directory may be any folder, the root of a disk among them.
    walked = chosen_folder is not None or os.path.exists(os.path.join(top, ".git"))
    files = {**_found(paths - set(known), root, walked), **known}
    found = {path: _relative(os.path.join(root, file), top) for path, file in files.items()}
    places = {path: file for path, file in found.items() if file is not None}
    return replace(image, places=places, dockerfile=dockerfile or "Dockerfile")


def copied_files(
    findings: Sequence[Finding], source: Source, import_path: Sequence[str]
) -> Mapping[str, str]:
    """The paths of the findings' locations, and the source's file that a COPY put there in the image.

    A path of the image is relative to one of ``import_path``. Where a diagnosis names a file of the source by
    the same path, the path stands for that.
    """
    origins = source.copied_from
    if not origins:
        return {}
    own = {file.path for file in source.files}
    named = {
        finding.diagnosis.location.path
        for finding in findings
        if finding.diagnosis and finding.diagnosis.location
    }
    found = {}
    for path in {location.path for finding in findings for location in _locations(finding)}:
        places = (posixpath.join(root, path) for root in import_path)
        origin = next((origins[place] for place in places if place in origins), None)
        if origin is not None and not (path in named and path in own):
            found[path] = origin
    return found


def match_paths(paths: Iterable[str], files: Iterable[str]) -> Mapping[str, str]:
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


def _found(paths: set[str], root: str, walked: bool) -> Mapping[str, str]:
    """Each of ``paths`` that is a file below ``root``, with that file's path from there.

    ``..`` leads a path of the source out of its root. Where ``walked``, the folders of the root are searched
    for the paths that are not there.
    """
    exact = {path: path for path in paths if _is_file(os.path.join(root, path))}
    others = {path for path in paths - set(exact) if not path.startswith("../")}
    if not others or not walked:
        return exact
    return {**exact, **match_paths(others, _files_named({posixpath.basename(path) for path in others}, root))}


def _files_named(names: set[str], root: str) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_WALKED]
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in names.intersection(files):
            yield name if below == "." else f"{below}/{name}"


def _is_file(path: str) -> bool:
    try:
        return os.path.isfile(path)
    except ValueError:  # a NUL character
        return False


def _top(root: str) -> str:
    top = repository_around(root)
    if top is not None:
        return top
    working = os.path.realpath(os.curdir)
    return working if _relative(root, working) is not None else root


def _relative(path: str, top: str) -> Optional[str]:
    """``path`` from ``top`` with ``/``; None where it does not lie below."""
    try:
        below = os.path.relpath(path, top).replace(os.sep, "/")
    except ValueError:  # another drive of Windows
        return None
    return None if below == ".." or below.startswith("../") else below
