"""Modules that replace or hide what the probe uses, by the plan and by ``--exact``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios.cases import Case
from scenarios.replacement_cases import REPLACEMENTS, SHADOWS, SITES
from scenarios.verdicts import Truth, assert_exact_verdicts_side_by_side, assert_verdicts, needs_own_run

CASES = [*REPLACEMENTS, *SHADOWS, *SITES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_verdicts_by_the_plan(case: Case, image_of: Callable[[Case], str], truth: Truth) -> None:
    assert_verdicts(case, image_of(case), truth)


@pytest.mark.parametrize("case", list(filter(needs_own_run, CASES)), ids=lambda case: case.name)
def test_exact_verdicts(case: Case, image_of: Callable[[Case], str], truth: Truth) -> None:
    assert_verdicts(case, image_of(case), truth, "--exact")


def test_exact_verdicts_side_by_side(cases_image: str) -> None:
    assert_exact_verdicts_side_by_side([case for case in CASES if not needs_own_run(case)], cases_image)
