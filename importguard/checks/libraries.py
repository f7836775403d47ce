"""IG103 as a warning: an installed extension module lacks a library, and nothing checked imports it."""

from __future__ import annotations

from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Extension
from importguard.failures.root_cause import root_cause
from importguard.model import Finding, Location, Severity
from importguard.rules.imports import MISSING_SHARED_LIBRARY


def check_shared_libraries(evidence: Evidence) -> list[Finding]:
    """One finding a library that no failed import speaks of."""
    if evidence.clues is None or not evidence.clues.unloaded:
        return []
    failed = [module for module in evidence.modules if module.failure is not None]
    known = {cause.missing for cause in map(root_cause, failed) if cause.rule is MISSING_SHARED_LIBRARY}
    lacking: dict[str, list[Extension]] = {}
    for extension in evidence.clues.unloaded:
        if known.isdisjoint(extension.not_found):
            lacking.setdefault(extension.not_found[0], []).append(extension)
    return [_finding(library, extensions) for library, extensions in lacking.items()]


def _finding(library: str, extensions: list[Extension]) -> Finding:
    first = extensions[0]
    package = first.module.partition(".")[0]
    return Finding(
        rule=MISSING_SHARED_LIBRARY,
        severity=Severity.WARNING,
        module=package,
        message=f"'import {package}' would fail: {library}: cannot open shared object file: No such file or "
        "directory; nothing that was checked imports it",
        missing=library,
        location=Location(first.path),
    )
