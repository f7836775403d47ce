"""IG109: the start command's module imports, but the object that it names is not there."""

from __future__ import annotations

from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.failures.application import application_code
from importguard.model import Finding, Location
from importguard.rules.imports import ENTRYPOINT_TARGET


def check_entrypoint_targets(evidence: Evidence) -> list[Finding]:
    """One finding a target, however many commands name it."""
    lost = {entry.target: entry for entry in evidence.entrypoints if entry.outcome == "missing_attribute"}
    return [_finding(entry, evidence) for entry in lost.values()]


def _finding(entry: EntryPoint, evidence: Evidence) -> Finding:
    code = application_code(evidence)
    path = code.files.get(entry.module or "")
    attribute = entry.attribute or ""
    lacked = attribute if " " in attribute else f"attribute '{attribute}'"
    return Finding(
        rule=ENTRYPOINT_TARGET,
        severity=ENTRYPOINT_TARGET.severity,
        module=entry.module or "",
        message=f"'{entry.command}' loads '{entry.target}', but module '{entry.module}' has no {lacked}",
        missing=f"{entry.module}.{entry.attribute}",
        location=Location(code.path_below_import_root(path)) if path else None,
    )
