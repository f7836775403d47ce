"""Checks turn evidence into findings: one module a check, one pure function in it."""

from __future__ import annotations

from typing import Callable, Optional

from importguard.checks import drift, entrypoints, imports, requirements, unreached
from importguard.evidence import Evidence
from importguard.model import Finding
from importguard.source.model import Source

CHECKS = (imports.check, unreached.check, entrypoints.check)
SOURCE_CHECKS: tuple[Callable[[Evidence, Optional[Source]], list[Finding]], ...] = (
    requirements.check,
    drift.check,
)


def run_checks(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """The findings of every check; those of ``SOURCE_CHECKS`` compare the image with its source."""
    found = [finding for check in CHECKS for finding in check(evidence)]
    return found + [finding for check in SOURCE_CHECKS for finding in check(evidence, source)]
