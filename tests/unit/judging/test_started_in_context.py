"""What raises on its own, and a start command imports well."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from unit.builders import entry, evidence, failed, imported, no_module, raised

from importguard.checks import run_checks
from importguard.evidence.imports import EntryPoint, ImportFailure
from importguard.judging.softening import soften_findings
from importguard.judging.started_in_context import started_in_context_softening
from importguard.judging.startup_impact import mark_startup_impact

RAISES = raised(("PageError", "must be called after app instantiation", None))
LOADS = entry("app", "ok", reaches=["app", "pages.home"])


def severity(failure: ImportFailure = RAISES, *starts: EntryPoint, in_context: Sequence[str] = ()) -> str:
    modules = (failed("pages.home", failure), imported("app"), imported("work"))
    observed = evidence(*modules, entrypoints=starts or (LOADS,), in_context=tuple(in_context))
    marked = mark_startup_impact(run_checks(observed), observed)
    (finding,), notes = soften_findings(marked, [started_in_context_softening(observed)])
    assert bool(notes) is (finding.severity.value == "warning")
    return finding.severity.value


def test_what_a_start_prepares_and_imports_is_a_warning() -> None:
    assert severity() == "warning"
    assert severity(RAISES, LOADS, entry("work", "ok", reaches=["work"])) == "warning"


def test_what_the_context_of_the_application_lets_pass_is_a_warning() -> None:
    other = entry("app", "ok", reaches=["app"])
    assert severity(RAISES, other, in_context=["pages.home"]) == "warning"
    assert severity(RAISES, other, in_context=["work"]) == "error"
    assert severity(no_module("pandas"), other, in_context=["pages.home"]) == "error"


@pytest.mark.parametrize(
    "start",
    [
        entry("app", "ok", reaches=["app"]),
        entry("app", "failed", reaches=["app", "pages.home"]),
    ],
)
def test_what_no_start_has_imported_stays_an_error(start: EntryPoint) -> None:
    assert severity(RAISES, start) == "error"


def test_what_another_start_fails_by_stays_an_error() -> None:
    fails = entry("work", "failed", reaches=["work", "pages.home"])
    assert severity(RAISES, LOADS, fails, in_context=["pages.home"]) == "error"


def test_what_is_missing_or_in_a_circle_stays_an_error() -> None:
    assert severity(no_module("pandas")) == "error"
    circular = (
        "partially initialized module 'app' has no attribute 'x' (most likely due to a circular import)"
    )
    assert severity(raised(("AttributeError", circular, None))) == "error"
