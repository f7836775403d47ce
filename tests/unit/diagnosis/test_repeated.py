"""A cause is named once: which findings of the source's checks are left out."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.reports import finding

from importguard.diagnosis.repeated import with_symptoms, without_repeated
from importguard.model import Diagnosis, Finding, Location, Severity

LINE = Location("requirements.txt", 1)


def told(
    rule: str, cause: str, place: Optional[Location] = None, change: str = "", **more: object
) -> Finding:
    return finding(rule, diagnosis=Diagnosis(cause, "", "", place, "certain", change=change), **more)


OLD = told("IG102", "stale-image", Location("Dockerfile", 3))
CONFLICT = told("IG102", "version-conflict", Location("shop/main.py", 1), "Zope_Interface>=5")
DECLARED = told("IG101", "declared-not-installed", LINE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (OLD, told("IG401", "stale-image", Location("shop/late.py"))),
        (OLD, told("IG403", "stale-image")),
        (CONFLICT, told("IG303", "version-conflict", module="zope.interface")),
        (DECLARED, told("IG301", "declared-not-installed", LINE)),
        (DECLARED, told("IG302", "version-conflict", LINE, severity=Severity.WARNING)),
        # All that it holds is installed for another Python.
        (told("IG101", "wrong-interpreter"), told("IG301", "declared-not-installed", LINE)),
    ],
)
def test_what_a_failed_import_tells_is_not_told_again(first: Finding, second: Finding):
    assert without_repeated([second, first]) == [first]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (DECLARED, told("IG402", "stale-image", LINE)),
        (CONFLICT, told("IG303", "version-conflict", module="zope")),
        (CONFLICT, told("IG303", "not-declared", module="zope.interface")),
        (DECLARED, told("IG301", "declared-not-installed", Location("requirements.txt", 2))),
        (
            told("IG101", "not-in-source", Location("a")),
            told("IG301", "declared-not-installed", Location("a")),
        ),
        (told("IG101", "version-conflict", LINE, severity=Severity.WARNING), told("IG302", "x", LINE)),
        (finding(), told("IG402", "stale-image")),
        (finding(), finding("IG301")),
    ],
)
def test_what_is_another_cause_or_more_severe_is_told(first: Finding, second: Finding):
    assert without_repeated([first, second]) == [first, second]


def test_failed_imports_and_the_checks_of_the_source_do_not_hide_one_another():
    both = [OLD, told("IG101", "stale-image", Location("Dockerfile", 3), missing="shop.other")]
    drift = [told("IG401", "stale-image"), told("IG402", "stale-image")]
    assert without_repeated(both) == both
    assert without_repeated(drift) == drift


def test_a_data_file_that_two_modules_read_is_one_finding():
    names = ("shop.a", "shop.b")
    both = [told("IG104", "ignored", LINE, module=name, affected=(name,)) for name in names]
    (one,) = without_repeated(both)
    assert (one.module, one.affected) == ("shop.a", names)
    other = told("IG104", "no-permission", LINE, module="shop.c", affected=("shop.c",))
    assert without_repeated([*both, other]) == [one, other]
    again = told("IG104", "no-permission", LINE, module="shop.web", affected=("shop.web",))
    (shown,) = without_repeated([other, again], started={"shop.web"})
    assert (shown.module, shown.affected) == ("shop.web", ("shop.c", "shop.web"))


def test_a_file_is_one_finding_however_it_is_imported():
    by_module = told("IG101", "not-copied", missing="shop.base", affected=("shop.a",))
    by_name = told("IG102", "not-copied", missing="shop.base", affected=("shop.b",))
    (one,) = without_repeated([by_name, by_module])
    assert (one.rule.id, one.affected, one.message) == ("IG101", ("shop.a", "shop.b"), by_module.message)


def test_what_one_environment_holds_is_one_finding():
    names = ("yaml", "redis", "flask")
    held = [
        told("IG101", "wrong-interpreter", missing=name, module=f"shop.{name}", affected=(f"shop.{name}",))
        for name in names
    ]
    (one,) = without_repeated(held)
    assert one.missing == "flask"
    assert one.message.endswith(", nor redis, yaml")
    assert one.affected == ("shop.flask", "shop.redis", "shop.yaml")
    assert one.also_missing == ("redis", "yaml")
    # A baseline that accepts one of them does not accept the others.
    assert one.fingerprint not in {alone.fingerprint for alone in held}


def test_files_that_need_the_same_newer_python_are_one_finding():
    def needs(version: str, module: str) -> Finding:
        diagnosis = Diagnosis("newer-python", "", f"use Python {version}", None, "certain")
        return finding("IG105", module=module, affected=(module,), diagnosis=diagnosis)

    (first, other) = without_repeated([needs("3.14", "b"), needs("3.14", "a"), needs("3.12", "c")])
    assert (first.module, first.affected, first.fingerprint) == (
        "a",
        ("a", "b"),
        needs("3.14", "a").fingerprint,
    )
    assert other.module == "c"


def test_modules_that_need_the_same_variable_are_one_finding():
    """A helper that reads ALLOWED_GUILDS raises in whoever calls it first; they are asked one by one."""

    def wants(remedy: str, module: str) -> Finding:
        diagnosis = Diagnosis("environment", "", remedy, None, "certain")
        return finding(
            "IG104", module=module, affected=(module,), diagnosis=diagnosis, severity=Severity.WARNING
        )

    same = [wants("--env ALLOWED_GUILDS=…", "bot.b"), wants("--env ALLOWED_GUILDS=…", "bot.a")]
    (first, other) = without_repeated([*same, wants("--env TOKEN=…", "bot.c")])
    assert (first.module, first.affected) == ("bot.a", ("bot.a", "bot.b"))
    assert other.module == "bot.c"
    servers = [wants("connect when the program starts", name) for name in ("bot.a", "bot.b")]
    assert without_repeated(servers) == servers, "two servers may be two causes"


ENDS = finding("IG501", module="uvicorn shop.main:app", affected=(), message="It ended with exit code 3.")


def test_what_a_start_showed_of_a_cause_is_told_with_it():
    asked = finding("IG503", module="GET /", affected=(), severity=Severity.ERROR)
    (one,) = with_symptoms([finding(severity=Severity.WARNING), ENDS, asked])
    assert (one.rule.id, one.symptoms, one.severity) == ("IG101", (ENDS, asked), Severity.ERROR)
    assert one.fingerprint == finding().fingerprint
    (alone,) = with_symptoms([ENDS, asked])
    assert (alone.rule.id, alone.symptoms) == ("IG501", (asked,))


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ({}, True),
        ({"message": "ValueError: other"}, False),
        ({"location": Location("shop/setup.py", 11)}, True),
        ({"location": Location("shop/setup.py", 11), "breaks_startup": False}, False),
        ({"breaks_startup": False}, True),
    ],
)
def test_what_the_log_says_is_the_import_where_the_line_and_the_words_are_the_same(changes, is_one: bool):
    said = "It ended with exit code 1. Its log says: ValueError: bad"
    ended = finding("IG501", module="python3 -m shop", missing=None, message=said)
    raises = finding("IG104", **{"missing": None, "message": "ValueError: bad", **changes})
    assert len(with_symptoms([raises, ended])) == (1 if is_one else 2)


def test_what_misses_something_else_is_another_cause():
    others = [finding(missing="shop.other"), finding("IG402"), ENDS]
    assert with_symptoms(others) == others


def test_an_end_without_a_traceback_is_that_of_the_one_import_that_breaks_startup():
    """As locust, which only says that it could not find its file."""
    silent = finding("IG501", module="locust -f load.py", missing=None, affected=(), message="It ended.")
    lazy = finding(missing="shop.late", breaks_startup=False)
    (one, other) = with_symptoms([finding(), lazy, silent])
    assert (one.symptoms, other) == ((silent,), lazy)
    two = [finding(), finding(missing="shop.other"), silent]
    assert with_symptoms(two) == two
    assert with_symptoms([lazy, silent]) == [lazy, silent]


def test_what_a_function_imports_is_told_by_the_start_that_calls_it():
    late = finding(missing="shop.gone", late=True, reached=False, affected=())
    met = finding("IG503", module="GET /", missing="shop.gone")
    assert with_symptoms([late, met]) == [met]
    assert with_symptoms([late, finding("IG503", module="GET /", missing=None)])[0] is late


def test_what_functions_import_and_the_requirements_check_tells_is_told_once():
    late = replace(told("IG101", "declared-not-installed", missing="yaml.nodes"), late=True, reached=False)
    absent = replace(told("IG301", "declared-not-installed"), module="PyYAML")
    other = replace(told("IG301", "declared-not-installed"), module="redis")
    assert without_repeated([late, absent]) == [absent]
    assert without_repeated([late, other]) == [late, other]
