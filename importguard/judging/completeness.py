"""Say what keeps a check from being complete. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Optional

from importguard.diagnosis.parts import START, part_of
from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import MORE_TIME, Evidence
from importguard.judging.startup_impact import is_of_environment, stops_for_environment
from importguard.model import FAILURES, Finding, Outcome

_RUNS = "runs when imported"


def find_shortfalls(findings: Sequence[Finding], evidence: Evidence) -> list[str]:
    """Why the image could not be wholly judged, with what to do; empty where it was."""
    reasons = [*_unjudged(evidence)]
    reasons += [reason for entry in evidence.entrypoints if (reason := _unverified(entry, evidence))]
    reasons += [_stopped(finding) for finding in findings if stops_for_environment(finding, evidence)]
    unseen = _unseen(evidence)
    reasons += [f"its start could not be observed: {unseen}"] if unseen else []
    reasons += [*_not_run(evidence)]
    reasons += [_wanting(finding) for finding in findings if _is_wanting(finding)]
    return list(dict.fromkeys(reasons))


def _unjudged(evidence: Evidence) -> Iterable[str]:
    outcomes = Counter(module.outcome for module in evidence.modules if module.selected)
    settled = sum(outcomes[name] for name in (Outcome.IMPORTED, *FAILURES))
    unchecked = sum(outcomes.values()) - settled - outcomes[Outcome.SKIPPED]
    advice = f". {MORE_TIME}" if evidence.out_of_time else ""
    if unchecked:
        count = "1 module was" if unchecked == 1 else f"{unchecked} modules were"
        why = evidence.error or "the check broke off"
        yield f"{count} not checked: {why}{advice}"
    elif evidence.error or not evidence.complete:
        yield f"{evidence.error or 'the check broke off before everything was judged'}{advice}"
    if not settled and not unchecked and evidence.executable:
        why = "every module found is left out" if outcomes else "no module of the application was found"
        yield f"nothing was imported: {why}. Name what to check: --package NAME"


def _unverified(entry: EntryPoint, evidence: Evidence) -> Optional[str]:
    """A start command whose target got no verdict is never passed over."""
    if entry.module is None:
        return None
    target = next(
        (module for module in evidence.modules if module.name == entry.module and module.selected), None
    )
    if target is None or (target.outcome == Outcome.SKIPPED and target.detail != _RUNS):
        left_out = " but is left out" if target else ""
        return (
            f"the start command '{entry.command}' loads {entry.module}, which is not among the "
            f"checked modules{left_out}. "
            "Name its package with --package, or what production runs with --command"
        )
    if target.outcome == Outcome.IMPORTED and entry.outcome not in ("ok", "missing_attribute"):
        return f"the start command '{entry.command}' could not be verified: {entry.target} was not looked up"
    return None


def _unseen(evidence: Evidence) -> str:
    """Why the start has no verdict: no pass is what accepted, did not get ready, and gave no wrong answer."""
    start = evidence.start
    if start is None or start.error:
        return start.error if start else ""
    is_ready = start.ready is not None or start.held
    if start.port is None or is_ready or start.ending or start.out_of_memory:
        return ""
    answers = (
        *(answer for _, answer in (*start.http, *start.websocket)),
        *([start.grpc] if start.grpc else ()),
    )
    is_told = any(not answer.right for answer in answers)
    return "" if is_told else "it did not get ready, and no answer of it says why"


def _not_run(evidence: Evidence) -> Iterable[str]:
    """The user's own command, where it could not be run against the started services."""
    journey = evidence.start.journey if evidence.start else None
    if journey is not None and journey.error:
        yield f"'{journey.command}' could not be run against the services: {journey.error}"


def _is_wanting(finding: Finding) -> bool:
    """Whether the container could not start for want of what production gives it."""
    return part_of(finding) == START and is_of_environment(finding)


def _wanting(finding: Finding) -> str:
    assert finding.diagnosis is not None
    told = finding.diagnosis
    return f"whether it starts is not known. {told.explanation} To check further: {told.remedy}"


def _stopped(finding: Finding) -> str:
    assert finding.diagnosis is not None
    return (
        f"startup stops in {finding.module}, and what lies behind it is unchecked. "
        f"{finding.diagnosis.explanation} To check further: {finding.diagnosis.remedy}"
    )
