"""Each cause, and a case that looks like it, in real images: cause, line to change and remedy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from scenarios.cause_cases import ALL
from scenarios.causes import ANYWHERE, Cause, base_image, examine
from scenarios.support import Result

AT_ONCE = 4


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """The reports of all cases that are to be tested, several at a time."""
    asked = {item.name for item in request.session.items}
    cases = [case for case in ALL if f"test_the_cause[{case.name}]" in asked]
    base_image()
    folders = [tmp_path_factory.mktemp(case.name) for case in cases]  # not by threads: it is not safe there
    with ThreadPoolExecutor(AT_ONCE) as pool:
        reports = pool.map(examine, cases, folders)
        return {case.name: report for case, report in zip(cases, reports)}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_cause(case: Cause, results: dict[str, Result]) -> None:
    result = results[case.name]
    assert result.out, result.err
    # The checks of requirements and drift do not tell it again.
    assert len(result.findings) == 1, result.findings
    diagnosis = result.findings[0]["diagnosis"]
    assert (diagnosis and diagnosis["cause"]) == case.cause, result.findings[0]
    if case.cause is None:
        return
    location = diagnosis["location"]
    place = (location["path"], location["line"]) if location else None
    assert place == case.location or (place and case.location == ANYWHERE), diagnosis
    assert case.remedy in diagnosis["remedy"]
    for words in case.says:
        assert words in diagnosis["explanation"] + diagnosis["remedy"]


def test_every_cause_has_a_case() -> None:
    import json
    from pathlib import Path

    import importguard

    schema = json.loads((Path(importguard.__file__).parent / "schemas/report.schema.json").read_text())
    described = schema["$defs"]["finding"]["properties"]["diagnosis"]["properties"]["cause"]["examples"]
    assert {case.cause for case in ALL} - {None} == set(described)
