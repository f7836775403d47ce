"""What a part of a released library lacks, and the library does not require, is a warning. Pure functions.

Where the start command names a published program, its distribution is what is checked: wsgidav's property
managers for MongoDB and CouchDB need clients that whoever does not use them does not install.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.tables.distribution_names import from_table, same_name
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Distribution
from importguard.judging.softening import Softening, is_needed_by_no_start
from importguard.model import Finding
from importguard.rules.imports import MISSING_MODULE
from importguard.source.model import Source
from importguard.source.requirements.requirement_text import parse_requires_dist

_CAN_DO_WITHOUT = frozenset({"unknown", "not-declared", "extra-not-installed"})
"""What is missing by another cause is to be there: a declaration says so, or the interpreter."""


def released_libraries_softening(evidence: Evidence, source: Optional[Source]) -> Softening:
    """Soften what fails only in parts of released libraries, for want of what they can do without."""
    released = _released_modules(evidence, source)
    return Softening(
        lambda finding: _is_optional(finding, released),
        "Only warned of: no start command loads them, and their library does not require what they lack: "
        "{modules}.",
    )


def _released_modules(evidence: Evidence, source: Optional[Source]) -> dict[str, Distribution]:
    """The modules of distributions that were installed by their name, each with its distribution.

    What was installed from a folder or URL (PEP 610), or lies in the source, is the project's own. Without a
    source nothing tells a program of others from the project's own wheel.
    """
    if source is None:
        return {}
    own = {part for file in source.files for part in file.path.split("/")[:-1]}
    providers: dict[str, list[Distribution]] = {}
    for distribution in evidence.clues.distributions if evidence.clues else ():
        for name in distribution.provides:
            providers.setdefault(name.partition(".")[0], []).append(distribution)
    released = {}
    for module in evidence.modules:
        top = module.name.partition(".")[0]
        given = providers.get(top, [])
        if len(given) != 1 or top in own or given[0].source is not None or given[0].editable:
            continue
        if (module.path or "").startswith(given[0].location.rstrip("/") + "/"):
            released[module.name] = given[0]
    return released


def _is_optional(finding: Finding, released: Mapping[str, Distribution]) -> bool:
    """Whether only such modules fail by it, no start loads them, and their libraries do not require it."""
    if finding.rule is not MISSING_MODULE or not finding.missing or not is_needed_by_no_start(finding):
        return False
    if finding.diagnosis is not None and finding.diagnosis.cause not in _CAN_DO_WITHOUT:
        return False
    wanted = {canonicalize_name(name) for name in from_table(finding.missing)} | {same_name(finding.missing)}
    top = finding.missing.partition(".")[0]
    return all(
        name in released
        and top not in {own.partition(".")[0] for own in released[name].provides}
        and wanted.isdisjoint(_always_required(released[name].requires))
        for name in finding.affected
    )


def _always_required(lines: Collection[str]) -> set[str]:
    """The distributions that Requires-Dist lines name without an extra; on which machines does not matter."""
    return {
        canonicalize_name(requirement.name)
        for requirement in parse_requires_dist(lines)
        if "extra" not in str(requirement.marker or "")
    }
