"""What the configuration makes of findings: severities, rules that are off, ignores."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from unit.builders import ended, entry, failed, frame, imported, no_module, raised
from unit.command_line import BROKEN, replace_check, run
from unit.reporters.test_json import report

from importguard.judging.exit_codes import exit_code
from importguard.model import Severity
from importguard.policy.model import Ignore, Policy
from importguard.policy.suppression import apply_policy
from importguard.report import Report
from importguard.reporters.json import render as as_json
from importguard.reporters.text import render as as_text
from importguard.rules import RULES

TODAY = date(2030, 6, 15)


def observed(**changes: Any) -> Report:
    """redis is missing to two modules, stripe to one, and shop.conf raises for itself and its importer."""
    wrong = raised(("ValueError", "bad", None), frames=[frame("shop.conf", 3)])
    whole = report(
        failed("shop.cart", no_module("redis", frame("shop.cart"))),
        failed("shop.legacy.a", no_module("redis", frame("shop.legacy.a"))),
        failed("shop.legacy.b", no_module("stripe", frame("shop.legacy.b"))),
        failed("shop.conf", wrong),
        failed("shop.use", wrong, culprit="shop.conf"),
        **changes,
    )
    return replace(whole, images=whole.images[:1])


def shown(result: Report) -> set[str]:
    return {finding.missing or finding.module for finding in result.images[0].findings}


def hidden(result: Report) -> dict[str, tuple[str, str]]:
    return {
        finding.missing or finding.module: (finding.suppression.by, finding.suppression.reason)
        for finding in result.images[0].suppressed
        if finding.suppression
    }


def test_without_a_policy_nothing_changes() -> None:
    assert apply_policy(observed(), Policy(), TODAY) == observed()


def test_a_severity_is_set_and_a_rule_is_turned_off() -> None:
    result = apply_policy(observed(), Policy({"IG101": None, "IG104": Severity.NOTE}), TODAY)
    assert [finding.severity for finding in result.images[0].findings] == [Severity.NOTE]
    assert hidden(result) == dict.fromkeys(("redis", "stripe"), ("rule", "IG101 is turned off"))
    assert exit_code(result, "warning") == 0


@pytest.mark.parametrize(
    ("ignore", "gone"),
    [
        ({"rule": "IG101"}, {"redis", "stripe"}),
        ({"rule": "IG104"}, {"shop.conf"}),
        ({"missing": "redis"}, {"redis"}),
        ({"missing": "r*"}, {"redis"}),
        ({"missing": "Redis"}, set()),
        ({"missing": "*"}, {"redis", "stripe"}),
        # redis is missing to shop.cart too: its failure may not hide behind that of another.
        ({"module": "shop.legacy.*"}, {"stripe"}),
        ({"module": "shop.*", "rule": "IG101"}, {"redis", "stripe"}),
        # What shop.conf raises is its own, whoever imports it.
        ({"module": "shop.conf"}, {"shop.conf"}),
        ({"module": "shop.use"}, set()),
        ({"rule": "IG102", "missing": "redis"}, set()),
    ],
)
def test_an_ignore_hides_what_matches_all_that_it_gives(ignore: dict[str, str], gone: set[str]) -> None:
    result = apply_policy(observed(), Policy(ignores=(Ignore("later", **ignore),)), TODAY)
    assert shown(result) == {"redis", "stripe", "shop.conf"} - gone
    assert hidden(result) == dict.fromkeys(gone, ("ignore", "later"))
    assert len(result.notes) == (0 if gone else 1)


@pytest.mark.parametrize(("missing", "hides"), [("redis", False), ("*", True)])
def test_a_finding_of_several_missing_modules_is_ignored_for_all_of_them(missing: str, hides: bool) -> None:
    result = observed()
    (image,) = result.images
    redis = next(one for one in image.findings if one.missing == "redis")
    both = replace(result, images=(replace(image, findings=(replace(redis, also_missing=("stripe",)),)),))
    told = apply_policy(both, Policy(ignores=(Ignore("later", missing=missing),)), TODAY)
    assert bool(told.images[0].suppressed) is hides


@pytest.mark.parametrize(
    ("policy", "apart"),
    [
        (Policy(), set()),
        (Policy({"IG101": Severity.WARNING}), {"IG501"}),
        (Policy({"IG501": Severity.WARNING}), set()),
        (Policy({"IG101": None}), {"IG501"}),
        (Policy(ignores=(Ignore("later", "IG101"),)), {"IG501"}),
        (Policy(ignores=(Ignore("later", "IG501"),)), set()),
        (Policy(ignores=(Ignore("later", missing="redis"),)), set()),
    ],
)
def test_a_start_that_fails_is_not_hidden_with_its_cause(policy: Policy, apart: set[str]) -> None:
    """Who ignores a missing module need not know that the container ends by it."""
    result = observed()
    redis = next(one for one in result.images[0].findings if one.missing == "redis")
    ended = replace(redis, rule=RULES["IG501"], module="python3 -m shop", affected=())
    both = replace(result.images[0], findings=(replace(redis, symptoms=(ended,)),))
    told = apply_policy(replace(result, images=(both,)), policy, TODAY)
    assert {one.rule.id for one in told.images[0].findings} - {"IG101"} == apart
    assert not [note for note in told.notes if "matches nothing" in note]


def test_an_ignore_ends_after_its_last_day() -> None:
    policy = Policy(ignores=(Ignore("later", missing="redis", expires=TODAY),))
    assert "redis" not in shown(apply_policy(observed(), policy, TODAY))
    result = apply_policy(observed(), policy, date(2030, 6, 16))
    assert "redis" in shown(result)
    assert result.notes == ("An ignore expired on 2030-06-15 (any rule, missing redis; reason: later).",)


def test_an_ignore_without_a_match_is_a_warning_where_all_was_checked() -> None:
    policy = Policy(ignores=(Ignore("old", "IG101", missing="gone"),))
    (note,) = apply_policy(observed(), policy, TODAY).notes
    assert note == "Warning: an ignore matches nothing (IG101, missing gone; reason: old): remove it."
    assert note in as_text(apply_policy(observed(), policy, TODAY), width=110)
    assert apply_policy(observed(), policy, TODAY, whole=False).notes == ()
    assert apply_policy(observed(complete=False, error="time ran out"), policy, TODAY).notes == ()


def test_an_ignore_that_matches_in_any_image_is_used() -> None:
    sound = replace(report(imported("shop")), images=report(imported("shop")).images[:1])
    both = Report((*sound.images, *observed().images))
    assert apply_policy(both, Policy(ignores=(Ignore("later", missing="redis"),)), TODAY).notes == ()


def test_what_breaks_startup_is_said_although_it_is_suppressed() -> None:
    found = observed(entrypoints=(entry("shop.cart", "failed", ["shop.cart"]),))
    text = as_text(apply_policy(found, Policy({"IG101": None, "IG104": None}), TODAY), width=110)
    assert "✓ Nothing is found but what is suppressed." in text
    assert "5 of 5 modules do not import, from 3 causes." in text
    assert "1 finding breaks startup (uvicorn shop.cart:app)." in text
    assert "3 findings are suppressed: 3 by a rule that is turned off." in text
    assert "can be loaded" not in text
    assert "IG101" not in text


def test_verbose_lists_what_is_suppressed() -> None:
    result = apply_policy(observed(), Policy(ignores=(Ignore("we\x1bll", missing="redis"),)), TODAY)
    assert "Suppressed: IG101 redis (we\\x1bll)" in as_text(result, width=110, verbose=True)


def test_suppressed_findings_are_in_the_json_report_with_the_reason() -> None:
    result = apply_policy(observed(), Policy(ignores=(Ignore("later", missing="redis"),)), TODAY)
    image = json.loads(as_json(result))["images"][0]
    assert [finding["suppression"] for finding in image["suppressed"]] == [
        {"by": "ignore", "reason": "later"}
    ]
    assert [finding["suppression"] for finding in image["findings"]] == [None, None]
    assert (image["summary"]["suppressed"], image["summary"]["causes"]) == (1, 2)
    assert {module["rule"] for module in image["modules"]} == {"IG101", "IG104"}


def test_no_ignore_makes_a_check_complete() -> None:
    """Where importing ended before everything was seen, that stays so."""
    whole = report(ended("shop.b", "crashed", "signal SIGSEGV"), complete=False, error="time ran out")
    result = apply_policy(whole, Policy({"IG107": None}), TODAY)
    assert result.images[0].findings == ()
    assert exit_code(Report(result.images[:1]), "error") == 4


def test_the_command_line_applies_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    replace_check(monkeypatch, BROKEN)
    assert run("check", "shop") == 1
    text = '[[ignore]]\nrule = "IG101"\nmissing = "redis"\nreason = "mended tomorrow"\n'
    Path("importguard.toml").write_text(text + f"expires = {date.today().isoformat()}\n")
    assert run("check", "shop") == 0
    Path("importguard.toml").write_text(text + "expires = 2020-01-01\n")
    assert run("check", "shop") == 1
    Path("importguard.toml").write_text(
        '[[ignore]]\nmissing = "gone"\nreason = "x"\n[rules]\nIG101 = "note"\n'
    )
    capsys.readouterr()
    assert run("check", "shop", "--fail-on", "warning") == 0
    assert "matches nothing" in capsys.readouterr().out
    assert run("check", "shop", "--fail-on", "warning", "-p", "shop") == 0
    assert "matches nothing" not in capsys.readouterr().out
