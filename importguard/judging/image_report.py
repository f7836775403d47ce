"""Evidence → report: the checks, the causes, and what breaks startup. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Optional

from importguard.checks import run_checks
from importguard.config import Config
from importguard.errors import EXIT_OK, ImportguardError, InspectionError
from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.judging.completeness import find_shortfalls
from importguard.judging.slowness import slow_modules
from importguard.judging.startup_impact import leave_open_behind_stop, mark_startup_impact
from importguard.model import Finding, Outcome
from importguard.report import (
    EntryPointVerdict,
    ImageInfo,
    ImageReport,
    Interpreter,
    ModuleVerdict,
    RequestVerdict,
    StartVerdict,
)

if TYPE_CHECKING:
    from importguard.engines.base import Image
    from importguard.evidence.starts import ServiceStart
    from importguard.gathering import Material
    from importguard.source.model import Source


def judge_image(image: Image, evidence: Evidence, material: Material, config: Config) -> ImageReport:
    """Say what ``evidence`` and ``material`` prove of ``image``. Values of variables may still be in it."""
    source = material.source
    findings = _findings(evidence, config, source)
    reasons = find_shortfalls(findings, evidence)
    findings, softening_notes = _softened(_merge_start_symptoms(findings, evidence), evidence, source)
    findings = leave_open_behind_stop(findings, evidence)
    rules = {name: finding.rule.id for finding in findings if finding.reached for name in finding.affected}
    selected = [module for module in evidence.modules if module.selected]
    return ImageReport(
        image=_info(image, config),
        interpreter=_interpreter(evidence),
        import_path=evidence.import_path,
        entrypoints=tuple(EntryPointVerdict(e.command, e.target, e.outcome) for e in evidence.entrypoints),
        complete=not reasons,
        error="\n".join(reasons) or None,
        modules=tuple(
            ModuleVerdict(module.name, module.path, module.outcome, rules.get(module.name), module.seconds)
            for module in selected
        ),
        findings=tuple(findings),
        seconds=evidence.seconds,
        notes=(
            *_left_out(selected),
            *_unprepared(evidence),
            *softening_notes,
            *slow_modules(selected, evidence.out_of_time),
            *evidence.notes,
            *_what_is_not_imitated(evidence),
            *([material.note] if material.note and findings else []),
            *(source.notes if source else ()),
        ),
        details=evidence.details,
        exit_code=InspectionError.exit_code if reasons else EXIT_OK,
        verdicts_stand=_do_verdicts_stand(evidence),
        start=_start_verdict(evidence.start) if evidence.start else None,
    )


def _do_verdicts_stand(evidence: Evidence) -> bool:
    """Whether what has a verdict is judged, however much has none.

    Not where the check broke off, other than for want of time: nobody knows what came before that. Nor where
    the preparation failed, for want of which a start command may fail.
    """
    unprepared = evidence.preparation is not None and evidence.preparation.outcome != Outcome.IMPORTED
    broke_off = evidence.error is not None or not evidence.complete
    return evidence.out_of_time or not (broke_off or unprepared)


def _what_is_not_imitated(evidence: Evidence) -> tuple[str, ...]:
    """What a start here lacks of Cloud Run's container runtime contract."""
    start = evidence.start
    if start is None or start.settings.platform != "cloud-run" or start.skipped or start.error:
        return ()
    return (
        "Not imitated of Cloud Run: its sandbox (gVisor), and its metadata server, which is refused at once.",
    )


def _findings(evidence: Evidence, config: Config, source: Optional[Source]) -> list[Finding]:
    """Run the checks, and diagnose what they find."""
    if any(site.is_late for site in evidence.sites):
        from importguard.judging.late_imports import without_optional_late_imports

        evidence = without_optional_late_imports(evidence, source)
    findings = run_checks(evidence, source)
    if not findings:
        return []
    from importguard.diagnosis.causes import diagnose_findings
    from importguard.diagnosis.outdated_pins import group_unmet_versions
    from importguard.diagnosis.repeated import without_repeated

    told = diagnose_findings(findings, evidence, source, built=config.build is not None)
    if evidence.start is not None:
        from importguard.diagnosis.logged import diagnose_logged

        told = diagnose_logged(told, evidence, source, built=config.build is not None)
    started = {entry.module for entry in evidence.entrypoints if entry.module}
    told = group_unmet_versions(without_repeated(told, started), built=config.build is not None)
    return mark_startup_impact(told, evidence)


