"""What counts for less, and which kind says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from importguard.judging.softening import Softening, is_needed_by_no_start, soften_findings
from importguard.model import Finding, Severity
from importguard.rules.imports import MISSING_MODULE

LACKS = Finding(
    MISSING_MODULE,
    Severity.ERROR,
    "shop.testing",
    "No module named 'pytest'",
    affected=("shop.testing",),
    breaks_startup=False,
    loaded_at_startup=False,
)
FIRST, SECOND = (Softening(lambda finding: True, f"{name}: {{modules}}") for name in ("first", "second"))


def test_a_finding_of_two_kinds_is_told_by_the_first() -> None:
    findings, notes = soften_findings([LACKS], [FIRST, SECOND])
    assert [finding.severity for finding in findings] == [Severity.WARNING]
    assert notes == ["first: shop.testing"]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.NOTE])
def test_what_was_no_error_is_not_told(severity: Severity) -> None:
    finding = replace(LACKS, severity=severity)
    assert soften_findings([finding], [FIRST]) == ([finding], [])


def test_what_a_start_has_failed_by_is_needed() -> None:
    assert is_needed_by_no_start(LACKS)
    assert not is_needed_by_no_start(replace(LACKS, symptoms=(LACKS,)))
    assert is_needed_by_no_start(replace(LACKS, symptoms=(replace(LACKS, severity=Severity.WARNING),)))


BEHIND = replace(LACKS, missing="webtest", reached=False)


def test_what_would_fail_next_in_a_module_that_is_only_warned_of_is_a_warning() -> None:
    findings, notes = soften_findings(
        [LACKS, BEHIND], [Softening(lambda finding: finding.reached, "{modules}")]
    )
    assert [finding.severity for finding in findings] == [Severity.WARNING, Severity.WARNING]
    assert notes == ["shop.testing"]


@pytest.mark.parametrize(
    "behind", [BEHIND, replace(BEHIND, affected=("shop.testing", "shop.web")), replace(BEHIND, late=True)]
)
def test_what_would_fail_next_elsewhere_stays_an_error(behind: Finding) -> None:
    kind = Softening(lambda finding: finding.missing == "pytest", "")
    in_other = replace(LACKS, missing="ldap")
    soft = replace(LACKS, missing="pytest")
    findings, _ = soften_findings([soft, in_other, behind], [kind])
    assert findings[-1].severity is Severity.ERROR
