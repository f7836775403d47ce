"""IG101, not reached: what else a failed module imports that is not there, so that one round mends all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from importguard.evidence.imports import ImportSite
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues
from importguard.failures.application import Application, application_code
from importguard.model import FAILURES, Finding, ImportStep, Location
from importguard.rules.imports import MISSING_MODULE


def check_unreached_imports(evidence: Evidence) -> list[Finding]:
    """One finding a target that no import got to, because its module failed before."""
    failed = {module.name for module in evidence.modules if module.selected and module.outcome in FAILURES}
    known = {
        module.failure.missing for module in evidence.modules if module.failure and module.failure.missing
    }
    if evidence.preparation and evidence.preparation.failure and evidence.preparation.failure.missing:
        known.add(evidence.preparation.failure.missing)
    sites = [
        site
        for site in evidence.sites
        if site.scope == "module" and site.resolves is False and site.module in failed
    ]
    code = application_code(evidence)
    named = {site.target: _named(site.target, code, evidence.clues) for site in sites}
    targets = set(named.values())
    groups: dict[str, list[ImportSite]] = {}
    for site in sites:
        if not _covered(site.target, known):
            groups.setdefault(_shortest(named[site.target], targets), []).append(site)
    return [_finding(target, group, code) for target, group in groups.items()]


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _named(target: str, code: Application, clues: Optional[Clues]) -> str:
    """What Python would name as missing: the first package on the way that is absent. Of one that is not the
    application's, the whole is: its submodules are not looked for without running it."""
    top = target.partition(".")[0]
    if top not in code.packages:
        return top
    found = ((name, clues.resolution_of(name) if clues else None) for name in _prefixes(target))
    return next((name for name, one in found if one is not None and one.kind == "absent"), target)


def _covered(target: str, known: Iterable[str]) -> bool:
    """``a.b`` needs no finding of its own where ``a`` has one."""
    return not set(_prefixes(target)).isdisjoint(known)


def _shortest(target: str, targets: set[str]) -> str:
    return next(prefix for prefix in _prefixes(target) if prefix in targets)


def _finding(target: str, sites: list[ImportSite], code: Application) -> Finding:
    first = min(sites, key=lambda site: (site.module, site.line))
    location = Location(code.path_below_import_root(first.path), first.line) if first.path else None
    return Finding(
        rule=MISSING_MODULE,
        severity=MISSING_MODULE.severity,
        module=first.module,
        message=f"No module named '{target}'",
        missing=target,
        location=location,
        chain=(ImportStep(first.module, target, location),) if location else (),
        affected=tuple(sorted({site.module for site in sites})),
        reached=False,
    )
