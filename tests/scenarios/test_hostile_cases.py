"""Modules that would mislead a careless judge, by the plan and by ``--exact``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios.cases import Case
from scenarios.hostile_cases import HOSTILE, PROCESSES
from scenarios.verdicts import Truth, assert_exact_verdicts_side_by_side, assert_verdicts, needs_own_run

APART = [case for case in HOSTILE if case in PROCESSES or needs_own_run(case)]
"""Where a process ends, or others of the container may be hurt: the plan is tried in a container of Docker's,
and ``--exact`` on the case alone."""


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_verdicts_by_the_plan(case: Case, image_of: Callable[[Case], str], truth: Truth) -> None:
    assert_verdicts(case, image_of(case), truth, engine="docker" if case in APART else "embedded")


@pytest.mark.parametrize("case", APART, ids=lambda case: case.name)
def test_exact_verdicts(case: Case, image_of: Callable[[Case], str], truth: Truth) -> None:
    assert_verdicts(case, image_of(case), truth, "--exact")


def test_exact_verdicts_side_by_side(cases_image: str) -> None:
    assert_exact_verdicts_side_by_side([case for case in HOSTILE if case not in APART], cases_image)
