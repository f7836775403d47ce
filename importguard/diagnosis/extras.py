"""Causes dev-only and extra-not-installed: only an extra or a group brings the module."""

from __future__ import annotations

from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.declared import (
    Declared,
    may_apply,
    names_for,
    requested_extras,
)
from importguard.diagnosis.declaring import and_lock, requirement_line
from importguard.diagnosis.not_declared import place_to_declare
from importguard.diagnosis.requirements import third_party
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    file_and_line,
    location_of,
    make_diagnosis,
    place_and_line,
)
from importguard.evidence.surroundings import Distribution
from importguard.model import Diagnosis
from importguard.source.development_groups import DEVELOPMENT_GROUPS
from importguard.source.model import RUNTIME_KINDS, Requirement
from importguard.source.requirements.installing import install_asks_for
from importguard.source.requirements.requirement_text import parse_requires_dist

_ASKING = {
    ("pip", "extra"): "'.[{}]'",
    ("poetry", "extra"): "--extras {}",
    ("poetry", "group"): "--only main,{}",  # Poetry ignores --with beside --only.
    ("pdm", "extra"): "--group {}",
    ("pipenv", "group"): "--categories 'packages {}'",
}
"""How a tool is asked for an extra or a group, where that is not ``--extra`` or ``--group``."""


def dev_only(case: Situation) -> Optional[Diagnosis]:
    """It is declared in a group or an extra alone, and nothing asks for that.

    Cause ``extra-not-installed`` where it is no group for development.
    """
    declared = third_party(case)
    if declared is None or declared.declarations_of(*RUNTIME_KINDS):
        return None
    grouped = [
        one
        for one in declared.declarations_of("group", "extra")
        if may_apply(one.marker, case, one.group or "")
    ]
    if declared.brought and extra_of_library(case) is not None:
        return (
            None  # A tool for developers needs it by chance: the library that imports it has an extra for it.
        )
    installs = declared.install_lines(final=True) + declared.install_lines(final=False)
    if not grouped or declared.named_by(installs) is not None:
        return None
    if any(install_asks_for(install, one) for install in installs for one in grouped):
        return None
    one = next((each for each in grouped if not _is_for_development(each)), grouped[0])
    kind = "extra" if one.kind == "extra" else "group"
    if not _is_for_development(one):
        return _extra_not_installed(case, declared, one, kind)
    install = declared.read_by(one, declared.install_lines(final=True))
    skipped = f", which line {install.line} of the Dockerfile does not install" if install else ""
    return make_diagnosis(
        "dev-only",
        CERTAIN if install else LIKELY,
        f"{one.name} is declared in the {kind} '{one.group}' alone "
        f"({place_and_line(one.place)}){skipped}, and "
        f"{case.importers} imports {declared.brought or 'it'} at runtime.{declared.brought_as_well}",
        f"declare {one.name} as a runtime requirement{_in_file(case, one)}, or install the {kind} "
        f"'{one.group}' in the image",
        location_of(one.place),
        None,
        tuple(f"declared: {place_and_line(each.place)} {each.kind} {each.group}" for each in grouped),
    )


def _in_file(case: Situation, requirement: Requirement) -> str:
    """The file to declare it in, where that is another one than the declaration's."""
    place = place_to_declare(case)
    if place is None:
        return ""
    named = f" in {place.path}" if place.path != requirement.place.path else ""
    return named + and_lock(case, place.path)


def _is_for_development(requirement: Requirement) -> bool:
    return (requirement.group or "").lower() in DEVELOPMENT_GROUPS


def _extra_not_installed(
    case: Situation, declared: Declared, requirement: Requirement, kind: str
) -> Diagnosis:
    group = requirement.group or ""
    install = declared.read_by(requirement, declared.install_lines(final=True))
    line = case.dockerfile_location(install.line) if install else None
    asks = (
        f"'{install.text}' at {file_and_line(line)} does not ask for it" if install else "no line asks for it"
    )
    tool = install.tool if install else "pip"
    ask = _ASKING.get((tool, kind), f"--{kind} {{}}").format(group)
    where = f"at {file_and_line(line)}" if line else "where the image installs the project"
    return make_diagnosis(
        "extra-not-installed",
        CERTAIN if install else LIKELY,
        f"{requirement.name} is declared in the {kind} '{group}' alone "
        f"({place_and_line(requirement.place)}), and "
        f"{asks}.{declared.brought_as_well}",
        f"ask for the {kind} {where} ({ask}), or declare {requirement.name} as a runtime requirement",
        location_of(requirement.place),
        None,
        (f"declared: {place_and_line(requirement.place)} {kind} {group}",),
    )


def extra_of_library(case: Situation) -> Optional[Diagnosis]:
    """An installed distribution imports what only one of its extras brings, and no requirement asks for that.

    Cause ``extra-not-installed``: ``email_validator`` is missing, and pydantic's extra 'email' has it.
    """
    if third_party(case) is None or not case.finding.chain:
        return None
    importer = case.finding.chain[-1].importer
    wanted = names_for(case, case.missing).candidates
    for library in case.providing_distributions(importer):
        extra = _bringing(library, wanted, case)
        if extra is not None:
            return _extra_of_library(case, library, extra)
    return None


def _bringing(library: Distribution, wanted: tuple[str, ...], case: Situation) -> Optional[str]:
    """The extra of the distribution that requires one of ``wanted``; the smallest where several do.

    None where it is required anyway, or by an extra that is asked for: then an installer left it out.
    """
    lines = list(parse_requires_dist(library.requires))
    requested = requested_extras(case, library)
    sizes: dict[str, int] = {}
    for extra in library.extras:
        brought = [
            canonicalize_name(one.name)
            for one in lines
            if one.marker and may_apply(str(one.marker), case, extra)
        ]
        always = {canonicalize_name(one.name) for one in lines if may_apply(str(one.marker or ""), case)}
        if not always.isdisjoint(wanted):
            return None
        if not set(brought).isdisjoint(wanted):
            if canonicalize_name(extra) in requested:
                return None
            sizes[extra] = len(brought)
    return min(sizes, key=lambda extra: (sizes[extra], extra)) if sizes else None


def _extra_of_library(case: Situation, library: Distribution, extra: str) -> Diagnosis:
    source = case.source
    name = canonicalize_name(library.name)
    declared = [one for one in (source.requirements if source else ()) if one.name == name]
    one = next((each for each in declared if each.kind == "main"), None)
    place = location_of(one.place) if one else None
    where = f" at {file_and_line(place)}" if place else ""
    asked = ",".join([*sorted(requested_extras(case, library)), extra])
    return make_diagnosis(
        "extra-not-installed",
        CERTAIN if place else LIKELY,
        f"{library.name} {library.version} imports '{case.missing}', which only its extra '{extra}' brings, "
        "and nothing asks for that extra.",
        f"require {library.name}[{asked}]{where}{and_lock(case, one.place.path) if one else ''}",
        place,
        requirement_line(one.place, f"{library.name}[{asked}]{one.specifier}") if one else None,
        (f"installed: {library.name} {library.version}", f"imported by: {case.finding.chain[-1].importer}"),
    )
