"""The JSON report, schema_version 1: ``schemas/report.schema.json`` describes it.

Written field by field: additions are allowed, renames are not.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Optional

from importguard import __version__
from importguard.diagnosis.parts import part_of
from importguard.model import FAILURES, Diagnosis, Finding, Location, Outcome, Severity
from importguard.report import ImageReport, Report, StartVerdict


def render(report: Report) -> str:
    """The report as JSON text in ASCII, with a newline at its end."""
    plain = {
        "schema_version": 1,
        "importguard": __version__,
        "images": [_image(image) for image in report.images],
        "notes": list(report.notes),
        "baseline": report.comparison
        and {
            "old": report.comparison.old,
            "fixed": report.comparison.fixed,
            "breaking": report.comparison.breaking,
        },
    }
    return json.dumps(_valid(plain), indent=2, allow_nan=False) + "\n"


def _image(image: ImageReport) -> dict[str, Any]:
    interpreter = image.interpreter
    return {
        "image": {
            "name": image.image.label,
            "reference": image.image.reference,
            "id": image.image.id or None,
            "platform": image.image.platform or None,
        },
        "interpreter": interpreter
        and {
            "executable": interpreter.executable,
            "version": interpreter.version,
            "implementation": interpreter.implementation,
        },
        "import_path": list(image.import_path),
        "entrypoints": [
            {"command": entry.command, "target": entry.target, "outcome": entry.outcome}
            for entry in image.entrypoints
        ],
        "complete": image.complete,
        "error": image.error,
        "summary": _summary(image),
        "modules": [
            {
                "name": module.name,
                "path": module.path,
                "outcome": module.outcome,
                "rule": module.rule,
                "seconds": round(module.seconds, 6),
            }
            for module in image.modules
        ],
        "findings": [_finding(finding) for finding in image.findings],
        "suppressed": [_finding(finding) for finding in image.suppressed],
        "start": _start(image.start) if image.start else None,
        "notes": list(image.notes),
    }


def _start(start: StartVerdict) -> dict[str, Any]:
    return {
        "command": start.command,
        "platform": start.platform,
        "skipped": start.skipped or None,
        "port": start.port,
        "accepted_seconds": _seconds(start.accepted),
        "ready_seconds": _seconds(start.ready),
        "stop_seconds": _seconds(start.stopped),
        "memory_peak_bytes": start.memory_peak,
        "exit_code": start.exit_code,
        "requests": [
            {
                "request": verdict.request,
                "status": verdict.status,
                "right": verdict.right,
                "seconds": round(verdict.seconds, 3),
            }
            for verdict in start.requests
        ],
        "log": list(start.log),
    }


def _seconds(seconds: Optional[float]) -> Optional[float]:
    return None if seconds is None else round(seconds, 3)


def _summary(image: ImageReport) -> dict[str, Any]:
    outcomes = Counter(module.outcome for module in image.modules)
    severities = Counter(finding.severity for finding in image.findings)
    return {
        "modules": len(image.modules),
        "imported": outcomes[Outcome.IMPORTED],
        "failed": sum(outcomes[outcome] for outcome in FAILURES),
        "skipped": outcomes[Outcome.SKIPPED],
        "unchecked": outcomes[Outcome.UNCHECKED],
        "causes": len(image.findings),
        "errors": severities[Severity.ERROR],
        "warnings": severities[Severity.WARNING],
        "suppressed": len(image.suppressed),
        "seconds": round(image.seconds, 3),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "name": finding.rule.name,
        "severity": finding.severity.value,
        "module": finding.module,
        "missing": finding.missing,
        "also_missing": list(finding.also_missing),
        "message": finding.message,
        "symptoms": [_symptom(symptom) for symptom in finding.symptoms],
        "location": _location(finding.location),
        "chain": [
            {
                "importer": step.importer,
                "imported": step.imported,
                "path": step.location.path,
                "line": step.location.line,
            }
            for step in finding.chain
        ],
        "affected": list(finding.affected),
        "reached": finding.reached,
        "part": part_of(finding),
        "late": finding.late,
        "breaks_startup": finding.breaks_startup,
        "loaded_at_startup": finding.loaded_at_startup,
        "diagnosis": _diagnosis(finding.diagnosis) if finding.diagnosis else None,
        "suppression": finding.suppression
        and {"by": finding.suppression.by, "reason": finding.suppression.reason},
        "fingerprint": finding.fingerprint,
    }


def _symptom(symptom: Finding) -> dict[str, Any]:
    return {
        "rule": symptom.rule.id,
        "name": symptom.rule.name,
        "severity": symptom.severity.value,
        "module": symptom.module,
        "message": symptom.message,
        "fingerprint": symptom.fingerprint,
    }


def _diagnosis(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "cause": diagnosis.cause,
        "explanation": diagnosis.explanation,
        "remedy": diagnosis.remedy,
        "location": _location(diagnosis.location),
        "confidence": diagnosis.confidence,
        "quote": diagnosis.quote,
        "change": diagnosis.change,
        "evidence": list(diagnosis.evidence),
    }


def _location(location: Optional[Location]) -> Optional[dict[str, Any]]:
    return {"path": location.path, "line": location.line} if location else None


def _valid(value: Any) -> Any:
    """The same with lone surrogates as backslash escapes: Unicode text has none (RFC 8259, section 8.2)."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_valid(item) for item in value]
    if isinstance(value, dict):
        return {key: _valid(item) for key, item in value.items()}
    return value
