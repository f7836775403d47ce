"""version-conflict: the installed version is not what the source, or another distribution, requires."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from importguard.diagnosis.code_mistakes import attribute_asked
from importguard.diagnosis.declared import may_apply
from importguard.diagnosis.requirements import of_any_distribution
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    file_and_line,
    location_of,
    make_diagnosis,
    place_and_line,
    shortened_list,
)
from importguard.diagnosis.tables.distribution_names import REMOVALS
from importguard.evidence.surroundings import Distribution
from importguard.model import Diagnosis, Location
from importguard.rules.imports import IMPORT_RAISES, MISSING_MODULE
from importguard.source.dockerfile_model import Install
from importguard.source.model import RUNTIME_KINDS, Requirement
from importguard.source.requirements.lock_files import LOCK_FILES
from importguard.source.requirements.requirement_text import parse_requires_dist


@dataclass(frozen=True)
class _Conflict:
    """``who`` requires ``wanted`` of the distribution; ``place`` is the declaration's line in the source."""

    distribution: Distribution
    who: str
    wanted: str
    place: Optional[Location]
    asks: bool


def version_conflict(case: Situation) -> Optional[Diagnosis]:
    """A name or submodule is missing in a distribution whose version someone's requirement excludes."""
    module = _module(case)
    if module is None or module.partition(".")[0] in case.code.packages:
        return None
    conflicts = [found for one in case.providing_distributions(module)[:1] for found in _conflicts(one, case)]
    if not conflicts:
        return None
    # Whoever failed comes first, then the source's own declaration.
    first = sorted(conflicts, key=lambda one: (not one.asks, one.place is None))[0]
    unlocked = _install_without_lock(case, first.place) if first.place else None
    return _diagnosis(first, conflicts, case) if unlocked is None else _of_lock(first, unlocked, case)


def _diagnosis(first: _Conflict, conflicts: Sequence[_Conflict], case: Situation) -> Diagnosis:
    distribution = first.distribution
    return make_diagnosis(
        "version-conflict",
        CERTAIN if first.asks or (first.place and case.rule is not IMPORT_RAISES) else LIKELY,
        f"{distribution.name} {distribution.version} is installed, and {first.who} requires "
        f"{distribution.name}{first.wanted}.",
        f"install {distribution.name}{first.wanted}"
        + (
            ""
            if first.place
            else f", or a version of {first.who} for {distribution.name} {distribution.version}"
        ),
        first.place or case.import_place,
        f"{distribution.name}{first.wanted}",
        tuple(f"{one.who} requires {one.distribution.name}{one.wanted}" for one in conflicts),
    )


def _install_without_lock(case: Situation, place: Location) -> Optional[Install]:
    """The last install of a project tool, where the lock file that locks the distribution is not in the
    image: then the newest versions are taken."""
    dockerfile, name = case.source.dockerfile if case.source else None, posixpath.basename(place.path)
    if dockerfile is None or name not in LOCK_FILES:
        return None
    lineage = dockerfile.lineage()
    installs = [
        (install, file)
        for install in dockerfile.installs
        if install.stage in lineage
        for file in install.files
        if posixpath.basename(file) == name
    ]
    install, file = installs[-1] if installs else (None, "")
    # A path of the source is one that a COPY or a mount brings.
    return install if file.startswith("/") else None


def _of_lock(first: _Conflict, install: Install, case: Situation) -> Diagnosis:
    assert first.place is not None
    distribution, lock = first.distribution, first.place.path
    line = case.dockerfile_location(install.line)
    return make_diagnosis(
        "version-conflict",
        LIKELY,
        f"{distribution.name} {distribution.version} is installed, and {first.who} locks {first.wanted[2:]}: "
        f"no COPY brings {lock} to where {file_and_line(line)} installs, which takes the newest versions.",
        f"COPY {lock} before line {install.line}, so that it installs what is locked",
        line,
        None,
        (f"{first.who} locks {distribution.name}{first.wanted}", f"installs: {file_and_line(line)}"),
        install.text,
    )


def module_of_another_version(case: Situation) -> Optional[Diagnosis]:
    """The distribution that is known to bring a missing module is installed, in a version that has it not.

    Cause ``version-conflict``: setuptools 82 left ``pkg_resources`` out.
    """
    declared = of_any_distribution(case)
    installed = declared.installed_distribution if declared else None
    if declared is None or installed is None or not declared.names.known or not installed.provides:
        return None
    if case.providing_distributions(case.missing):
        return None  # its metadata has the module, so something removed the file
    place = next((location_of(one.place) for one in declared.runtime_declarations), None)
    removal = REMOVALS.get(case.missing)
    why = f"version {removal} left it out" if removal else f"it has {shortened_list(installed.provides)}"
    wanted = f"{installed.name}<{removal}" if removal else None
    return make_diagnosis(
        "version-conflict",
        CERTAIN if removal else LIKELY,
        f"{installed.name} {installed.version} is installed, and has no module '{case.missing}': {why}.",
        f"require {wanted or f'a version of {installed.name} that has it'}"
        f"{f' at {file_and_line(place)}' if place else ''}, or "
        + case.correct_import(f"change the import at {case.importers}"),
        place or case.import_place,
        wanted,
        (f"installed: {installed.name} {installed.version}",),
    )


