"""The verdicts of importguard on one case, against those of fresh interpreters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scenarios.cases import FAILED, IMPORTED, Case
from scenarios.support import check

Truth = Mapping[str, tuple[str, str]]
"""``folder:module`` to what a fresh interpreter says: the outcome, and the module that is missing."""


def assert_verdicts(case: Case, image: str, truth: Truth, *options: str, engine: str = "embedded") -> None:
    """Check the case in ``image``; its verdicts, causes and exit code are the expected ones."""
    if case.root or "--memory" in case.options:
        # An image of its own, which would be unpacked for one check; a limit that is watched, not held.
        engine = "docker"
    # No more jobs than modules: each would get an interpreter of its own, and the plan would not be used.
    result = check(image, *case.arguments, "--jobs", "2", *options, engine=engine)
    expected = {**case.outcomes, **{module: truth[f"{case.folder}:{module}"][0] for module in case.by_truth}}
    assert result.outcomes(list(expected)) == expected, result.err
    assert {module: result.missing(module) for module in case.missing} == dict(case.missing)
    if case.findings is not None:
        assert result.causes == set(case.findings)
    assert result.code == case.exit_code, result.err
    assert not [note for note in result.image["notes"] if "the probe failed" in note]
    assert result.image["complete"] is True


def needs_own_run(case: Case) -> bool:
    """Whether a case can't be checked beside others: its process ends, or it has settings of its own."""
    ends = set(case.outcomes.values()) - {IMPORTED, FAILED}
    return bool(ends or case.root or case.options or case.environ or case.by_truth)


def assert_exact_verdicts_side_by_side(cases: Sequence[Case], image: str) -> None:
    """Check all in one run: each module has an interpreter, and what it does to that reaches no other."""
    packages = [argument for case in cases for argument in case.arguments]
    result = check(image, *packages, "--exact", engine="embedded", timeout=300)
    expected = {module: outcome for case in cases for module, outcome in case.outcomes.items()}
    assert result.outcomes(list(expected)) == expected, result.err
    missing = {module: name for case in cases for module, name in case.missing.items()}
    assert {module: result.missing(module) for module in missing} == missing
    assert result.image["complete"] is True
