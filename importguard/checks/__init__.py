"""Checks turn evidence into findings: one module a check, one pure function in it."""

from __future__ import annotations

from importguard.checks import entrypoints, imports, unreached
from importguard.evidence import Evidence
from importguard.model import Finding

CHECKS = (imports.check, unreached.check, entrypoints.check)


def run_checks(evidence: Evidence) -> list[Finding]:
    """The findings of every check."""
    return [finding for check in CHECKS for finding in check(evidence)]
