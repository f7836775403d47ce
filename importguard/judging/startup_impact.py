"""What keeps the application from starting, and what keeps the check from being complete. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Optional

from importguard.diagnosis.parts import IMAGE, PARTS, START, part_of
from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.model import (
    EntryPointVerdict,
    Finding,
    ImageReport,
    RequestVerdict,
    RuleFamily,
    Severity,
    StartVerdict,
)
from importguard.rules.imports import ENTRYPOINT_TARGET

_MOST_LOG_LINES = 100

Target = tuple[EntryPoint, frozenset[str]]

_RUNS = "runs when imported"


def mark(findings: Iterable[Finding], evidence: Evidence) -> list[Finding]:
    """Set what each finding does to the start, and put them in the order in which they are to be read.

    The part (image, code) that keeps the application from starting comes first; in each part what breaks
    startup, then what a start command imports, then the rest. Both marks are None where no start command was
    recognised; where one of several was not, they are never False.

    What fails for want of the environment breaks no startup where production sets it: see ``shortfalls``.
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
    breaking = {part_of(finding) for finding in marked if finding.breaks_startup}
    first = IMAGE if IMAGE in breaking or not breaking else next(iter(breaking))
    parts = sorted(PARTS, key=lambda part: part != first)
    return sorted(marked, key=lambda finding: (parts.index(part_of(finding)), *_order(finding, evidence)))


def _order(finding: Finding, evidence: Evidence) -> tuple[int, bool, int, str]:
    ranks = (finding.breaks_startup, _is_stop(finding, evidence), finding.loaded_at_startup, True)
    warns = finding.severity is not Severity.ERROR
    return [bool(rank) for rank in ranks].index(True), warns, -len(finding.affected), _subject(finding)


def _subject(finding: Finding) -> str:
    return finding.missing or finding.module


def _is_loaded(finding: Finding, targets: Sequence[Target], evidence: Evidence) -> Optional[bool]:
    """Whether a start command imports a module that fails by it.

    None also for what is found by comparing files and requirements, which concerns no module's import, and
    where it is not known what the start loads: it was not tried, or what prepares it failed.
    """
    if _is_preparation(finding, evidence):
        return True
    if not targets or finding.rule.family is not RuleFamily.IMPORTS:
        return None
    names = {finding.module, *finding.affected}
    if any(entry.module in names or not names.isdisjoint(reaches) for entry, reaches in targets):
        return True
    unprepared = evidence.preparation is not None and evidence.preparation.outcome != "imported"
    untried = any(entry.outcome in (None, "unchecked") for entry, _ in targets)
    return None if unprepared or untried or _is_unknown(targets, evidence) else False


def _breaks(finding: Finding, targets: Sequence[Target], evidence: Evidence) -> Optional[bool]:
    if _is_environment(finding):
        return False if targets else None
    if _is_preparation(finding, evidence):
        return True
    if part_of(finding) == START:
        return finding.severity is Severity.ERROR
    if not targets:
        return None
    if finding.rule.family is RuleFamily.SOURCE:
        return False  # what drift breaks has a finding of its own
    if any(_breaks_target(finding, entry, reaches) for entry, reaches in targets):
        return True
    return None if _is_unknown(targets, evidence) else False


def _is_unknown(targets: Sequence[Target], evidence: Evidence) -> bool:
    """Whether a start command was not understood: what it loads is not known."""
    return not targets or any(entry.module is None for entry in evidence.entrypoints)


def _breaks_target(finding: Finding, entry: EntryPoint, reaches: frozenset[str]) -> bool:
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
    circular = "partially initialized module" in finding.message
    sources = (finding.module,) if finding.reached else finding.affected
    return not circular and any(source in reaches for source in sources)


def is_certain_to_break(finding: Finding, image: ImageReport) -> bool:
    """Whether a start command's own import was tried and failed by this error, whatever is unchecked."""
    if finding.severity is not Severity.ERROR or not (finding.breaks_startup and finding.reached):
        return False
    failed = {
        entry.target.partition(":")[0] for entry in image.entrypoints if entry.target and _failed(entry)
    }
    return not failed.isdisjoint({finding.module, *finding.affected})


def _failed(entry: EntryPointVerdict) -> bool:
    return entry.outcome in ("failed", "exited", "crashed", "timed_out", "missing_attribute")


