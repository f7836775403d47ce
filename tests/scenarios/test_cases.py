"""Every case against the truth, then importguard against every case, by its plan and by ``--exact``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios.cases import Case
from scenarios.hostile_cases import HOSTILE
from scenarios.isolation_cases import ISOLATION
from scenarios.support import check

ALL = [*HOSTILE, *ISOLATION]


def test_names_are_unique() -> None:
    assert len({case.name for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", [case for case in ALL if case.truth], ids=lambda case: case.name)
def test_a_fresh_interpreter_says_what_is_expected(case: Case, truth: dict[str, tuple[str, str]]) -> None:
    said = {module: truth[f"{case.folder}:{module}"] for module in case.outcomes}
    assert {module: answer[0] for module, answer in said.items()} == dict(case.outcomes)
    assert {module: answer[1] for module, answer in said.items() if answer[1]} == dict(case.missing)


@pytest.mark.parametrize("exact", [False, True], ids=["plan", "exact"])
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_verdicts(
    case: Case, exact: bool, image_of: Callable[[Case], str], truth: dict[str, tuple[str, str]]
) -> None:
    result = check(image_of(case), *case.arguments, *(["--exact"] if exact else []))
    expected = {**case.outcomes, **{module: truth[f"{case.folder}:{module}"][0] for module in case.by_truth}}
    assert result.outcomes(list(expected)) == expected, result.err
    assert {module: result.missing(module) for module in case.missing} == dict(case.missing)
    if case.findings is not None:
        assert result.causes == set(case.findings)
    assert result.code == case.exit_code, result.err
    assert result.image["complete"] is True
