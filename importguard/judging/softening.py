"""Errors that are only warned of, since no start needs what fails: what all kinds share. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Callable

from importguard.model import Finding, Severity

_MOST_NAMES = 5
Condition = Callable[[Finding], bool]


def is_needed_by_no_start(finding: Finding) -> bool:
    """Whether it is known that no start loads what fails; the findings were marked before by what they do."""
    return finding.breaks_startup is False and finding.loaded_at_startup is False and bool(finding.affected)


def soften_errors(findings: Iterable[Finding], condition: Condition) -> list[Finding]:
    """The findings, with the errors for which ``condition`` holds as warnings."""
    return [
        replace(one, severity=Severity.WARNING) if one.severity is Severity.ERROR and condition(one) else one
        for one in findings
    ]


def names_of_softened(findings: Sequence[Finding], condition: Condition) -> str:
    """The first modules of the warnings for which ``condition`` holds, for a note; empty for none."""
    warned = (one for one in findings if one.severity is Severity.WARNING and condition(one))
    names = sorted({name for one in warned for name in one.affected})
    return ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
