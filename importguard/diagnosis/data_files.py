"""A file that a module reads when it is imported, or the container's program, that is not in the image.

Causes ignored, not-copied, not-packaged, copied-elsewhere."""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    location_of,
    make_diagnosis,
    place_and_line,
)
from importguard.failures.file_errors import NO_FILE, path_of_error
from importguard.failures.root_cause import exception_chain
from importguard.model import Diagnosis
from importguard.rules.imports import IMPORT_RAISES, START_PROGRAM
from importguard.source.model import DataFile
from importguard.source.packaging_lines import packaging_line_of

_SITES = ("/site-packages/", "/dist-packages/")


def missing_data_file(case: Situation) -> Optional[Diagnosis]:
    """The source has the file, and the build leaves it out."""
    path = _path_of_absent_file(case)
    found = _in_source(path, case) if path else None
    if path is None or found is None:
        return None
    if found.ignored is not None:
        return _ignored(found, path)
    if any(site in path for site in _SITES):
        return _not_packaged(found, path, case)
    if found.placement is None:
        return _not_copied(found, path, case)
    return _elsewhere(found, path, case)


def _path_of_absent_file(case: Situation) -> Optional[str]:
    problem = case.evidence.problem
    if case.rule is START_PROGRAM and problem is not None:
        return problem.path if problem.why in ("absent", "no-configuration") else None
    if case.rule is not IMPORT_RAISES or case.failure is None:
        return None
    chain = reversed(exception_chain(case.failure))
    paths = (path_of_error(cause.message, NO_FILE) for cause in chain if cause.type == "FileNotFoundError")
    return next(filter(None, paths), None)


def _in_source(path: str, case: Situation) -> Optional[DataFile]:
    """The source's file of that path: the one whose own path is its end, as far as nothing else is."""
    known = case.source.data_files if case.source else ()
    workdir = case.evidence.image.workdir or "/"
    path = posixpath.normpath(path)
    alike = {one: _common_parts(one.path, path) for one in known}
    # A relative path is one from the working directory: it is the end of the source's whole. Elsewhere than
    # there, the file's name alone is nobody's.
    is_beside = posixpath.dirname(path) == posixpath.normpath(workdir)
    least = len(path.split("/")) if not path.startswith("/") else 1 if is_beside else 2
    most = max(alike.values(), default=0)
    best = [one for one, count in alike.items() if count == most]
    return best[0] if len(best) == 1 and most >= least else None


def _common_parts(one: str, other: str) -> int:
    """How many of the last parts of two paths are the same."""
    pairs = zip(reversed(one.split("/")), reversed(posixpath.normpath(other).split("/")))
    count = 0
    for here, there in pairs:
        if here != there:
            break
        count += 1
    return count


def _ignored(found: DataFile, path: str) -> Diagnosis:
    assert found.ignored is not None
    rule = found.ignored.rule
    return make_diagnosis(
        "ignored",
        CERTAIN,
        f"The source has {found.path}, and '{rule.text}' at {place_and_line(rule)} keeps it out of the build "
        "context.",
        f"add {found.ignored.addition} at the end of {rule.path}, or narrow the pattern",
        location_of(rule),
        "\n".join(found.ignored.lines_to_add),
        (f"opened: {path}", f"on the disk: {found.path}"),
        rule.text,
    )


def _not_packaged(found: DataFile, path: str, case: Situation) -> Diagnosis:
    packaging = packaging_line_of(case.source, found.path) if case.source else None
    where = f" at {place_and_line(packaging)}" if packaging else ""
    return make_diagnosis(
        "not-packaged",
        LIKELY,
        f"The source has {found.path}, and the distribution that was installed does not: only modules are in "
        f"it unless the project says so{where}.",
        "declare it as package data (setuptools: package-data, or include-package-data with MANIFEST.in), "
        "and see that the COPY lines before the install bring it",
        location_of(packaging) if packaging else None,
        None,
        (f"opened: {path}", f"on the disk: {found.path}"),
        packaging.text if packaging else None,
    )


def _not_copied(found: DataFile, path: str, case: Situation) -> Optional[Diagnosis]:
    if case.index is None or case.source is None or case.source.dockerfile is None:
        return None
    importer = case.import_place.path if case.import_place else None
    copy, dockerfile = case.index.nearest_copy(found.path, importer=importer), case.source.dockerfile
    unresolved = any(not one.resolved for one in dockerfile.copies if one.stage in dockerfile.lineage())
    if not found.is_in_context:
        where, change = f"which lies outside of the build context ({case.source.context})", None
        remedy = "build with a context that holds it, or move it there"
    else:
        there = path if path.startswith("/") else posixpath.join(case.evidence.image.workdir or "/", path)
        where, change = (
            "and no COPY brings it into the final stage",
            f"COPY {case.index.in_context(found.path)} {there}",
        )
        remedy = f"add '{change}'"
    return make_diagnosis(
        "not-copied",
        LIKELY if unresolved else CERTAIN,
        f"The source has {found.path}, {where}.",
        remedy,
        case.dockerfile_location(copy.line if copy else None),
        change,
        (f"opened: {path}", f"on the disk: {found.path}"),
        copy.text if copy else None,
    )


def _elsewhere(found: DataFile, path: str, case: Situation) -> Optional[Diagnosis]:
    """It is in the image: where the module looks is another folder, often the working directory."""
    assert found.placement is not None
    there, line = found.placement.destination, case.dockerfile_location(found.placement.line)
    workdir = case.evidence.image.workdir or "/"
    asked = posixpath.normpath(posixpath.join(workdir, path))
    if asked == there:
        return None  # a later step removes it, or the image is an older one
    looks = f"in the working directory {workdir}" if not path.startswith("/") else f"at {path}"
    return make_diagnosis(
        "copied-elsewhere",
        LIKELY,
        f"{line.path}:{line.line} puts {found.path} at {there}, and it is looked for {looks}."
        if line
        else f"The image has {found.path} at {there}, and it is looked for {looks}.",
        f"copy it to {asked}, or {_other_name(case)}",
        line,
        None,
        (f"opened: {path}", f"in the image: {there}"),
    )


def _other_name(case: Situation) -> str:
    if case.rule is START_PROGRAM:
        return "name it so in ENTRYPOINT and CMD"
    return "let the module name it from its own place (Path(__file__).parent)"
