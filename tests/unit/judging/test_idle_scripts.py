"""What fails only in scripts that nothing imports."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import ended, entry, evidence, failed, imported, no_module, raised
from unit.diagnosis.world import clues, dockerfile_of, source

from importguard.checks import run_checks
from importguard.evidence.imports import EntryPoint, ModuleImport
from importguard.evidence.surroundings import Script
from importguard.judging.idle_scripts import script_softenings
from importguard.judging.softening import soften_findings
from importguard.judging.startup_impact import mark_startup_impact
from importguard.model import Severity
from importguard.source.dockerfile_model import Instruction

ASIDE, BESIDE = Script("scripts.seed", True), Script("train", False)
WORK = Script("generate", False, works=True)
COPIED = Script("shop._vendor.pint.plots", False, vendored=True)
MAIN = entry("shop", "ok", reaches=["shop"])


def softened(*modules: ModuleImport, start: Optional[EntryPoint] = MAIN) -> tuple[list[str], list[str]]:
    observed = replace(
        evidence(*modules, imported("shop"), entrypoints=(start,) if start else ()),
        clues=clues(scripts=(ASIDE, BESIDE, COPIED, WORK)),
    )
    marked = mark_startup_impact(run_checks(observed), observed)
    findings, notes = soften_findings(marked, script_softenings(observed))
    return [finding.severity.value for finding in findings], notes


def test_a_script_aside_is_only_warned_of_and_the_report_says_so() -> None:
    severities, notes = softened(failed("scripts.seed", no_module("rich")))
    assert severities == [Severity.WARNING.value]
    assert "scripts.seed" in notes[0]
    assert "--command" in notes[0]


@pytest.mark.parametrize(
    "start",
    [
        None,
        replace(MAIN, command="sh start.sh", target=None, module=None, outcome="unknown"),
        replace(MAIN, outcome="unchecked"),
    ],
)
def test_where_it_is_not_known_what_starts_it_stays_an_error(start: Optional[EntryPoint]) -> None:
    for module in (failed("scripts.seed", no_module("rich")), ended("train", "exited", "SystemExit(2)")):
        assert softened(module, start=start) == (["error"], [])


@pytest.mark.parametrize(
    ("run", "path", "is_script", "severity"),
    [
        ("RUN python src/version.py", "/app/src/version.py", True, "warning"),
        ("RUN cd src && python3 -u ./version.py", "/app/src/version.py", True, "warning"),
        ("RUN python /app/src/version.py", "/app/src/version.py", True, "warning"),
        ("RUN python src/version.py", "/app/src/version.py", None, "error"),  # something imports it
        # It does not read like a script, and nothing imports it.
        ("RUN python src/version.py", "/app/src/version.py", False, "warning"),
        ("RUN echo", "/app/src/version.py", False, "error"),
        ("RUN python scripts/version.py", "/app/src/version.py", True, "error"),
        ("RUN python src/other_version.py", "/app/src/version.py", True, "error"),
        ("RUN pip install version.py", "/app/src/version.py", True, "error"),
        ("CMD python version.py", "/app/src/version.py", True, "error"),
    ],
)
def test_what_the_build_runs_is_only_warned_of(
    run: str, path: str, is_script: Optional[bool], severity: str
) -> None:
    observed = evidence(
        replace(failed("version", no_module("git")), path=path),
        imported("shop"),
        entrypoints=(MAIN,),
        clues=clues(scripts=() if is_script is None else (Script("version", False, marked=is_script),)),
    )
    instructions = (Instruction(run[:3], run, 2, 0),)
    built = source(dockerfile=replace(dockerfile_of(), instructions=instructions))
    marked = mark_startup_impact(run_checks(observed), observed)
    findings, _ = soften_findings(marked, script_softenings(observed, built))
    assert [finding.severity.value for finding in findings] == [severity]


def test_what_a_module_of_the_application_lacks_too_stays_an_error() -> None:
    rich = no_module("rich")
    assert softened(failed("scripts.seed", rich), failed("shop.ui", rich)) == (["error"], [])


@pytest.mark.parametrize(
    ("modules", "severity"),
    [
        ([failed("shop._vendor.pint.plots", no_module("matplotlib"))], "warning"),
        ([failed("shop._vendor.pint.plots", no_module("plots"))], "warning"),
        # The copy is not whole.
        ([failed("shop._vendor.pint.plots", no_module("shop._vendor.pint.units"))], "error"),
        ([failed("shop._vendor.pint.plots", no_module("pint.units"))], "error"),
        # The application wants it, too.
        ([failed(name, no_module("matplotlib")) for name in ("shop._vendor.pint.plots", "shop.ui")], "error"),
        ([failed("shop._vendor.pint.plots", raised(("TypeError", "bad", None)))], "error"),
    ],
)
def test_a_copied_library_can_do_without_another(modules: list[ModuleImport], severity: str) -> None:
    assert softened(*modules)[0] == [severity]


def test_a_script_that_production_starts_stays_an_error() -> None:
    start = entry("scripts.seed", "failed", reaches=["scripts.seed"])
    assert softened(failed("scripts.seed", no_module("rich")), start=start) == (["error"], [])


@pytest.mark.parametrize(
    ("module", "severity"),
    [
        (failed("train", raised(("ConnectionRefusedError", "[Errno 111] Connection refused", None))), "note"),
        (ended("train", "exited", "SystemExit(2)"), "warning"),
        (failed("train", no_module("torch")), "error"),
        (failed("train", raised(("ValueError", "run me in another folder", None))), "error"),
        (failed("generate", raised(("ValueError", "run me in another folder", None))), "warning"),
        (failed("generate", no_module("torch")), "error"),
    ],
)
def test_one_beside_the_application_only_where_it_parses_arguments(
    module: ModuleImport, severity: str
) -> None:
    assert softened(module)[0] == [severity]
