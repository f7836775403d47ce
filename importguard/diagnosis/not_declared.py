"""not-declared: no requirement provides a third-party module, and where to declare it."""

from __future__ import annotations

import posixpath
from collections import Counter
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.declared import INDIRECT_KINDS, Declared, may_apply
from importguard.diagnosis.declaring import and_lock, requirement_line, source_of_compiled
from importguard.diagnosis.requirements import third_party
from importguard.diagnosis.situation import (
    LIKELY,
    POSSIBLE,
    Situation,
    lies_below,
    make_diagnosis,
    place_and_line,
    shortened_list,
)
from importguard.diagnosis.source_index import SourceIndex
from importguard.model import Diagnosis, Location
from importguard.source.model import RUNTIME_KINDS, Place, Requirement
from importguard.source.requirements.installing import install_reads


def not_declared(case: Situation) -> Optional[Diagnosis]:
    """No requirement provides it."""
    declared = third_party(case)
    if declared is None or case.index is None or (declared.all and not _only_indirect(declared)):
        return None
    if (
        declared.named_by(declared.install_lines(final=True) + declared.install_lines(final=False))
        is not None
    ):
        return None
    if not declared.names.known and _unmatched(case):
        return None
    return _undeclared(case, declared, case.index)


def _undeclared(case: Situation, declared: Declared, index: SourceIndex) -> Diagnosis:
    name = declared.names.written or f"the distribution that provides '{case.missing}'"
    place = place_to_declare(case)
    known = declared.names.known
    others = declared.names.candidates[1:]
    what = f"{name} (or {', '.join(others)})" if others else name
    other = [one for one in declared.of_other_projects if one.projects]
    indirect = "".join(f" {_only(one)}" for one in [*other, *declared.all][:1])
    add = f"add {what} to {place.path}{and_lock(case, place.path)}" if place else f"declare {what}"
    sure = (
        ""
        if known or not declared.names.written
        else f", if that is the distribution that provides '{case.top_name}'"
    )
    # What several names of one distribution say has to be the same, to be said once.
    asking = "" if case.is_of_distribution else f", which {case.importers} imports"
    return make_diagnosis(
        "not-declared",
        LIKELY if known else POSSIBLE,
        f"No requirement provides '{case.missing}'{asking}.{indirect}",
        f"{add}{sure}",
        Location(place.path, place.line) if place else case.import_place,
        (requirement_line(place, name) if place else name) if known else None,
        (
            f"looked at: {len(index.source.requirements)} requirements in "
            f"{shortened_list(sorted({one.place.path for one in index.source.requirements})) or 'no file'}",
        ),
    )


def _only_indirect(declared: Declared) -> bool:
    return all(one.kind in INDIRECT_KINDS for one in declared.all)


def _only(requirement: Requirement) -> str:
    if requirement.kind in RUNTIME_KINDS:
        return f"{place_and_line(requirement.place)} declares it for another project of the workspace."
    if requirement.kind == "constraint":
        return f"{place_and_line(requirement.place)} only constrains its version, which installs nothing."
    return f"{place_and_line(requirement.place)} locks it as a requirement of another distribution."


def _unmatched(case: Situation) -> list[Requirement]:
    """Declared and not installed, under a name that tells nothing of what it provides: it may be this."""
    installed = {canonicalize_name(one.name) for one in case.clues.distributions}
    return [
        one
        for one in (case.source.requirements if case.source else ())
        if one.kind == "main" and one.name not in installed and may_apply(one.marker, case)
    ]


def place_to_declare(case: Situation) -> Optional[Place]:
    """The last runtime declaration of the file that the image's installs read, else of any.

    In a workspace that of the importing file's own project comes first. Of several files it is the one in the
    innermost folder around the importing file, else the largest.
    """
    main = [one for one in (case.source.requirements if case.source else ()) if one.kind in RUNTIME_KINDS]
    installs = case.source.dockerfile.installs if case.source and case.source.dockerfile else ()
    read = [one for one in main if any(install_reads(install, one, by_name=True) for install in installs)]
    project = case.importing_project
    own = [one for one in main if project is not None and one.place.path == project.path]
    files = Counter(one.place.path for one in own or read or main)
    if not files:
        return None
    path = max(files, key=lambda file: (_depth_around_importer(file, case), files[file]))
    last = max((one.place for one in main if one.place.path == path), key=lambda place: place.line)
    return source_of_compiled(case, last)


def _depth_around_importer(path: str, case: Situation) -> int:
    """How deep the folder of a file of requirements lies, where it holds the importing file; else 0."""
    folder, importer = posixpath.dirname(path), case.import_place
    holds = importer is not None and lies_below(f"/{importer.path}", f"/{folder}")
    return len(folder.split("/")) if folder and holds else 0
