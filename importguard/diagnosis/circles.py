"""One circle of imports is one cause, from whichever of its modules it is entered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from importguard.diagnosis.code_mistakes import import_circle
from importguard.diagnosis.situation import Situation
from importguard.model import Finding


def one_a_circle(findings: Sequence[Finding], cases: Iterable[Situation]) -> list[Finding]:
    """The same findings, those of one circle as one; ``cases`` are what each was told from.

    It is that of the first missing name, so that its fingerprint does not hang on who failed first.
    """
    groups: dict[object, list[Finding]] = {}
    for number, (finding, case) in enumerate(zip(findings, cases)):
        circular = finding.diagnosis is not None and finding.diagnosis.cause == "circular"
        members = import_circle(case) if circular else frozenset()
        groups.setdefault((finding.rule.id, members) if members else number, []).append(finding)
    return [_merged(group) for group in groups.values()]


def _merged(group: Sequence[Finding]) -> Finding:
    first, *others = sorted(group, key=lambda finding: (finding.missing or "", finding.module))
    if not others or first.diagnosis is None:
        return first
    also = ", ".join(f"'{other.missing or other.module}'" for other in others)
    explanation = f"{first.diagnosis.explanation} Entered from another side, {also} fails in the same way."
    return replace(
        first,
        affected=tuple(sorted({name for finding in group for name in finding.affected})),
        diagnosis=replace(first.diagnosis, explanation=explanation),
    )
