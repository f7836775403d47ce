"""Checks turn evidence into findings: one module a check, one pure function in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from importguard.checks import entrypoints, imports, libraries, unreached
from importguard.evidence.inspection import Evidence
from importguard.model import Finding

if TYPE_CHECKING:
    from importguard.source.model import Source

CHECKS = (imports.check, unreached.check, entrypoints.check, libraries.check)


def run_checks(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """The findings of every check; with a source, also of those that compare the image with it."""
    found = [finding for check in CHECKS for finding in check(evidence)]
    if evidence.start is not None:
        found += _of_start(evidence, source)
    if source is None:
        return found
    from importguard.checks import drift, mounts, requirements

    found += requirements.check(evidence, source) + drift.check(evidence, source)
    return found + mounts.check(evidence, source)


def _of_start(evidence: Evidence, source: Optional[Source]) -> list[Finding]:
    """Find what is wrong with the container as it was started."""
    from importguard.checks import answers, journeys, listening, platforms, starts

    found = platforms.check(evidence, source) + starts.check(evidence, source)
    found += listening.check(evidence, source) + answers.check(evidence)
    return found + journeys.check(evidence)