def _merge_start_symptoms(findings: list[Finding], evidence: Evidence) -> list[Finding]:
    """Attach what a start showed to the finding of the import with the same cause."""
    if evidence.start is None or len(findings) < 2:
        return findings
    from importguard.diagnosis.repeated import with_symptoms

    return with_symptoms(findings)


def _softened(
    findings: list[Finding], evidence: Evidence, source: Optional[Source]
) -> tuple[list[Finding], list[str]]:
    """The findings, with what no start needs as warnings or notes, and what the report says of these."""
    if not findings:
        return [], []
    from importguard.judging.softening import soften_findings
    from importguard.judging.softening_kinds import kinds_of_softening

    return soften_findings(findings, kinds_of_softening(evidence, source))


def unjudged_report(
    reference: str, image: Optional[Image], config: Config, error: ImportguardError
) -> ImageReport:
    """The report on what could not be judged, and why."""
    return ImageReport(
        image=_info(image, config) if image else ImageInfo(reference, "", "", label=config.name),
        interpreter=None,
        import_path=(),
        entrypoints=(),
        complete=False,
        error=str(error),
        modules=(),
        findings=(),
        seconds=0.0,
        exit_code=error.exit_code,
    )


def _interpreter(evidence: Evidence) -> Optional[Interpreter]:
    """The image's Python; None where the image has none and was only started."""
    if not evidence.executable:
        return None
    return Interpreter(evidence.executable, evidence.version, evidence.implementation)


def _info(image: Image, config: Config) -> ImageInfo:
    return ImageInfo(image.reference, image.id, image.platform, image.user, config.name)


def _left_out(modules: list[ModuleImport]) -> list[str]:
    """Say what was left out, and why."""
    reasons = Counter(module.detail or "left out" for module in modules if module.outcome == Outcome.SKIPPED)
    if not reasons:
        return []
    listed = ", ".join(f"{count} {_REASONS.get(reason, reason)}" for reason, count in sorted(reasons.items()))
    advice = "; --include-tests checks the tests too" if "tests" in reasons else ""
    return [f"Left out: {listed}{advice}."]


def _unprepared(evidence: Evidence) -> list[str]:
    preparation = evidence.preparation
    if preparation is None or preparation.outcome == Outcome.IMPORTED:
        return []
    return [f"{preparation.description} failed, so the modules were judged without it."]


def _start_verdict(start: ServiceStart) -> StartVerdict:
    """What the report says of a start. The log is only that of one that failed."""
    requests = [(f"GET {asked.path}", answer) for asked, answer in start.http]
    requests += [(f"WebSocket {asked.path}", answer) for asked, answer in start.websocket]
    requests += [("gRPC health", start.grpc)] if start.grpc else []
    is_well = start.held and start.ending is None  # It may end while others are asked.
    return StartVerdict(
        command=start.command,
        platform=start.settings.platform or "container",
        port=start.port,
        accepted=start.accepted,
        ready=start.ready if is_well else None,
        stopped=start.stop_seconds,
        killed=start.killed,
        memory_peak=start.memory_peak or None,
        exit_code=start.ending.code if start.ending else None,
        requests=(
            *_health_verdict(start),
            *(RequestVerdict(name, answer.status, answer.right, answer.seconds) for name, answer in requests),
        ),
        log=tuple(start.log.splitlines()[-_MOST_LOG_LINES:]) if not (is_well or start.skipped) else (),
        skipped=start.skipped,
        logs=(("", start.log), *start.others),
    )


def _health_verdict(start: ServiceStart) -> Iterable[RequestVerdict]:
    """The image's HEALTHCHECK, whose exit code stands for a status."""
    if start.health is not None:
        yield RequestVerdict("HEALTHCHECK", start.health.code, start.health.code == 0, 0.0)


_REASONS = {
    "tests": "in tests",
    "runs when imported": "that would run when imported",
    "not a module name": "whose name no import can write",
    "not an extension module": "in plain shared libraries",
    "excluded": "by --exclude",
}
_MOST_LOG_LINES = 100
