"""What only another operating system needs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from unit.builders import entry, evidence, failed, imported, no_module
from unit.diagnosis.world import clues, dist, needs, source

from importguard.checks import run_checks
from importguard.judging.other_systems import other_systems_softening
from importguard.judging.softening import soften_findings
from importguard.judging.startup_impact import mark_startup_impact
from importguard.source.model import Requirement

WINDOWS = 'sys_platform == "win32"'


def severity(
    missing: str, *declared: Requirement, requires: tuple[str, ...] = (), reached: bool = False
) -> str:
    start = entry("shop", "ok", reaches=["shop", *(["shop.windows"] if reached else [])])
    observed = replace(
        evidence(failed("shop.windows", no_module(missing)), imported("shop"), entrypoints=(start,)),
        clues=clues(distributions=(dist("shop", requires=requires),)),
    )
    tree = source(requirements=declared)
    marked = mark_startup_impact(run_checks(observed), observed)
    findings, notes = soften_findings(marked, [other_systems_softening(observed, tree)])
    (found,) = [one.severity.value for one in findings]
    assert bool(notes) is (found == "warning")
    return found


@pytest.mark.parametrize(
    "marker", [WINDOWS, "os_name == 'nt'", "platform_system in 'Windows Darwin' and sys_platform != 'linux'"]
)
def test_what_is_declared_for_another_system_is_a_warning(marker: str) -> None:
    assert severity("pydivert", needs("pydivert", marker=marker)) == "warning"
    assert severity("pydivert", requires=(f"pydivert>=2; {marker}",)) == "warning"


@pytest.mark.parametrize("missing", ["winreg", "msvcrt"])
def test_a_module_of_windows_own_library_is_a_warning(missing: str) -> None:
    assert severity(missing) == "warning"


@pytest.mark.parametrize(
    "marker",
    ["", "python_version < '3'", f"{WINDOWS} and python_version < '3.9'", f"{WINDOWS} or os_name == 'posix'"],
)
def test_what_something_else_than_the_system_excludes_stays_an_error(marker: str) -> None:
    assert severity("pydivert", needs("pydivert", marker=marker)) == "error"


def test_what_is_also_declared_for_this_system_stays_an_error() -> None:
    assert severity("pydivert", needs("pydivert", marker=WINDOWS), requires=("pydivert",)) == "error"
    assert severity("requests", needs("pydivert", marker=WINDOWS)) == "error"


def test_what_the_start_loads_stays_an_error() -> None:
    assert severity("pydivert", needs("pydivert", marker=WINDOWS), reached=True) == "error"
