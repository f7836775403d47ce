"""What lacks only a test framework, and no start loads it, is a warning: it helps tests. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from importguard.model import Finding, Severity
from importguard.rules.imports import MISSING_MODULE

_FRAMEWORKS = ("pytest", "_pytest", "hypothesis", "nose", "nose2")
_WANTED = frozenset({"declared-not-installed", "wrong-stage", "marker-excluded", "version-conflict"})
"""Causes by which the project itself says that production needs it."""
_HELPER = re.compile("test|fixture|conftest")
"""What the names of helpers of tests, or of their folders, have in them."""
_MOST_NAMES = 5


def soften_for_test_helpers(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, marked before by what they do to the start, with those of helpers of tests as warnings.

    Libraries ship fixtures beside their code (``hassette.test_utils``), which nobody's production imports.
    """
    return [
        replace(one, severity=Severity.WARNING)
        if one.severity is Severity.ERROR and lacks_test_framework(one)
        else one
        for one in findings
    ]


def lacks_test_framework(finding: Finding) -> bool:
    """Whether a test framework alone is missing, and it is known that no start needs it."""
    if finding.rule is not MISSING_MODULE or not finding.missing:
        return False
    if finding.breaks_startup is not False or finding.loaded_at_startup is not False:
        return False
    if finding.diagnosis is not None and finding.diagnosis.cause in _WANTED:
        return False
    top = finding.missing.partition(".")[0]
    if top not in _FRAMEWORKS and not top.startswith("pytest_"):
        return False
    # An editor's ``from pytest import approx`` in what a request imports breaks that request.
    return bool(finding.affected) and all(_HELPER.search(name) for name in finding.affected)


def note_test_helpers(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Say which modules are only warned of since they are helpers of tests."""
    warned = [one for one in findings if one.severity is Severity.WARNING and lacks_test_framework(one)]
    names = sorted({name for one in warned for name in one.affected})
    if not names:
        return ()
    shown = ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
    return (f"Only warned of, since they need a test framework and no start command loads them: {shown}.",)
