"""Say which findings keep the application from starting. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Optional

from importguard.diagnosis.parts import IMAGE, PARTS, START, part_of
from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.failures.circular_words import says_circular
from importguard.model import FAILURES, Finding, Outcome, RuleFamily, Severity
from importguard.report import EntryPointVerdict, ImageReport
from importguard.rules.imports import ENTRYPOINT_TARGET, MISSING_MODULE, START_PROGRAM
from importguard.rules.start import NOT_LISTENING, START_EXITS

Target = tuple[EntryPoint, frozenset[str]]


def mark_startup_impact(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """Set what each finding does to the start, and put them in the order in which they are to be read.

    The part (image, code) that keeps the application from starting comes first; in each part what breaks
    startup, then what a start command imports, then the rest. Both marks are None where no start command was
    recognised; where one of several was not, they are never False. See also ``leave_open_behind_stop``.

    What a start that failed missed by its log is marked as the start shows it: a command may import it late.
    What fails for want of the environment breaks no startup where production sets it; what it leaves
    unchecked is a shortfall, see ``find_shortfalls``.
    """
    targets = [
        (entry, frozenset(entry.reaches)) for entry in evidence.entrypoints if entry.module is not None
    ]
    marked = [
        replace(
            finding,
            breaks_startup=_breaks(finding, targets, evidence),
            loaded_at_startup=_is_loaded(finding, targets, evidence),
        )
        for finding in findings
    ]
    missed = {
        one.missing for one in marked if one.rule in (START_EXITS, NOT_LISTENING) and one.breaks_startup
    }
    marked = [
        replace(one, breaks_startup=True, loaded_at_startup=True)
        if one.missing and one.missing in missed and one.rule.family is RuleFamily.IMPORTS
        else one
        for one in marked
    ]
    return _in_reading_order(marked, evidence)


def leave_open_behind_stop(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    """Where startup stopped for want of its environment, leave open what it would load after that.

    Its source does not tell what it loads by a name, or by an import in a function. Warnings keep their
    marks: they are of scripts, helpers of tests and the like, which lie apart from what starts.
    """
    if not any(stops_for_environment(finding, evidence) for finding in findings):
        return list(findings)
    opened = [
        replace(finding, breaks_startup=finding.breaks_startup or None, loaded_at_startup=None)
        if finding.severity is Severity.ERROR and finding.loaded_at_startup is False
        else finding
        for finding in findings
    ]
    return _in_reading_order(opened, evidence)


def _in_reading_order(findings: Sequence[Finding], evidence: Evidence) -> list[Finding]:
    breaking = {part_of(finding) for finding in findings if finding.breaks_startup}
    first = next((part for part in PARTS if part in breaking), IMAGE)
    parts = sorted(PARTS, key=lambda part: part != first)
    return sorted(findings, key=lambda finding: (parts.index(part_of(finding)), *_order(finding, evidence)))


def _order(finding: Finding, evidence: Evidence) -> tuple[int, bool, int, str]:
    is_import_error = finding.severity is Severity.ERROR and finding.rule.family is RuleFamily.IMPORTS
    ranks = (
        finding.breaks_startup,
        # What startup might load behind a variable that is missing; that one is said above all findings.
        is_import_error and finding.loaded_at_startup is not False and bool(evidence.entrypoints),
        stops_for_environment(finding, evidence),
        finding.loaded_at_startup,
        True,
    )
    warns = finding.severity is not Severity.ERROR
    return [bool(rank) for rank in ranks].index(True), warns, -len(finding.affected), _subject(finding)


def _subject(finding: Finding) -> str:
    return finding.missing or finding.module


def _is_loaded(finding: Finding, targets: Sequence[Target], evidence: Evidence) -> Optional[bool]:
    """Whether a start command imports a module that fails by it.

    None also for what is found by comparing files and requirements, which concerns no module's import, and
    where it is not known what the start loads: it was not tried, or what prepares it failed.
    """
    if is_of_preparation(finding, evidence) or finding.rule is START_PROGRAM:
        return True
    if not targets or finding.rule.family is not RuleFamily.IMPORTS:
        return None
    names = {finding.module, *finding.affected, *_importers_not_reached(finding, evidence)}
    if any(entry.module in names or not names.isdisjoint(reaches) for entry, reaches in targets):
        return True
    unprepared = evidence.preparation is not None and evidence.preparation.outcome != Outcome.IMPORTED
    untried = any(entry.outcome in (None, Outcome.UNCHECKED) for entry, _ in targets)
    return None if unprepared or untried or _is_unknown(targets, evidence) else False


def _breaks(finding: Finding, targets: Sequence[Target], evidence: Evidence) -> Optional[bool]:
    if is_of_environment(finding):
        return False if targets else None
    if is_of_preparation(finding, evidence) or finding.rule is START_PROGRAM:
        return True
    if part_of(finding) == START:
        return finding.severity is Severity.ERROR
    if not targets:
        return None
    if finding.rule.family is RuleFamily.SOURCE:
        return False  # what drift breaks has a finding of its own
    behind = _importers_not_reached(finding, evidence)
    if any(_breaks_target(finding, behind, entry, reaches) for entry, reaches in targets):
        return True
    return None if _is_unknown(targets, evidence) else False


def _is_unknown(targets: Sequence[Target], evidence: Evidence) -> bool:
    """Whether a start command was not understood: what it loads is not known."""
    return not targets or any(entry.module is None for entry in evidence.entrypoints)


def _importers_not_reached(finding: Finding, evidence: Evidence) -> frozenset[str]:
    """The modules that fail for another reason first, and whose statements ask for what is missing too."""
    missing = finding.missing
    if finding.rule is not MISSING_MODULE or not missing:
        return frozenset()
    return frozenset(
        site.module
        for site in evidence.sites
        if site.scope == "module"
        and site.resolves is False
        and (site.target == missing or site.target.startswith(missing + "."))
    )


def _breaks_target(
    finding: Finding, behind: frozenset[str], entry: EntryPoint, reaches: frozenset[str]
) -> bool:
    """Whether this command cannot start for this finding.

    A target that was imported is broken by nothing on its way: a module of a circle may fail only alone.
    Where the target failed, whatever else its import would come to is broken as well.
    """
    if finding.rule is ENTRYPOINT_TARGET:
        return finding.module == entry.module and entry.outcome == "missing_attribute"
    if entry.outcome in ("ok", "missing_attribute"):
        return False
    if entry.module in finding.affected:
        return True
    circular = says_circular(finding.message)
    sources = (finding.module,) if finding.reached else finding.affected
    return not circular and any(source in reaches or source == entry.module for source in (*sources, *behind))


def is_certain_to_break(finding: Finding, image: ImageReport) -> bool:
    """Whether a start command cannot be started, or its own import was tried and failed by this error,
    whatever is unchecked."""
    if finding.severity is not Severity.ERROR or not (finding.breaks_startup and finding.reached):
        return False
    if finding.rule is START_PROGRAM:
        return True
    failed = {
        entry.target.partition(":")[0] for entry in image.entrypoints if entry.target and _failed(entry)
    }
    return not failed.isdisjoint({finding.module, *finding.affected})


def _failed(entry: EntryPointVerdict) -> bool:
    return entry.outcome in (*FAILURES, "missing_attribute")


def stops_for_environment(finding: Finding, evidence: Evidence) -> bool:
    """Whether startup stopped for a missing variable or server: modules imported later are unverified."""
    if not is_of_environment(finding):
        return False
    targets = {entry.module for entry in evidence.entrypoints}
    return is_of_preparation(finding, evidence) or not targets.isdisjoint(finding.affected)


def is_of_environment(finding: Finding) -> bool:
    return finding.diagnosis is not None and finding.diagnosis.cause == "environment"


def is_of_preparation(finding: Finding, evidence: Evidence) -> bool:
    return evidence.preparation is not None and finding.module == evidence.preparation.description
