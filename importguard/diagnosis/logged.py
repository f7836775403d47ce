"""The cause of a failure that a service logged: told by the same functions as that of a failed import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.failures.application import application_code
from importguard.failures.frames import raising_frame
from importguard.failures.logged import ending_failure
from importguard.failures.root_cause import root_cause
from importguard.failures.service import LOG_SAYS
from importguard.model import Diagnosis, Finding, Outcome, RuleFamily
from importguard.source.model import Source


def diagnose_logged(
    findings: Sequence[Finding], evidence: Evidence, source: Optional[Source], built: bool
) -> list[Finding]:
    """The findings; those on a service whose log holds a traceback have that one's cause.

    Where a failed import misses the same, its cause is taken. For ``source`` and ``built`` see
    ``diagnose_findings``.
    """
    known = {one.missing: one.diagnosis for one in findings if one.missing and _is_import(one)}
    told = []
    for finding in findings:
        if not _is_import(finding) and LOG_SAYS in finding.message and finding.diagnosis is None:
            cause = known.get(finding.missing or "") or _cause(finding, evidence, source, built)
            finding = replace(finding, diagnosis=cause)
        told.append(finding)
    return told


def _is_import(finding: Finding) -> bool:
    return finding.rule.family is not RuleFamily.START


def _cause(
    finding: Finding, evidence: Evidence, source: Optional[Source], built: bool
) -> Optional[Diagnosis]:
    """Diagnose the failure as if the module that raised it had been imported."""
    failure = ending_failure(evidence.start, evidence) if evidence.start else None
    if failure is None:
        return None
    frame = raising_frame(failure.frames, application_code(evidence))
    module = frame.module if frame else "the service"
    item = ModuleImport(module, None, Outcome.FAILED, failure=failure, selected=False)
    stand_in = replace(finding, rule=root_cause(item).rule, module=module, affected=(module,))
    seen = replace(evidence, modules=(item, *(one for one in evidence.modules if one.name != module)))
    return diagnose_findings([stand_in], seen, source, built)[0].diagnosis
