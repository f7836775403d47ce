"""The SARIF report against the official schema, and what code scanning needs beyond it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
from unit.reports import DIAGNOSIS, finding, image, lost, report

from importguard.model import Location, Severity
from importguard.report import ImageReport
from importguard.reporters.sarif import render
from importguard.rules import RULES

SCHEMA = json.loads((Path(__file__).parent / "schemas/sarif-2.1.0-rtm.5.json").read_text())


def validate(parsed: Any) -> None:
    """Raises unless ``parsed`` is SARIF 2.1.0, with its formats (URI references) checked."""
    jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(parsed)


def runs(*images: ImageReport) -> list[dict[str, Any]]:
    parsed = json.loads(render(report(*images)))
    validate(parsed)
    assert parsed["version"] == "2.1.0"
    return parsed["runs"]  # type: ignore[no-any-return]


def result(*findings: Any, **changes: Any) -> dict[str, Any]:
    return runs(image(*findings, **changes))[0]["results"][0]  # type: ignore[no-any-return]


def where(shown: dict[str, Any]) -> tuple[str, int]:
    physical = shown["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


def test_a_whole_result() -> None:
    shown = result(finding(diagnosis=DIAGNOSIS))
    assert (shown["ruleId"], shown["level"]) == ("IG101", "error")
    assert where(shown) == ("backend/.dockerignore", 7)
    related = shown["relatedLocations"][0]["physicalLocation"]
    assert related["artifactLocation"]["uri"] == "backend/shop/setup.py"
    assert shown["partialFingerprints"] == {"importguard/v1": finding().fingerprint}
    assert "shop.setup fails too" in shown["message"]["text"]
    assert "Try: add !shop/monitoring/ below it." in shown["message"]["text"]
    steps = shown["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        "shop.main imports shop.setup",
        "shop.setup imports shop.monitoring",
    ]


def test_the_cause_else_the_import_else_the_dockerfile() -> None:
    assert where(result(finding())) == ("backend/shop/setup.py", 10)
    assert where(result(finding(), places={})) == ("backend/Dockerfile", 1)
    assert where(result(finding(), places={"shop/main.py": "shop/main.py"})) == ("shop/main.py", 3)
    assert where(result(finding(location=None, chain=()))) == ("backend/Dockerfile", 1)
    unnumbered = finding(location=Location("shop/setup.py"), chain=())
    assert where(result(unnumbered)) == ("backend/shop/setup.py", 1)


def test_paths_are_uris() -> None:
    odd = finding(location=Location("shop/setup.py", 1))
    assert where(result(odd, places={"shop/setup.py": "a b/c:d/#é%.py"}))[0] == "a%20b/c%3Ad/%23%C3%A9%25.py"


def test_every_rule_is_described() -> None:
    driver = runs(image())[0]["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    assert all(rule["help"]["text"] and rule["help"]["markdown"] for rule in driver["rules"])
    for name in RULES:
        shown = result(finding(name))
        assert driver["rules"][shown["ruleIndex"]]["id"] == shown["ruleId"] == name


def test_a_severity_of_its_own_is_the_level() -> None:
    assert result(finding("IG104", severity=Severity.WARNING))["level"] == "warning"


def test_an_image_without_a_verdict_is_not_a_run_without_results() -> None:
    (run,) = runs(lost())
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "lost: no such image"
    assert runs(image())[0]["invocations"] == [{"executionSuccessful": True}]


def test_runs_keep_their_category_from_build_to_build_and_apart() -> None:
    first, second = runs(image(), image())
    assert first["automationDetails"]["id"] == "importguard/gcr.io/shop/web/"
    assert second["automationDetails"]["id"] == "importguard/gcr.io/shop/web-2/"
