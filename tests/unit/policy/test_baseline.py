"""Baselines: what is old is hidden and counted, what breaks startup is shown, what is fixed is counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Optional

import jsonschema
import pytest
from unit.builders import entry, evidence, failed, imported, no_module, raised
from unit.command_line import SOUND, replace_check, run
from unit.reporters.test_json import SCHEMA, report

from importguard.policy.baseline import compare_with_known, comparison_note, read_baseline, render_baseline
from importguard.policy.model import Policy
from importguard.policy.suppression import apply_policy
from importguard.report import Comparison, Report
from importguard.rules import RULES

STARTS = (entry("shop.main", "failed", ["shop.main"]),)


def found(*missing: str, name: Optional[str] = None, **changes: Any) -> Report:
    """An image in which each of ``missing`` is missing to one module; the first one to shop.main."""
    names = ["shop.main", *(f"shop.m{number}" for number in range(1, len(missing)))]
    modules = [failed(module, no_module(target)) for module, target in zip(names, missing)]
    whole = report(imported("shop"), *modules, **changes)
    first = replace(whole.images[0], image=replace(whole.images[0].image, label=name))
    return replace(whole, images=(first,))


def written(result: Report, tmp_path: Path) -> Any:
    path = tmp_path / "baseline.json"
    path.write_text(render_baseline(result))
    return read_baseline(str(path))


def shown(result: Report, image: int = 0) -> set[Optional[str]]:
    return {finding.missing for finding in result.images[image].findings}


def hidden(result: Report, image: int = 0) -> set[Optional[str]]:
    return {finding.missing for finding in result.images[image].suppressed}


def with_start(result: Report) -> Report:
    """The same, where a start ended by what is missing."""
    first = result.images[0].findings[0]
    ended = replace(first, rule=RULES["IG501"], module="python3 -m shop", affected=())
    findings = (replace(first, symptoms=(ended,)), *result.images[0].findings[1:])
    return replace(result, images=(replace(result.images[0], findings=findings),))


def test_what_a_start_showed_is_accepted_with_its_cause_and_not_by_it(tmp_path: Path) -> None:
    whole = with_start(found("redis"))
    known = written(whole, tmp_path)
    assert [one.rule for one in known] == ["IG101", "IG501"]
    told = compare_with_known(whole, known, ("redis",))
    assert (hidden(told), told.comparison) == ({"redis"}, Comparison(1, 0))
    without = [one for one in known if one.rule == "IG101"]
    assert shown(compare_with_known(whole, without, ("redis",))) == {"redis"}


def test_what_is_old_is_hidden_and_what_is_new_is_shown(tmp_path: Path) -> None:
    old = written(found("redis", "stripe"), tmp_path)
    result = compare_with_known(found("stripe", "celery"), old, ())
    assert (shown(result), hidden(result)) == ({"celery"}, {"stripe"})
    assert result.comparison == Comparison(old=1, fixed=1)
    (finding,) = result.images[0].suppressed
    assert finding.suppression is not None
    assert finding.suppression.by == "baseline"


def test_what_breaks_startup_is_shown_although_it_is_old(tmp_path: Path) -> None:
    broken = found("redis", "stripe", entrypoints=STARTS)
    old = written(broken, tmp_path)
    result = compare_with_known(broken, old, ())
    assert (shown(result), hidden(result)) == ({"redis"}, {"stripe"})
    assert result.comparison == Comparison(old=1, fixed=0, breaking=1)


@pytest.mark.parametrize("by", ["missing", "module", "fingerprint"])
def test_it_is_hidden_where_it_is_named(by: str, tmp_path: Path) -> None:
    broken = found("redis", "stripe", entrypoints=STARTS)
    first = next(finding for finding in broken.images[0].findings if finding.breaks_startup)
    result = compare_with_known(broken, written(broken, tmp_path), (getattr(first, by),))
    assert shown(result) == set()
    assert hidden(result) == {"redis", "stripe"}


def test_a_name_alone_hides_nothing_that_is_new(tmp_path: Path) -> None:
    broken = found("redis", entrypoints=STARTS)
    assert shown(compare_with_known(broken, written(found("stripe"), tmp_path), ("redis",))) == {"redis"}


def test_an_old_finding_that_comes_to_break_startup_is_shown(tmp_path: Path) -> None:
    old = written(found("redis"), tmp_path)
    assert shown(compare_with_known(found("redis", entrypoints=STARTS), old, ())) == {"redis"}


@pytest.mark.parametrize(
    ("whole", "changes"), [(False, {}), (True, {"complete": False, "error": "time ran out"})]
)
def test_nothing_counts_as_fixed_that_was_not_checked(
    whole: bool, changes: dict[str, Any], tmp_path: Path
) -> None:
    old = written(found("redis", "stripe"), tmp_path)
    assert compare_with_known(found("redis", **changes), old, (), whole).comparison == Comparison(
        old=1, fixed=0
    )


@pytest.mark.parametrize(
    ("name", "written_as", "gone"),
    [("api", "api", True), ("worker", "api", False), (None, "api", True), ("api", None, True)],
)
def test_an_image_with_a_name_has_findings_of_its_own(
    name: Optional[str], written_as: Optional[str], gone: bool, tmp_path: Path
) -> None:
    old = written(found("redis", name=written_as), tmp_path)
    assert hidden(compare_with_known(found("redis", name=name), old, ())) == ({"redis"} if gone else set())


@pytest.mark.parametrize(("written_as", "fixed"), [("api", 1), (None, 1), ("worker", 0)])
def test_fixed_are_those_of_the_images_that_were_checked(
    written_as: Optional[str], fixed: int, tmp_path: Path
) -> None:
    old = written(found("redis", name=written_as), tmp_path)
    assert compare_with_known(found("stripe", name="api"), old, ()).comparison == Comparison(0, fixed)


def test_what_is_ignored_is_neither_written_nor_fixed(tmp_path: Path) -> None:
    def policed(result: Report) -> Report:
        return apply_policy(result, Policy({"IG101": None}), date(2030, 1, 1))

    assert written(policed(found("redis")), tmp_path) == ()
    old = written(found("redis"), tmp_path)
    assert compare_with_known(policed(found("redis")), old, ()).comparison == Comparison(old=0, fixed=0)


def test_the_file_is_the_same_in_any_order(tmp_path: Path) -> None:
    one, other = found("redis", "stripe"), found("stripe", "redis")
    lines = render_baseline(one).splitlines()
    assert len(lines) == len(render_baseline(other).splitlines())
    assert [known["missing"] for known in json.loads(render_baseline(other))["findings"]] == [
        "redis",
        "stripe",
    ]
    hostile = report(failed("shop.\udcff", raised(("ValueError", "\ud800", None))))
    written(hostile, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no baseline"),
        ("[]", "schema_version 1"),
        ('{"schema_version": 2}', "schema_version 1"),
        ('{"schema_version": 1}', "lacks 'findings'"),
        ('{"schema_version": 1, "findings": [{}]}', "lacks 'fingerprint'"),
        ('{"schema_version": 1, "findings": [5]}', "is no baseline"),
        ("[" * 100_000, "is no baseline"),
        (
            '{"schema_version": 1, "findings": [{"fingerprint": "a", "rule": "b", "module": "c", '
            '"missing": [], "image": {}}]}',
            "lacks strings for missing and image",
        ),
        (None, "--write-baseline known.json makes it"),
    ],
)
def test_what_is_no_baseline_is_an_error(
    text: Optional[str],
    said: str,
    checked: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if text is not None:
        Path("known.json").write_text(text)
    assert run("check", "shop", "--baseline", "known.json") == 2
    assert said in capsys.readouterr().err
    assert checked == []


@pytest.mark.parametrize("arguments", [("--write-baseline", "/nowhere/x"), ("--baseline-accept", "redis")])
def test_wrong_use(arguments: Sequence[str], checked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "shop", *arguments) == 2
    assert arguments[0] in capsys.readouterr().err
    assert checked == []


def test_the_way_of_a_team(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    three = evidence(*(failed(f"shop.{name}", no_module(name)) for name in ("redis", "stripe", "celery")))
    replace_check(monkeypatch, three)
    assert run("check", "shop") == 1
    assert run("check", "shop", "--write-baseline", "known.json") == 0
    assert "Baseline known.json: 3 old findings are not shown." in capsys.readouterr().out
    Path("importguard.toml").write_text('baseline = "known.json"')
    assert run("check", "shop") == 0
    replace_check(monkeypatch, evidence(*three.modules[1:], failed("shop.new", no_module("new"))))
    capsys.readouterr()
    assert run("check", "shop", "--format", "json") == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)
    assert document["baseline"] == {"old": 2, "fixed": 1, "breaking": 0}
    assert [finding["missing"] for finding in document["images"][0]["findings"]] == ["new"]
    assert "1 fixed: run --write-baseline known.json to keep it fixed" in document["notes"][0]
    replace_check(monkeypatch, SOUND)
    assert run("check", "shop", "--write-baseline", "known.json") == 0
    assert json.loads(Path("known.json").read_text())["findings"] == []


def test_an_incomplete_check_writes_no_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    replace_check(monkeypatch, evidence(imported("shop"), complete=False, error="time ran out"))
    assert run("check", "shop", "--write-baseline", "known.json") == 4
    assert "was not written: the check is not complete" in capsys.readouterr().out
    assert not Path("known.json").exists()


def test_the_note_counts() -> None:
    assert comparison_note("b", Comparison(1, 0)) == "Baseline b: 1 old finding is not shown."
    assert "; 2 more break startup and are shown all the same (" in comparison_note("b", Comparison(1, 0, 2))
    assert comparison_note("b", Comparison(0, 12)).endswith(
        "12 fixed: run --write-baseline b to keep them fixed."
    )
