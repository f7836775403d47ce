"""The lines to change, each once, whatever number of findings it mends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from importguard.model import Diagnosis, Finding, Location


@dataclass(frozen=True)
class LineToChange:
    """``diagnosis`` is that of the first of the ``findings`` that have this cause at this place."""

    location: Location
    diagnosis: Diagnosis
    findings: tuple[Finding, ...]

    @property
    def missing_names(self) -> tuple[str, ...]:
        """The names of what is missing by this line."""
        return tuple(dict.fromkeys(finding.missing or finding.module for finding in self.findings))

    @property
    def added_lines(self) -> tuple[str, ...]:
        """The lines to add there, word for word. What .dockerignore keeps out stands below its exceptions."""
        found = (finding.diagnosis.change for finding in self.findings if finding.diagnosis)
        lines = dict.fromkeys(line for change in found if change for line in change.split("\n"))
        return tuple(sorted(lines, key=lambda line: not line.startswith("!")))


def lines_to_change(findings: Iterable[Finding]) -> list[LineToChange]:
    """In the order of the findings; causes without a place have none."""
    lines: dict[tuple[str, Location], LineToChange] = {}
    for finding in findings:
        diagnosis = finding.diagnosis
        if diagnosis is None or diagnosis.location is None or diagnosis.cause == "unknown":
            continue
        key = (diagnosis.cause, diagnosis.location)
        line = lines.setdefault(key, LineToChange(diagnosis.location, diagnosis, ()))
        lines[key] = replace(line, findings=(*line.findings, finding))
    return list(lines.values())
