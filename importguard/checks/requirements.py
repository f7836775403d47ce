"""IG301 to IG303: what the source declares, and what the installed distributions require of one another.

Markers are judged for the image's Python and platform (PEP 508), versions as PEP 440 has it; pre-releases
that are installed satisfy what does not exclude them, as for ``pip check``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from importguard.diagnosis.tables.distribution_names import DISTRIBUTIONS
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues, Distribution
from importguard.model import Diagnosis, Finding, Location, Severity
from importguard.rules.requirements import (
    REQUIREMENT_NOT_INSTALLED,
    REQUIREMENT_VERSION,
    REQUIREMENTS_CONFLICT,
)
from importguard.source.model import Requirement, Source
from importguard.source.requirements.markers import marker_applies
from importguard.source.requirements.requirement_text import parse_requires_dist
from importguard.source.requirements.runtime import runtime_requirements

_FROM_TABLE: dict[str, set[str]] = {}
for _module, _name in DISTRIBUTIONS.items():
    _FROM_TABLE.setdefault(canonicalize_name(_name), set()).add(canonicalize_name(_module.partition(".")[0]))
_LATE = frozenset({"module", "function", "lazy"})


def check_installed_requirements(evidence: Evidence, source: Optional[Source]) -> list[Finding]:
    """One finding a distribution and rule. Errors are those of what the application imports unguarded.

    Nothing without a source, or where the image's distributions are not known.
    """
    clues = evidence.clues
    if source is None or clues is None or not clues.distributions or not clues.markers:
        return []
    image = _Image(clues, evidence, source)
    declared = list(_declared(image, runtime_requirements(source)))
    known = {canonicalize_name(finding.module) for finding in declared}
    required = _required(image)
    return declared + [finding for finding in required if canonicalize_name(finding.module) not in known]


class _Image:
    """The installed distributions by canonical name; of two, the first on the import path counts."""

    def __init__(self, clues: Clues, evidence: Evidence, source: Source) -> None:
        self.markers = clues.markers
        self.installed: dict[str, Distribution] = {}
        for distribution in clues.distributions:
            self.installed.setdefault(canonicalize_name(distribution.name), distribution)
        self.imported = {module.name: module for module in source.imported if module.scope in _LATE}
        self.absent = _absent(evidence)

    def severity_of_requirement(self, distribution: Distribution) -> Severity:
        """Whether the application imports something of it."""
        return Severity.ERROR if self.imported.keys() & set(distribution.provides) else Severity.WARNING

    def marker_applies(self, marker: str, extra: str = "") -> bool:
        """Whether a marker is true for the image. One that can't be judged is taken to be false."""
        return marker_applies(marker, self.markers, extra) is True


def _absent(evidence: Evidence) -> set[str]:
    """The distribution-like names of what an import did not find: that has a finding already."""
    failures = [item.failure for item in (*evidence.modules, evidence.preparation) if item and item.failure]
    missing = [failure.missing for failure in failures if failure.missing]
    missing += [site.target for site in evidence.sites if site.resolves is False and not site.is_late]
    return {canonicalize_name(name.partition(".")[0]) for name in missing}


def version_satisfies(version: str, specifier: str) -> bool:
    """Whether a version is one that a specifier allows; what can't be compared is not found fault with."""
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def _declared(image: _Image, requirements: Sequence[Requirement]) -> Iterator[Finding]:
    """IG301 and IG302. A name that is declared more than once is judged by the declarations that hold."""
    seen: set[tuple[str, str]] = set()
    for requirement in requirements:
        finding = None
        if not image.marker_applies(requirement.marker):
            continue
        installed = image.installed.get(requirement.name)
        if installed is None:
            finding = _not_installed(requirement, image)
        elif requirement.url is None and not version_satisfies(installed.version, requirement.specifier):
            # A pin says which version was tried, not which the code takes: what that breaks fails by itself.
            severity = Severity.WARNING if _is_pin(requirement) else image.severity_of_requirement(installed)
            finding = _wrong_version(requirement, installed, severity)
        if finding is not None and (finding.rule.id, requirement.name) not in seen:
            seen.add((finding.rule.id, requirement.name))
            yield finding


