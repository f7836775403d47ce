"""What lacks only a test framework, and no start loads it, is a warning: it helps tests. Pure functions."""

from __future__ import annotations

import re

from importguard.judging.softening import Softening, is_needed_by_no_start
from importguard.model import Finding
from importguard.rules.imports import MISSING_MODULE

_FRAMEWORKS = (
    *("pytest", "_pytest", "hypothesis", "nose", "nose2"),
    *("factory", "model_bakery", "freezegun", "moto", "responses"),
)
_WANTED = frozenset({"declared-not-installed", "wrong-stage", "marker-excluded", "version-conflict"})
"""Causes by which the project itself says that production needs it."""
_HELPER = re.compile(r"(?:^|[._])(?:tests?|testing|fixtures?|conftest|factories)(?:$|[._])")
"""A word that the names of helpers of tests, or of their folders, have in them."""


def _lacks_test_framework(finding: Finding) -> bool:
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


TEST_HELPERS = Softening(
    _lacks_test_framework,
    "Only warned of, since they need a test framework and no start command loads them: {modules}.",
)
"""Libraries ship fixtures beside their code (``hassette.test_utils``), which nobody's production imports."""
