"""IG101 and IG102 of imports that no import of a module got to: behind a failure, or inside a function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Optional

from importguard.evidence.imports import ImportSite
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues
from importguard.failures.application import Application, application_code
from importguard.model import FAILURES, Finding, ImportStep, Location, Severity
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.modules.standard_library import STANDARD


def check_unreached_imports(evidence: Evidence) -> list[Finding]:
    """One finding a target that a failed module would ask for next, so that one round mends all."""
    failed = {module.name for module in evidence.modules if module.selected and module.outcome in FAILURES}
    sites = [site for site in evidence.sites if site.scope == "module" and site.module in failed]
    return [
        _finding(target, group, MISSING_MODULE.severity, code)
        for target, group, code in _groups(sites, _known_to_fail(evidence), evidence)
    ]


def check_late_imports(evidence: Evidence) -> list[Finding]:
    """One warning a target, or name, that functions ask for: nothing fails before one of them is called."""
    selected = {module.name for module in evidence.modules if module.selected}
    known = _known_to_fail(evidence) | {site.target for site in evidence.sites if not site.is_late}
    sites = [
        site
        for site in evidence.sites
        if site.is_late and site.module in selected and (site.names or not _is_of_standard_library(site))
    ]
    absent = [site for site in sites if not site.names]
    modules = [
        _late(_finding(target, group, Severity.WARNING, code))
        for target, group, code in _groups(absent, known, evidence)
    ]
    return [*modules, *_late_names([site for site in sites if site.names], known, evidence)]


def _is_of_standard_library(site: ImportSite) -> bool:
    return site.target.partition(".")[0] in STANDARD


def _late(finding: Finding) -> Finding:
    return replace(finding, affected=(), late=True)


def _late_names(sites: list[ImportSite], known: set[str], evidence: Evidence) -> Iterator[Finding]:
    """One warning a name that a module lacks, which is there."""
    groups: dict[tuple[str, str], list[ImportSite]] = {}
    for site in sites:
        groups.setdefault((site.target, site.names[0]), []).append(site)
    for (target, name), group in groups.items():
        missing = f"{target}.{name}"
        if not _covered(missing, known):
            finding = _finding(missing, group, Severity.WARNING, application_code(evidence))
            message = f"cannot import name '{name}' from '{target}'"
            yield replace(_late(finding), rule=MISSING_NAME, message=message)


def _known_to_fail(evidence: Evidence) -> set[str]:
    """What a failed import says is missing."""
    failures = [item.failure for item in (*evidence.modules, evidence.preparation) if item and item.failure]
    return {failure.missing for failure in failures if failure.missing}


def _groups(
    sites: list[ImportSite], known: set[str], evidence: Evidence
) -> Iterator[tuple[str, list[ImportSite], Application]]:
    """Each target that is absent and not ``known``, with the imports that ask for it."""
    sites = [site for site in sites if site.resolves is False]
    if not sites:
        return
    code = application_code(evidence)
    named = {site.target: _named(site.target, code, evidence.clues) for site in sites}
    targets = set(named.values())
    groups: dict[str, list[ImportSite]] = {}
    for site in sites:
        if not _covered(site.target, known):
            groups.setdefault(_shortest(named[site.target], targets), []).append(site)
    yield from ((target, group, code) for target, group in groups.items())


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _named(target: str, code: Application, clues: Optional[Clues]) -> str:
    """What Python would name as missing: the first package on the way that is absent, as far as is known."""
    top = target.partition(".")[0]
    resolutions = [(name, clues.resolution_of(name)) for name in _prefixes(target)] if clues else []
    absent = next((name for name, found in resolutions if found is not None and found.kind == "absent"), None)
    return absent or (target if top in code.packages else top)


def _covered(target: str, known: Iterable[str]) -> bool:
    """``a.b`` needs no finding of its own where ``a`` has one."""
    return not set(_prefixes(target)).isdisjoint(known)


def _shortest(target: str, targets: set[str]) -> str:
    return next(prefix for prefix in _prefixes(target) if prefix in targets)


def _finding(target: str, sites: list[ImportSite], severity: Severity, code: Application) -> Finding:
    first = min(sites, key=lambda site: (site.module, site.line))
    location = Location(code.path_below_import_root(first.path), first.line) if first.path else None
    return Finding(
        rule=MISSING_MODULE,
        severity=severity,
        module=first.module,
        message=f"No module named '{target}'",
        missing=target,
        location=location,
        chain=(ImportStep(first.module, target, location),) if location else (),
        affected=tuple(sorted({site.module for site in sites})),
        reached=False,
    )
