"""Diagnosis: one pure function a cause, tried in a fixed order, the most specific first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from importguard.evidence import Evidence
from importguard.model import Finding
from importguard.source.model import Source


def diagnose(findings: Sequence[Finding], evidence: Evidence, source: Optional[Source]) -> list[Finding]:
    """The same findings with their causes; ``source`` is None where there is none to look at."""
    return list(findings)
