"""Apply a policy to findings: set severities, and suppress with a reason. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Optional

from importguard.model import Finding, Severity, Suppression
from importguard.policy.model import Ignore, Policy
from importguard.report import ImageReport, Report


def apply_policy(report: Report, policy: Policy, today: date, whole: bool = True) -> Report:
    """The report with its findings' severities set, and with those that are ignored among ``suppressed``.

    An ignore that has expired is a note. So is one that matches nothing, where ``whole`` says that everything
    was to be checked that the policy is for, and it was.
    """
    images = tuple(_apply(image, policy, today) for image in report.images)
    whole = whole and all(image.complete for image in report.images)
    return replace(report, images=images, notes=(*report.notes, *_notes(report, policy, today, whole)))


def _apply(image: ImageReport, policy: Policy, today: date) -> ImageReport:
    active = [ignore for ignore in policy.ignores if not _expired(ignore, today)]
    groups = [_judge_with_symptoms(finding, policy, active) for finding in image.findings]
    judged = [told for told, _ in groups] + [one for _, apart in groups for one in apart]
    return replace(
        image,
        findings=tuple(finding for finding in judged if finding.suppression is None),
        suppressed=(*image.suppressed, *(finding for finding in judged if finding.suppression)),
    )


def _judge_with_symptoms(
    finding: Finding, policy: Policy, active: list[Ignore]
) -> tuple[Finding, list[Finding]]:
    """The finding, and apart from it those of its symptoms that do not share its judgment.

    A start that fails is hidden only where it is ignored itself, and is no milder than its own rule.
    """
    judged = _judge(finding, policy, active)
    symptoms = [_judge(symptom, policy, active) for symptom in finding.symptoms]
    together = [symptom for symptom in symptoms if _goes_with(symptom, judged)]
    return replace(judged, symptoms=tuple(together)), [
        symptom for symptom in symptoms if symptom not in together
    ]


def _goes_with(symptom: Finding, judged: Finding) -> bool:
    if judged.suppression or symptom.suppression:
        return False
    return symptom.severity is not Severity.ERROR or judged.severity is Severity.ERROR


def _judge(finding: Finding, policy: Policy, active: list[Ignore]) -> Finding:
    severity = policy.severities.get(finding.rule.id, finding.severity)
    if severity is None:
        return replace(finding, suppression=Suppression("rule", f"{finding.rule.id} is turned off"))
    ignore = next((ignore for ignore in active if _matches(ignore, finding)), None)
    suppression = Suppression("ignore", ignore.reason) if ignore else None
    return replace(finding, severity=severity, suppression=suppression)


def _matches(ignore: Ignore, finding: Finding) -> bool:
    """Whether everything that is given matches.

    A finding of a missing module is one however many modules import it, and may tell of several that are
    missing: ``module`` and ``missing`` must match all of them, or the failure of one would hide that of
    another. Other findings are those of the module that they name.
    """
    if ignore.rule not in (None, finding.rule.id):
        return False
    missing = finding.all_missing or (None,)
    if ignore.missing is not None and not all(_like(name, ignore.missing) for name in missing):
        return False
    by_missing = finding.rule.identified_by == "missing" and finding.affected
    names = finding.affected if by_missing else (finding.module,)
    return ignore.module is None or all(_like(name, ignore.module) for name in names)


def _like(name: Optional[str], glob: str) -> bool:
    return name is not None and fnmatchcase(name, glob)


def _expired(ignore: Ignore, today: date) -> bool:
    return ignore.expires is not None and today > ignore.expires


def _notes(report: Report, policy: Policy, today: date, whole: bool) -> Iterator[str]:
    findings = [
        one for image in report.images for found in image.findings for one in (found, *found.symptoms)
    ]
    for ignore in policy.ignores:
        if _expired(ignore, today):
            yield f"An ignore expired on {ignore.expires} ({ignore}; reason: {ignore.reason})."
        elif whole and not any(_matches(ignore, finding) for finding in findings):
            yield f"Warning: an ignore matches nothing ({ignore}; reason: {ignore.reason}): remove it."