def library_for_another_version(case: Situation) -> Optional[Diagnosis]:
    """One installed distribution asks another for a name that it has no more, and no requirement says so.

    Cause ``version-conflict``: Flask 2.2 asks Werkzeug 3 for ``url_quote``, and requires Werkzeug>=2.2 alone.
    """
    asked, importer = attribute_asked(case), _importing_module(case)
    if asked is None or {name.partition(".")[0] for name in (asked[0], importer)} & case.code.packages:
        return None
    installed, asking = (next(iter(case.providing_distributions(one)), None) for one in (asked[0], importer))
    if installed is None or asking is None or installed == asking:
        return None
    bound = _older_bound(asking, installed)
    declared = _runtime_requirement(installed, case) or _runtime_requirement(asking, case)
    place = location_of(declared.place) if declared else None
    older = f"{installed.name}<{bound[1]}" if bound else f"an older {installed.name}"
    wants = f" (it requires {installed.name}{bound[0]})" if bound else ""
    return make_diagnosis(
        "version-conflict",
        LIKELY,
        f"{installed.name} {installed.version} is installed, and its '{asked[0]}' has no '{asked[1]}': "
        f"{asking.name} {asking.version} asks for it{wants}.",
        f"require {older}{f' at {file_and_line(place)}' if place else ''}, or a newer {asking.name}",
        place or case.import_place,
        f"{installed.name}<{bound[1]}" if bound else None,
        (f"installed: {installed.name} {installed.version}", f"asked by: {importer} of {asking.name}"),
    )


def _importing_module(case: Situation) -> str:
    """The module whose statement failed."""
    frames = case.failure.frames if case.failure else ()
    return frames[-1].module if frames else ""


def _older_bound(asking: Distribution, installed: Distribution) -> Optional[tuple[str, int]]:
    """What ``asking`` requires of the other, and the installed major version, where it was written for an
    earlier one."""
    for one in parse_requires_dist(asking.requires):
        if canonicalize_name(one.name) != canonicalize_name(installed.name):
            continue
        floors = [spec.version for spec in one.specifier if spec.operator in (">=", ">", "~=")]
        try:
            majors = [Version(floor).major for floor in floors]
            major = Version(installed.version).major
        except InvalidVersion:
            return None
        if majors and max(majors) < major:
            return str(one.specifier), major
    return None


def _runtime_requirement(distribution: Distribution, case: Situation) -> Optional[Requirement]:
    name = canonicalize_name(distribution.name)
    found = [one for one in (case.source.requirements if case.source else ()) if one.name == name]
    return next((one for one in found if one.kind in RUNTIME_KINDS), None)


def _module(case: Situation) -> Optional[str]:
    """The module of the distribution that is not as it was expected."""
    if case.rule is MISSING_MODULE:
        # Of a distribution that is installed: a submodule that this version has not.
        resolution = case.clues.resolution_of(case.top_name)
        there = resolution is not None and resolution.kind not in ("absent", "namespace")
        return case.missing if "." in case.missing and there else None
    asked = attribute_asked(case)
    if asked is not None or case.rule is not IMPORT_RAISES:
        return asked[0] if asked else None
    return (case.failure.named_from or None) if case.failure else None


def _conflicts(distribution: Distribution, case: Situation) -> Iterator[_Conflict]:
    name = canonicalize_name(distribution.name)
    for requirement in case.source.requirements if case.source else ():
        if requirement.name != name or requirement.kind == "extra" or requirement.url:
            continue
        if not may_apply(requirement.marker, case):
            continue
        if _excludes(requirement.specifier, distribution.version):
            who, place = place_and_line(requirement.place), location_of(requirement.place)
            yield _Conflict(distribution, who, requirement.specifier, place, asks=False)
    importers = _importers(case)
    for other in case.clues.distributions:
        for asked in parse_requires_dist(other.requires):
            specifier = str(asked.specifier)
            if canonicalize_name(asked.name) != name or not may_apply(str(asked.marker or ""), case):
                continue
            if _excludes(specifier, distribution.version):
                asks = not importers.isdisjoint(other.provides)
                yield _Conflict(distribution, f"{other.name} {other.version}", specifier, None, asks)


def _importers(case: Situation) -> set[str]:
    """The top-level names of the modules on the way to the failure."""
    frames = case.failure.frames if case.failure else ()
    return {frame.module.partition(".")[0] for frame in frames} - case.code.packages


def _excludes(specifier: str, version: str) -> bool:
    try:
        return bool(specifier) and not SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False
