"""What lacks only a test framework, and no start loads it, is a warning: it helps tests. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from importguard.judging.softening import is_needed_by_no_start, names_of_softened, soften_errors
from importguard.model import Finding
from importguard.rules.imports import MISSING_MODULE

_FRAMEWORKS = ("pytest", "_pytest", "hypothesis", "nose", "nose2")
_WANTED = frozenset({"declared-not-installed", "wrong-stage", "marker-excluded", "version-conflict"})
"""Causes by which the project itself says that production needs it."""
_HELPER = re.compile(r"(?:^|[._])(?:tests?|testing|fixtures?|conftest)(?:$|[._])")
"""A word that the names of helpers of tests, or of their folders, have in them."""


def soften_for_test_helpers(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, marked before by what they do to the start, with those of helpers of tests as warnings.

    Libraries ship fixtures beside their code (``hassette.test_utils``), which nobody's production imports.
    """
    return soften_errors(findings, lacks_test_framework)


def lacks_test_framework(finding: Finding) -> bool:
    """Whether only helpers of tests lack a test framework, and it is known that no start needs them."""
    if finding.rule is not MISSING_MODULE or not finding.missing or not is_needed_by_no_start(finding):
        return False
    if finding.diagnosis is not None and finding.diagnosis.cause in _WANTED:
        return False
    top = finding.missing.partition(".")[0]
    if top not in _FRAMEWORKS and not top.startswith("pytest_"):
        return False
    # An editor's ``from pytest import approx`` in what a request imports breaks that request.
    return all(_HELPER.search(name) for name in finding.affected)


def note_test_helpers(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Say which modules are only warned of since they are helpers of tests."""
    shown = names_of_softened(findings, lacks_test_framework)
    told = f"Only warned of, since they need a test framework and no start command loads them: {shown}."
    return (told,) if shown else ()
