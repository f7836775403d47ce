"""Every case against the truth, then all that can lie side by side as one application."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios.cases import Case
from scenarios.every_case import ALL, PEACEFUL
from scenarios.support import check
from scenarios.verdicts import Truth, assert_verdicts


def test_names_are_unique() -> None:
    assert len({case.name for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", [case for case in ALL if case.truth], ids=lambda case: case.name)
def test_a_fresh_interpreter_says_what_is_expected(case: Case, truth: Truth) -> None:
    said = {module: truth[f"{case.folder}:{module}"] for module in case.outcomes}
    assert {module: answer[0] for module, answer in said.items()} == dict(case.outcomes)
    assert {module: answer[1] for module, answer in said.items() if answer[1]} == dict(case.missing)


@pytest.mark.parametrize(
    "case", [case for case in PEACEFUL if case.findings is not None], ids=lambda case: case.name
)
def test_verdicts(case: Case, image_of: Callable[[Case], str], truth: Truth) -> None:
    assert_verdicts(case, image_of(case), truth)


@pytest.mark.parametrize("exact", [False, True], ids=["plan", "exact"])
def test_verdicts_side_by_side(exact: bool, peaceful_image: str) -> None:
    """All in one application, in one run: nothing that a case does reaches another."""
    result = check(peaceful_image, *(["--exact"] if exact else []), timeout=300)
    expected = {module: outcome for case in PEACEFUL for module, outcome in case.outcomes.items()}
    found = result.outcomes(list(expected))
    assert {module: found[module] for module in expected if found[module] != expected[module]} == {}
    missing = {module: name for case in PEACEFUL for module, name in case.missing.items()}
    assert {module: result.missing(module) for module in missing} == missing
    assert result.image["complete"] is True
    assert not [note for note in result.image["notes"] if "the probe failed" in note]
    assert result.code == 1
