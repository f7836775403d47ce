"""Errors that are only warned of, since no start needs what fails: what all kinds share. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Callable

from importguard.model import SEVEREST_FIRST, Finding, Severity

_MOST_NAMES = 5


@dataclass(frozen=True)
class Softening:
    """A kind of failure that counts for less, since no start needs what fails.

    ``condition`` says whether a finding is of this kind. ``note`` tells the reader of the report why, and
    names the ``{modules}``; an empty one tells nothing. ``severity`` is what a more severe finding becomes.
    """

    condition: Callable[[Finding], bool]
    note: str
    severity: Severity = Severity.WARNING

    def soften(self, finding: Finding) -> Finding:
        """Return the finding with the lower severity where it is of this kind, and else as it is."""
        is_severer = SEVEREST_FIRST.index(finding.severity) < SEVEREST_FIRST.index(self.severity)
        return replace(finding, severity=self.severity) if is_severer and self.condition(finding) else finding


def soften_findings(
    findings: Iterable[Finding], softenings: Iterable[Softening]
) -> tuple[list[Finding], list[str]]:
    """Return the findings, each softened by the first kind that it is of, and the notes of these kinds.

    What would fail next in modules that are only warned of is only warned of, too.
    """
    softened, notes = list(findings), []
    for softening in softenings:
        before, softened = softened, [softening.soften(finding) for finding in softened]
        changed = [new for old, new in zip(before, softened) if new is not old]
        if changed and softening.note:
            notes.append(softening.note.format(modules=_names_of_affected(changed)))
    return _soften_next_failures(softened), notes


def _soften_next_failures(findings: Sequence[Finding]) -> list[Finding]:
    """Soften what lies behind other findings in modules that fail by nothing more severe than a warning."""
    errors = {
        name for finding in findings if finding.reached and _is_error(finding) for name in finding.affected
    }
    failing = {name for finding in findings if finding.reached for name in finding.affected}
    next_failures = Softening(
        lambda finding: (
            not (finding.reached or finding.late) and failing - errors >= {finding.module, *finding.affected}
        ),
        note="",
    )
    return [next_failures.soften(finding) for finding in findings]


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR


def is_needed_by_no_start(finding: Finding) -> bool:
    """Whether it is known that no start needs what fails: none loads it, nor did one fail as badly by it.

    The findings were marked before by what they do to the start, and have their symptoms.
    """
    is_loaded = finding.breaks_startup is not False or finding.loaded_at_startup is not False
    is_missed = any(symptom.severity is finding.severity for symptom in finding.symptoms)
    return not is_loaded and not is_missed and bool(finding.affected)


def _names_of_affected(findings: Sequence[Finding]) -> str:
    names = sorted({name for finding in findings for name in finding.affected})
    return ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
