"""What lacks only a test framework."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import entry, evidence, failed, imported, no_module

from importguard.checks import run_checks
from importguard.evidence.imports import EntryPoint
from importguard.judging.helpers_of_tests import TEST_HELPERS
from importguard.judging.softening import soften_findings
from importguard.judging.startup_impact import mark_startup_impact
from importguard.model import Diagnosis

MAIN = entry("shop", "ok", reaches=["shop"])


def softened(
    missing: str,
    start: Optional[EntryPoint] = MAIN,
    cause: str = "dev-only",
    module: str = "shop.testing",
) -> str:
    observed = evidence(
        failed(module, no_module(missing)), imported("shop"), entrypoints=(start,) if start else ()
    )
    marked = mark_startup_impact(run_checks(observed), observed)
    told = [replace(one, diagnosis=Diagnosis(cause, "", "", None, "likely")) for one in marked]
    findings, notes = soften_findings(told, [TEST_HELPERS])
    severities = [one.severity.value for one in findings]
    assert bool(notes) is (severities == ["warning"])
    return severities[0]


@pytest.mark.parametrize("missing", ["pytest", "_pytest.fixtures", "pytest_asyncio", "hypothesis.strategies"])
def test_fixtures_beside_the_code_are_only_warned_of(missing: str) -> None:
    assert softened(missing) == "warning"


def test_factories_of_test_data_are_helpers_of_tests() -> None:
    """``core/factories.py`` of factory-boy lies beside the code, as Shynet's does."""
    assert softened("factory.django", module="core.factories") == "warning"
    assert softened("requests", module="core.factories") == "error"
    assert softened("factory", module="core.factory") == "error"


def test_what_else_is_missing_stays_an_error() -> None:
    assert softened("requests") == "error"
    assert softened("pytestify") == "error"


def test_what_is_not_called_a_helper_of_tests_stays_an_error() -> None:
    """``from pytest import approx``, as an editor adds it, in what a request imports."""
    assert softened("pytest", module="shop.export") == "error"
    assert softened("pytest", module="shop.latest_prices") == "error"
    assert softened("pytest", module="shop.contest") == "error"
    assert softened("pytest", module="shop.fixtures.users") == "warning"


def test_what_the_project_declares_for_production_stays_an_error() -> None:
    assert softened("pytest", cause="declared-not-installed") == "error"


@pytest.mark.parametrize(
    "start",
    [
        None,
        replace(MAIN, command="sh start.sh", target=None, module=None, outcome="unknown"),
        entry("shop", "failed", reaches=["shop", "shop.testing"]),
    ],
)
def test_what_a_start_may_load_stays_an_error(start: Optional[EntryPoint]) -> None:
    assert softened("pytest", start) == "error"
