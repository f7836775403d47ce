"""The user's own command against the started services."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import evidence, imported

from importguard.checks.journeys import check_journeys
from importguard.evidence.starts import CommandResult, ServiceStart, StartSettings
from importguard.model import Diagnosis, Finding

READY = ServiceStart("python3 -m shop", StartSettings(), held=True, ready=1.0)


def findings(result: CommandResult) -> list[Finding]:
    return check_journeys(evidence(imported("shop"), start=replace(READY, journey=result)))


@pytest.mark.parametrize(("code", "ended"), [(3, "ended with exit code 3"), (-9, "was killed (signal 9)")])
def test_a_command_that_fails_is_the_fault_of_the_services(code: int, ended: str) -> None:
    (finding,) = findings(CommandResult("pytest e2e", code, "E  assert 0"))
    assert finding.message == f"pytest e2e {ended}.\nE  assert 0"
    assert isinstance(finding.diagnosis, Diagnosis)
    assert "--timeout" not in finding.diagnosis.remedy


def test_a_command_whose_time_was_over_may_need_more_of_it() -> None:
    (finding,) = findings(CommandResult("pytest e2e", -9, "....", killed_after=600.0))
    assert finding.message.startswith("pytest e2e did not end within 600 s, and importguard killed it.")
    assert isinstance(finding.diagnosis, Diagnosis)
    assert finding.diagnosis.remedy.startswith("give it more time with --timeout")
    assert finding.diagnosis.confidence == "possible"


@pytest.mark.parametrize("result", [CommandResult("pytest", 0), CommandResult("pytest", 127, error="no")])
def test_a_command_that_passes_or_was_not_run_is_no_finding(result: CommandResult) -> None:
    assert findings(result) == []
