"""IG109, what breaks startup, the order of findings, and when the check is not complete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.builders import (
    ended,
    entry,
    evidence,
    failed,
    frame,
    imported,
    no_module,
    raised,
    site,
    skipped,
    unchecked,
)

from importguard.checks import run_checks
from importguard.evidence.imports import EntryPoint, Frame, ModuleImport, Preparation
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import Ending, ServiceStart, StartSettings
from importguard.judging.completeness import find_shortfalls
from importguard.judging.startup_impact import leave_open_behind_stop, mark_startup_impact
from importguard.model import Finding, Severity


def judged(*modules: ModuleImport, **changes: Any) -> tuple[list[Finding], list[str]]:
    observed: Evidence = evidence(*modules, **changes)
    findings = mark_startup_impact(run_checks(observed), observed)
    return findings, find_shortfalls(findings, observed)


ENVIRON = raised(
    ("KeyError", "'DATABASE_URL'", None), frames=[frame("shop.conf", 3), Frame("", 1, "__getitem__", "os")]
)


def test_a_missing_attribute_is_a_finding_that_breaks_startup() -> None:
    (finding,), reasons = judged(
        imported("shop.main"), entrypoints=(entry("shop.main", "missing_attribute"),)
    )
    assert (finding.rule.id, finding.module, finding.missing) == ("IG109", "shop.main", "shop.main.app")
    assert finding.breaks_startup is True
    assert reasons == []


def test_breaks_startup_is_unknown_without_a_start_command() -> None:
    (finding,), reasons = judged(failed("shop.a", no_module("redis")))
    assert finding.breaks_startup is None
    assert reasons == []


def test_breakers_come_first_then_the_widest_then_by_name() -> None:
    findings, _ = judged(
        failed("shop.x", no_module("b")),
        failed("shop.y", no_module("b")),
        failed("shop.v", no_module("d")),
        failed("shop.w", no_module("c")),
        failed("shop.main", no_module("z")),
        entrypoints=(entry("shop.main", "failed"),),
    )
    assert [(one.missing, one.breaks_startup) for one in findings] == [
        ("z", True),
        ("b", False),
        ("c", False),
        ("d", False),
    ]


def test_what_lies_on_the_way_behind_a_failure_breaks_startup_too() -> None:
    findings, _ = judged(
        failed("shop.main", no_module("redis")),
        failed("shop.models", no_module("sqlalchemy")),
        failed("shop.script", no_module("tqdm")),
        entrypoints=(entry("shop.main", "failed", reaches=["shop.main", "shop.models"]),),
        sites=(site("shop.models", "stripe"), site("shop.script", "rich")),
    )
    assert {one.missing: one.breaks_startup for one in findings} == {
        "redis": True,
        "sqlalchemy": True,
        "stripe": True,
        "tqdm": False,
        "rich": False,
    }


def test_nothing_breaks_a_target_that_was_imported() -> None:
    circle = raised(
        ("ImportError", "cannot import name 'B' from partially initialized module 'shop.b'", "shop.b")
    )
    (finding,), _ = judged(
        imported("shop.main"),
        failed("shop.a", circle),
        entrypoints=(entry("shop.main", "ok", reaches=["shop.main", "shop.a"]),),
    )
    assert finding.breaks_startup is False


LATE = """Traceback (most recent call last):
  File "/app/shop/main.py", line 9, in main
    import shop.late
  File "/app/shop/late.py", line 1, in <module>
    import rich