def shortfalls(findings: Sequence[Finding], evidence: Evidence) -> list[str]:
    """Why the image could not be wholly judged, with what to do; empty where it was."""
    reasons = [*_unjudged(evidence)]
    reasons += [reason for entry in evidence.entrypoints if (reason := _unverified(entry, evidence))]
    reasons += [_stopped(finding) for finding in findings if _is_stop(finding, evidence)]
    reasons += [f"its start could not be observed: {unseen}"] if (unseen := _unseen(evidence)) else []
    reasons += [_wanting(finding) for finding in findings if _is_wanting(finding)]
    return list(dict.fromkeys(reasons))


def _unjudged(evidence: Evidence) -> Iterable[str]:
    outcomes = Counter(item.outcome for item in evidence.modules if item.selected)
    settled = sum(outcomes[name] for name in ("imported", "failed", "exited", "crashed", "timed_out"))
    unchecked = sum(outcomes.values()) - settled - outcomes["skipped"]
    if unchecked:
        count = "1 module was" if unchecked == 1 else f"{unchecked} modules were"
        why = evidence.error or "the check broke off"
        advice = ". Give it more time with --timeout" if "--" not in why and "time" in why else ""
        yield f"{count} not checked: {why}{advice}"
    elif evidence.error or not evidence.complete:
        yield evidence.error or "the check broke off before everything was judged"
    if not settled and not unchecked and evidence.executable:
        yield "nothing was imported: every module found is left out. Name what to check: --package NAME"


def _unverified(entry: EntryPoint, evidence: Evidence) -> Optional[str]:
    """A start command whose target got no verdict is never passed over."""
    if entry.module is None:
        return None
    target = next((item for item in evidence.modules if item.name == entry.module and item.selected), None)
    if target is None or (target.outcome == "skipped" and target.detail != _RUNS):
        left_out = " but is left out" if target else ""
        return (
            f"the start command '{entry.command}' loads {entry.module}, which is not among the "
            f"checked modules{left_out}. "
            "Name its package with --package, or what production runs with --command"
        )
    if target.outcome == "imported" and entry.outcome not in ("ok", "missing_attribute"):
        return f"the start command '{entry.command}' could not be verified: {entry.target} was not looked up"
    return None


def _is_stop(finding: Finding, evidence: Evidence) -> bool:
    """Behind a startup that stops for want of its environment, nothing was seen."""
    if not _is_environment(finding):
        return False
    targets = {entry.module for entry in evidence.entrypoints}
    return _is_preparation(finding, evidence) or not targets.isdisjoint(finding.affected)


def start_verdict(start: ServiceStart) -> StartVerdict:
    """What the report says of a start. The log is only that of one that failed."""
    requests = [(f"GET {asked.path}", answer) for asked, answer in start.http]
    requests += [(f"WebSocket {asked.path}", answer) for asked, answer in start.websocket]
    failed = not start.held and not start.skipped
    return StartVerdict(
        command=start.command,
        platform=start.settings.platform,
        port=start.port,
        accepted=start.accepted,
        ready=start.ready if start.held else None,
        stopped=start.stop_seconds,
        exit_code=start.ending.code if start.ending else None,
        requests=(
            *_health_verdict(start),
            *(RequestVerdict(name, one.status, one.right, one.seconds) for name, one in requests),
        ),
        log=tuple(start.log.splitlines()[-_MOST_LOG_LINES:]) if failed else (),
        skipped=start.skipped,
        logs=(("", start.log), *start.others),
    )


def _health_verdict(start: ServiceStart) -> Iterable[RequestVerdict]:
    """The image's HEALTHCHECK, whose exit code stands for a status."""
    if start.health is not None:
        yield RequestVerdict("HEALTHCHECK", start.health.code, start.health.code == 0, 0.0)


def _unseen(evidence: Evidence) -> str:
    return evidence.start.error if evidence.start else ""


def _is_wanting(finding: Finding) -> bool:
    """Whether the container could not start for want of what production gives it."""
    return part_of(finding) == START and _is_environment(finding)


def _wanting(finding: Finding) -> str:
    assert finding.diagnosis is not None
    told = finding.diagnosis
    return f"whether it starts is not known. {told.explanation} Check again with it: {told.remedy}"


def _is_environment(finding: Finding) -> bool:
    return finding.diagnosis is not None and finding.diagnosis.cause == "environment"


def _is_preparation(finding: Finding, evidence: Evidence) -> bool:
    return evidence.preparation is not None and finding.module == evidence.preparation.description


def _stopped(finding: Finding) -> str:
    assert finding.diagnosis is not None
    return (
        f"startup stops in {finding.module}, and what lies behind it is unchecked. "
        f"{finding.diagnosis.explanation} Check again with it: {finding.diagnosis.remedy}"
    )
