"""The file is there, and no interpreter could use it: unreadable, broken-file."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Optional

from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, file_and_line, make_diagnosis
from importguard.evidence.surroundings import BrokenFile, UnreadableFile
from importguard.model import Diagnosis, Location
from importguard.rules.imports import (
    ENTRYPOINT_TARGET,
    IMPORT_CRASHES,
    IMPORT_RAISES,
    MISSING_MODULE,
    MISSING_NAME,
    MISSING_SHARED_LIBRARY,
    SYNTAX_ERROR,
)

_WHAT = {
    "empty": "is empty",
    "truncated": "ends in the middle",
    "git-lfs-pointer": "is a Git LFS pointer, not the file that it points to",
    "nul-bytes": "holds NUL bytes",
    "merge-markers": "holds unresolved merge markers",
}
_TOO_SHORT = re.compile(r"([^\s:]+): file too short")
_REMEDY = {
    "empty": "bring its contents back",
    "truncated": "bring the whole file back",
    "git-lfs-pointer": "run 'git lfs pull' before the build (in CI: check out with LFS)",
    "nul-bytes": "save it as UTF-8 text, or bring the file back",
    "merge-markers": "resolve the merge",
}


def unreadable_file(case: Situation) -> Optional[Diagnosis]:
    """The user of the image may not read the file or enter its folder."""
    if case.rule not in (MISSING_MODULE, MISSING_NAME, IMPORT_RAISES):
        return None
    for one in case.clues.unreadable:
        if _stands_in_the_way(one, case):
            return _unreadable(one, case)
    return None


def _stands_in_the_way(one: UnreadableFile, case: Situation) -> bool:
    if case.rule is IMPORT_RAISES:
        return "Permission denied" in case.finding.message and one.path in case.finding.message
    parts = case.missing.split(".")
    for root in case.clues.sys_path or case.evidence.import_path:
        stem = posixpath.join(root, *parts)
        on_way = one.path == root or any(
            one.path == posixpath.join(root, *parts[:end]) for end in range(1, len(parts) + 1)
        )
        if on_way or one.path in (f"{stem}.py", f"{stem}/__init__.py"):
            return True
    return False


def _unreadable(one: UnreadableFile, case: Situation) -> Diagnosis:
    system = case.clues.system
    user = system.user or str(system.uid)
    need = "enter" if one.kind == "folder" else "read"
    right = "755" if one.kind == "folder" else "644"
    location = _placing(one.path, case)
    copied = f" (at {file_and_line(location)})" if location else ""
    if case.evidence.privileges_withheld:  # There all files seem to be the USER's, and have other modes.
        explanation = f"The image's USER {user} may not {need} {one.path}."
        seen = f"{one.kind}: {one.path}"
    else:
        explanation = (
            f"{one.path} has mode {one.mode:o}, owner {one.owner}, group {one.group}: the image's USER "
            f"{user} may not {need} it."
        )
        seen = f"{one.kind}: {one.path} {one.mode:o} {one.owner}:{one.group}"
    return make_diagnosis(
        "unreadable",
        CERTAIN,
        explanation,
        f"chmod {right} it in the source, or copy it with 'COPY --chown={user}' or '--chmod=…'{copied}",
        location,
        None,
        (seen, f"user: {user} (uid {system.uid})"),
    )


def _placing(path: str, case: Situation) -> Optional[Location]:
    """The COPY line that brings the file, or something of the folder, into the image; else USER."""
    source = case.source
    if source is None or source.dockerfile is None:
        return None
    final = source.dockerfile.final
    folder = path.rstrip("/") + "/"
    for placement in source.placements:
        inside = placement.destination == path or placement.destination.startswith(folder)
        if placement.stage == final and inside:
            return Location(source.dockerfile.path, placement.line)
    line = source.dockerfile.stages[final].user_line
    return Location(source.dockerfile.path, line) if line else None


def broken_file(case: Situation) -> Optional[Diagnosis]:
    """The file is not what its name says."""
    for one in _concerned(case):
        if one.kind != "empty" or _should_hold_something(one, case):
            return _broken(one, case)
    short = _TOO_SHORT.search(case.finding.message) if case.rule is MISSING_SHARED_LIBRARY else None
    return _broken(BrokenFile(short.group(1), "truncated"), case) if short else None


def _concerned(case: Situation) -> Iterator[BrokenFile]:
    paths = _paths(case)
    for one in case.clues.broken:
        if one.path in paths or one.path in case.finding.message:
            yield one


def _paths(case: Situation) -> set[str]:
    """The files that the finding is about."""
    paths: set[str] = set()
    if case.rule in (MISSING_NAME, ENTRYPOINT_TARGET):
        resolution = case.clues.resolution_of(case.holding_module)
        paths.update(
            filter(None, [resolution.path if resolution else None, case.code.files.get(case.holding_module)])
        )
    if case.rule in (MISSING_MODULE, MISSING_SHARED_LIBRARY):
        paths.update(
            one.path for one in case.clues.extensions if one.path.endswith("/" + (case.missing or "?"))
        )
    if case.rule in (MISSING_SHARED_LIBRARY, IMPORT_RAISES, SYNTAX_ERROR, IMPORT_CRASHES):
        frames = case.failure.frames if case.failure else ()
        paths.update(frame.path for frame in frames[-1:])
        paths.update(filter(None, [case.code.files.get(case.finding.module)]))
    return paths


def _should_hold_something(one: BrokenFile, case: Situation) -> bool:
    """An empty ``__init__.py`` is as it should be, unless the source has more."""
    origin = case.index.origin_in_source(one.path) if case.index else None
    file = case.index.files.get(origin.path) if case.index and origin else None
    if file is not None and file.size > 0:
        return True
    return case.rule in (MISSING_NAME, ENTRYPOINT_TARGET) and posixpath.basename(one.path) != "__init__.py"


def _broken(one: BrokenFile, case: Situation) -> Diagnosis:
    origin = case.index.origin_in_source(one.path) if case.index else None
    differs = bool(case.index and origin and origin.path in case.index.differing_files)
    place = case.source_location(one.path, one.line)
    shown = f": {one.detail}" if one.detail else ""
    return make_diagnosis(
        "broken-file",
        CERTAIN if one.kind != "empty" else LIKELY,
        f"{file_and_line(place)} {_WHAT.get(one.kind, one.kind)}{shown}."
        + (" The source's file is another one." if differs else ""),
        "build the image anew: the source's file is another one"
        if differs
        else _REMEDY.get(one.kind, "mend it"),
        place,
        None,
        (f"in the image: {one.path}", f"found: {one.kind}"),
    )
