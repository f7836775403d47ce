"""IG109: the start command's module imports, but the object that it names is not there."""

from __future__ import annotations

from importguard.evidence import EntryPoint, Evidence
from importguard.failures.frames import relative
from importguard.model import Finding, Location
from importguard.rules import RULES


def check(evidence: Evidence) -> list[Finding]:
    """One finding a target, however many commands name it."""
    lost = {entry.target: entry for entry in evidence.entrypoints if entry.outcome == "missing_attribute"}
    return [_finding(entry, evidence) for entry in lost.values()]


def _finding(entry: EntryPoint, evidence: Evidence) -> Finding:
    path = next((item.path for item in evidence.modules if item.name == entry.module), None)
    return Finding(
        rule=RULES["IG109"],
        severity=RULES["IG109"].severity,
        module=entry.module or "",
        message=f"'{entry.command}' loads '{entry.target}', but module '{entry.module}' has no attribute "
        f"'{entry.attribute}'",
        missing=f"{entry.module}.{entry.attribute}",
        location=Location(relative(path, evidence.import_path)) if path else None,
    )
