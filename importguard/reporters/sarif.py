"""SARIF 2.1.0, as code scanning reads it. Sections are those of the OASIS standard:
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Optional
from urllib.parse import quote

from importguard import __version__
from importguard.diagnosis.parts import part_of
from importguard.model import Finding, ImportStep, Location, Rule
from importguard.report import ImageReport, Report
from importguard.reporters.wording.places import first_line_of_dockerfile, in_repository, repository_line
from importguard.reporters.wording.sentences import finding_story
from importguard.rules import RULES
from importguard.terminal import escape_lines, escape_text

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_INDEXES = {name: index for index, name in enumerate(RULES)}


def render(report: Report) -> str:
    """The report as JSON text in ASCII, with a newline at its end: one run an image."""
    numbers: Counter[str] = Counter()
    runs = []
    for image in report.images:
        name = image.image.stable_name
        numbers[name] += 1
        # Two runs of one category would take each other's place (section 3.17.3).
        runs.append(_run(image, name if numbers[name] == 1 else f"{name}-{numbers[name]}"))
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, indent=2) + "\n"


def _run(image: ImageReport, name: str) -> dict[str, Any]:
    return {
        "tool": {
            "driver": {
                "name": "importguard",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in RULES.values()],
            }
        },
        # Up to the last slash it is the category, in which results are compared with those of the last run.
        "automationDetails": {"id": f"importguard/{escape_text(name)}/"},
        "invocations": [_invocation(image)],
        # What is suppressed is left out: code scanning knows no suppressions and would open an alert for each
        # (https://github.com/github/codeql-action/issues/1230).
        "results": [_result(finding, image) for finding in image.findings],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "image": escape_text(image.image.reference),
            "imageId": escape_text(image.image.id),
            "platform": escape_text(image.image.platform),
        },
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": rule.help_text},
        "help": {"text": rule.help_text, "markdown": rule.help_text},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"precision": "very-high", "tags": ["importguard", rule.name]},
    }


def _invocation(image: ImageReport) -> dict[str, Any]:
    """Section 3.20: an image that could not be judged is no run without results."""
    invocation: dict[str, Any] = {"executionSuccessful": image.complete}
    if image.error:
        notification = {
            "level": "error",
            "message": _message(escape_lines(image.error)),
            "locations": [_location(first_line_of_dockerfile(image))],
        }
        invocation["toolExecutionNotifications"] = [notification]
    return invocation


def _result(finding: Finding, image: ImageReport) -> dict[str, Any]:
    shown = repository_line(finding, image)
    location = _location(shown)
    location["logicalLocations"] = [{"fullyQualifiedName": escape_text(finding.module), "kind": "module"}]
    result: dict[str, Any] = {
        "ruleId": finding.rule.id,
        "ruleIndex": _INDEXES.get(finding.rule.id, -1),
        "level": finding.severity.value,
        "message": _message("\n".join([_subject(finding), *finding_story(finding)])),
        "locations": [location],
        "partialFingerprints": {"importguard/v1": finding.fingerprint},
        "properties": {
            "part": part_of(finding),
            "breaksStartup": finding.breaks_startup,
            "loadedAtStartup": finding.loaded_at_startup,
            "affected": len(finding.affected),
        },
    }
    importing = in_repository(finding.location, image)
    if importing is not None and importing != shown:
        result["relatedLocations"] = [{**_location(importing), "message": {"text": "What fails is here."}}]
    steps = [_step(step, image) for step in finding.chain]
    if len(steps) > 1:
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _subject(finding: Finding) -> str:
    return f"{finding.rule.summary}: {escape_text(finding.missing or finding.module)}"


def _step(step: ImportStep, image: ImageReport) -> dict[str, Any]:
    """One import on the way (section 3.38); its file need not be in the repository."""
    found = in_repository(step.location, image)
    text = f"{escape_text(step.importer)} imports {escape_text(step.imported)}"
    return {"location": {**_location(found), "message": _message(text)}}


def _location(location: Optional[Location]) -> dict[str, Any]:
    """Relative to the root of the sources, whose usual name is %SRCROOT% (section 3.14.14)."""
    if location is None:
        return {}
    region: dict[str, Any] = {"startLine": location.line or 1}
    if location.column:
        region["startColumn"] = location.column
    artifact = {"uri": quote(location.path, errors="backslashreplace"), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": region}}


def _message(text: str) -> dict[str, str]:
    """Plain text that holds no link: ``[text](target)`` would be one (section 3.11.6)."""
    return {"text": text.replace("](", "] (")}