ModuleNotFoundError: No module named 'rich'
"""


def test_what_a_start_missed_by_its_log_breaks_startup() -> None:
    """The start command imports it late, in a function: its target was imported well."""
    late, other = failed("shop.late", no_module("rich")), failed("shop.other", no_module("tqdm"))
    start = ServiceStart("shop", StartSettings(), ending=Ending(1), log=LATE)
    main = entry("shop.main", "ok", reaches=["shop.main"])
    findings, _ = judged(late, other, imported("shop.main"), entrypoints=(main,), start=start)
    assert [(one.rule.id, one.missing, one.breaks_startup) for one in findings] == [
        ("IG101", "rich", True),
        ("IG101", "tqdm", False),
        ("IG501", "rich", True),
    ]


def test_a_failed_preparation_breaks_startup() -> None:
    (finding,), _ = judged(
        imported("shop"), preparation=Preparation("django.setup()", "failed", no_module("x"))
    )
    assert finding.breaks_startup is True


def test_what_the_start_loads_is_unknown_where_its_preparation_failed() -> None:
    modules = [imported("shop.main"), failed("shop.a", no_module("redis"))]
    started: dict[str, Any] = {"entrypoints": (entry("shop.main", "ok"),)}
    assert [one.loaded_at_startup for one in judged(*modules, **started)[0]] == [False]
    started_late: dict[str, Any] = {"entrypoints": (entry("shop.main", "unchecked"),)}
    assert [one.loaded_at_startup for one in judged(*modules, **started_late)[0]] == [None]
    prepared = Preparation("django.setup()", "failed", no_module("x"))
    findings, _ = judged(*modules, **started, preparation=prepared)
    assert {one.missing: one.loaded_at_startup for one in findings} == {"x": True, "redis": None}


def test_an_environment_that_stops_the_start_command_leaves_the_check_incomplete() -> None:
    _, reasons = judged(
        failed("shop.main", ENVIRON, culprit="shop.conf"),
        failed("shop.conf", ENVIRON),
        entrypoints=(entry("shop.main", "failed"),),
    )
    assert len(reasons) == 1
    assert "--env DATABASE_URL=…" in reasons[0]


def test_an_environment_that_a_side_module_needs_is_only_a_warning() -> None:
    _, reasons = judged(
        imported("shop.main"), failed("shop.conf", ENVIRON), entrypoints=(entry("shop.main", "ok"),)
    )
    assert reasons == []


def test_what_startup_would_load_behind_a_missing_variable_is_left_open() -> None:
    modules = failed("shop.main", ENVIRON), failed("shop.tokens", no_module("jwt"))
    observed = evidence(*modules, entrypoints=(entry("shop.main", "failed"),))
    findings = leave_open_behind_stop(judged(*modules, entrypoints=observed.entrypoints)[0], observed)
    assert [(one.missing, one.breaks_startup, one.loaded_at_startup) for one in findings] == [
        ("jwt", None, None),
        (None, False, True),
    ]
    softened = [replace(one, severity=Severity.WARNING, loaded_at_startup=False) for one in findings]
    opened = leave_open_behind_stop(softened, observed)
    assert [one.loaded_at_startup for one in opened] == [False, False]
    started = evidence(*modules, entrypoints=(entry("shop.other", "ok"),))
    assert [one.loaded_at_startup for one in leave_open_behind_stop(softened, started)] == [False, False]


def test_a_preparation_without_its_environment_leaves_the_check_incomplete() -> None:
    _, reasons = judged(imported("shop"), preparation=Preparation("django.setup()", "failed", ENVIRON))
    assert "--env DATABASE_URL=…" in reasons[0]


@pytest.mark.parametrize("left_out", [(), (skipped("shop.main", "excluded"),)])
def test_a_target_that_is_not_checked_is_no_pass(left_out: tuple[ModuleImport, ...]) -> None:
    _, reasons = judged(imported("shop"), *left_out, entrypoints=(entry("shop.main", None),))
    assert "shop.main" in reasons[0]
    assert "--package" in reasons[0]


def test_a_target_that_would_run_when_imported_is_left_alone() -> None:
    start = EntryPoint("python -m shop", "shop.__main__", "shop.__main__", None, None)
    _, reasons = judged(
        imported("shop"), skipped("shop.__main__", "runs when imported"), entrypoints=(start,)
    )
    assert reasons == []


def test_a_target_without_a_verdict_is_no_pass() -> None:
    _, reasons = judged(imported("shop.main"), entrypoints=(entry("shop.main", None),))
    assert "could not be verified" in reasons[0]


def test_a_command_that_was_not_recognised_is_no_shortfall() -> None:
    _, reasons = judged(imported("shop"), entrypoints=(EntryPoint("nginx", None, None, None, None),))
    assert reasons == []


def test_what_time_left_unchecked_is_said() -> None:
    late = {"complete": False, "error": "time ran out", "out_of_time": True}
    _, reasons = judged(imported("shop"), unchecked("shop.a"), **late)
    assert reasons == ["1 module was not checked: time ran out. Give it more time with --timeout"]
    died = {"complete": False, "error": "the probe failed: RuntimeError('x')"}
    _, reasons = judged(imported("shop"), unchecked("shop.a"), **died)
    assert reasons == ["1 module was not checked: the probe failed: RuntimeError('x')"]


def test_broken_off_evidence_is_no_pass() -> None:
    assert judged(imported("shop"), complete=False)[1]
    assert judged(imported("shop"), error="the probe died")[1] == ["the probe died"]


def test_nothing_imported_is_no_pass() -> None:
    assert "nothing was imported" in judged(skipped("shop.tests", "tests"))[1][0]
    assert "nothing was imported" in judged()[1][0]


def test_an_unknown_outcome_is_unchecked() -> None:
    assert judged(imported("shop"), ended("shop.a", "strange", ""))[1]


def test_breaks_startup_is_unknown_beside_a_command_that_is_not_understood() -> None:
    unknown = EntryPoint("someserver main:app", None, None, None, None, ())
    findings, reasons = judged(
        failed("shop.main", no_module("redis")),
        failed("shop.b", no_module("attrs")),
        entrypoints=(entry("shop.main", "failed"), unknown),
    )
    assert {one.missing: one.breaks_startup for one in findings} == {"redis": True, "attrs": None}
    assert reasons == []


def test_what_a_start_command_asks_for_behind_a_variable_breaks_it() -> None:
    """Its import stopped in the settings; another module's failure tells that ``services`` is absent."""
    finding, other = judged(
        failed("shop.main", ENVIRON),
        failed("shop.hook", no_module("services")),
        entrypoints=(entry("shop.main", "failed", reaches=["shop.main"]),),
        sites=(site("shop.main", "services.mail"), site("shop.hook", "services.queue")),
    )[0]
    assert (finding.missing, finding.breaks_startup, finding.loaded_at_startup) == ("services", True, True)
    assert other.severity.value == "warning"


def test_an_error_that_startup_may_meet_stands_above_the_variable_that_it_stops_for() -> None:
    found, _ = judged(
        failed("shop.main", ENVIRON),
        failed("shop.images", no_module("cv2")),
        unchecked("shop.late"),
        entrypoints=(entry("shop.main", "unchecked", reaches=["shop.main"]),),
    )
    assert [one.rule.id for one in found] == ["IG101", "IG104"]
