"""What fails only in scripts that nothing imports is a warning: it stops no service. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from importguard.evidence.inspection import Evidence
from importguard.judging.startup_impact import is_of_environment
from importguard.model import Finding, RuleFamily, Severity
from importguard.rules.imports import IMPORT_EXITS

_MOST_NAMES = 5


def soften_for_scripts(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """The findings, marked before by what they do to the start, with those of scripts as warnings.

    Those that lie aside (``scripts/``, ``tools/``, ``vendor/``), and those anywhere whose import ends the
    process, as ``parse_args()`` does: what comes before that has been imported then. Those that only lack
    their environment are notes.
    """
    scripts = {one.module: one.aside for one in evidence.clues.scripts} if evidence.clues else {}
    started = {name for entry in evidence.entrypoints for name in (entry.module, *entry.reaches)}
    scripts = {name: aside for name, aside in scripts.items() if name not in started}
    return [_softened(one, scripts) for one in findings]


def _softened(finding: Finding, scripts: dict[str, bool]) -> Finding:
    if _is_of_scripts(finding, scripts):
        return replace(finding, severity=Severity.WARNING)
    if is_of_environment(finding) and finding.affected and set(finding.affected) <= set(scripts):
        return replace(finding, severity=Severity.NOTE)  # a HEALTHCHECK's, which asks the service at import
    return finding


def _is_of_scripts(finding: Finding, scripts: dict[str, bool]) -> bool:
    if finding.severity is not Severity.ERROR or finding.rule.family is not RuleFamily.IMPORTS:
        return False
    if not finding.affected or finding.breaks_startup or finding.loaded_at_startup:
        return False
    exits = finding.rule is IMPORT_EXITS
    return all(name in scripts and (exits or scripts[name]) for name in finding.affected)


def script_note(findings: Sequence[Finding], evidence: Evidence) -> tuple[str, ...]:
    """Say which scripts are only warned of, and how to have one checked as what production starts."""
    scripts = {one.module for one in evidence.clues.scripts} if evidence.clues else set()
    warned = [one for one in findings if one.severity is Severity.WARNING and one.affected]
    names = sorted({name for one in warned if scripts.issuperset(one.affected) for name in one.affected})
    if not names:
        return ()
    shown = ", ".join(names[:_MOST_NAMES]) + (" …" if len(names) > _MOST_NAMES else "")
    return (
        f"Only warned of, since nothing imports these scripts: {shown}. Where production runs one, name its "
        "command: --command CMD.",
    )