def _is_pin(requirement: Requirement) -> bool:
    specifier = requirement.specifier
    return specifier.startswith("==") and "," not in specifier and not specifier.endswith(".*")


def _not_installed(requirement: Requirement, image: _Image) -> Optional[Finding]:
    place, name = requirement.place, requirement.name
    alike = _alike(name)
    if not alike.isdisjoint(image.absent):
        return None
    declares = f"{place.path}:{place.line} declares '{requirement.text}'"
    location = Location(place.path, place.line)
    late = any(canonicalize_name(imported) in alike for imported in image.imported)
    return Finding(
        rule=REQUIREMENT_NOT_INSTALLED,
        severity=Severity.ERROR if late else Severity.WARNING,
        module=name,
        message=f"{declares}, and {name} is not installed in the image",
        location=location,
        diagnosis=Diagnosis(
            "declared-not-installed",
            "No import failed for want of it: it is imported late, guarded, or not at all.",
            f"install it in the image, or take it out of {place.path} if it is not needed there",
            location,
            "certain",
        ),
    )


def _alike(name: str) -> set[str]:
    """Import names, written as distributions, that a distribution of this name may provide."""
    bare = name.removeprefix("python-").removesuffix("-python").removesuffix("-binary")
    return {name, bare, bare.removeprefix("py"), name.partition("-")[0], *_FROM_TABLE.get(name, ())}


def _wrong_version(requirement: Requirement, installed: Distribution, severity: Severity) -> Finding:
    place, name = requirement.place, requirement.name
    declares = f"{place.path}:{place.line} declares '{requirement.text}'"
    location = Location(place.path, place.line)
    return Finding(
        rule=REQUIREMENT_VERSION,
        severity=severity,
        module=installed.name,
        message=f"{declares}, and {installed.name} {installed.version} is installed",
        location=location,
        diagnosis=Diagnosis(
            "version-conflict",
            f"{installed.version} does not satisfy '{requirement.specifier}'.",
            f"rebuild the image so that it gets {name}{requirement.specifier}, or correct the declaration",
            location,
            "certain",
        ),
    )


@dataclass(frozen=True)
class _Demand:
    """``who`` requires ``wanted`` (with its specifier)."""

    who: Distribution
    wanted: str
    specifier: str


def _required(image: _Image) -> Iterator[Finding]:
    """IG303: one finding a distribution that is missing or of a version that others do not allow."""
    unmet: dict[str, list[_Demand]] = {}
    for who in image.installed.values():
        for parsed in parse_requires_dist(who.requires):
            name = canonicalize_name(parsed.name)
            if not image.marker_applies(str(parsed.marker or "")):
                continue
            installed = image.installed.get(name)
            if installed is None or not version_satisfies(installed.version, str(parsed.specifier)):
                unmet.setdefault(name, []).append(_Demand(who, parsed.name, str(parsed.specifier)))
    for wanted, demands in sorted(unmet.items()):
        if _alike(wanted).isdisjoint(image.absent):
            yield _unmet(wanted, demands, image)


def _unmet(name: str, demands: Sequence[_Demand], image: _Image) -> Finding:
    installed = image.installed.get(name)
    severities = [image.severity_of_requirement(demand.who) for demand in demands]
    said = (
        f"{demand.who.name} {demand.who.version} requires {demand.wanted}{demand.specifier}"
        for demand in demands
    )
    has = f"{installed.name} {installed.version} is installed" if installed else f"{name} is not installed"
    wanted = ",".join(dict.fromkeys(demand.specifier for demand in demands if demand.specifier))
    return Finding(
        rule=REQUIREMENTS_CONFLICT,
        severity=Severity.ERROR if Severity.ERROR in severities else Severity.WARNING,
        module=installed.name if installed else name,
        message=f"{has}, and {'; '.join(said)}",
        diagnosis=Diagnosis(
            "version-conflict" if installed else "declared-not-installed",
            "An installer that was asked for less than all (--no-deps, several commands) leaves such gaps.",
            f"install '{name}{wanted}', together with what requires it",
            None,
            "certain",
        ),
    )
