"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from importguard.model import Finding, Location, Severity
from importguard.report import ImageReport, Report
from importguard.reporters.wording.places import first_line_of_dockerfile, repository_line
from importguard.reporters.wording.sentences import finding_story
from importguard.terminal import escape_lines, escape_text

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def render(report: Report) -> str:
    """The report as JSON text in ASCII, with a newline at its end: a list with an entry for each finding."""
    entries = [entry for image in report.images for entry in _image(image)]
    return json.dumps(entries, indent=2) + "\n"


def _image(image: ImageReport) -> Iterator[dict[str, Any]]:
    reference = escape_text(image.image.reference)
    name = image.image.stable_name
    if image.error:
        text = f"{reference} could not be wholly checked: {escape_lines(image.error)}"
        yield _entry(text, "no-verdict", f"{name} no-verdict", "blocker", first_line_of_dockerfile(image))
    for finding in image.findings:
        text = f"{finding.rule.id} {reference}: " + "\n".join(finding_story(finding))
        key = f"{name} {finding.fingerprint}"
        yield _entry(text, finding.rule.name, key, _severity(finding), repository_line(finding, image))


def _severity(finding: Finding) -> str:
    if finding.breaks_startup and finding.severity is Severity.ERROR:
        return "blocker"
    return _SEVERITIES[finding.severity]


def _entry(text: str, check: str, key: str, severity: str, location: Location) -> dict[str, Any]:
    return {
        "description": text,
        "check_name": check,
        "fingerprint": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": severity,
        "location": {"path": escape_text(location.path), "lines": {"begin": location.line}},
    }
