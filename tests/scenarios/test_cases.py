"""Every case against the truth, then importguard against every case, by its plan and by ``--exact``."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scenarios.cases import Case
from scenarios.every_case import ALL, HOSTILE, PEACEFUL
from scenarios.support import check

RUNS = [(case, exact) for case in HOSTILE for exact in (False, True)]
RUNS += [(case, False) for case in PEACEFUL if case.findings is not None]


def test_names_are_unique() -> None:
    assert len({case.name for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", [case for case in ALL if case.truth], ids=lambda case: case.name)
def test_a_fresh_interpreter_says_what_is_expected(case: Case, truth: dict[str, tuple[str, str]]) -> None:
    said = {module: truth[f"{case.folder}:{module}"] for module in case.outcomes}
    assert {module: answer[0] for module, answer in said.items()} == dict(case.outcomes)
    assert {module: answer[1] for module, answer in said.items() if answer[1]} == dict(case.missing)


@pytest.mark.parametrize(
    ("case", "exact"), RUNS, ids=[f"{case.name}-{'exact' if exact else 'plan'}" for case, exact in RUNS]
)
def test_verdicts(
    case: Case, exact: bool, image_of: Callable[[Case], str], truth: dict[str, tuple[str, str]]
) -> None:
    # No more jobs than modules: each would get an interpreter of its own, and the plan would not be used.
    result = check(image_of(case), *case.arguments, "--jobs", "2", *(["--exact"] if exact else []))
    expected = {**case.outcomes, **{module: truth[f"{case.folder}:{module}"][0] for module in case.by_truth}}
    assert result.outcomes(list(expected)) == expected, result.err
    assert {module: result.missing(module) for module in case.missing} == dict(case.missing)
    if case.findings is not None:
        assert result.causes == set(case.findings)
    assert result.code == case.exit_code, result.err
    assert not [note for note in result.image["notes"] if "the probe failed" in note]
    assert result.image["complete"] is True


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
