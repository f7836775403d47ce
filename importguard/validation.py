"""The whole flow: an image becomes evidence, evidence becomes findings, findings become a report."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Callable, Optional

from importguard.checks import run_checks
from importguard.config import Config
from importguard.diagnosis.causes import diagnose
from importguard.engines.base import Engine, Image
from importguard.errors import EXIT_FINDINGS, EXIT_OK, ImportguardError, InspectionError, UsageError
from importguard.evidence import Evidence, ModuleImport
from importguard.model import (
    EntryPointVerdict,
    ImageInfo,
    ImageReport,
    Interpreter,
    ModuleVerdict,
    Report,
    Severity,
)
from importguard.progress import Progress
from importguard.redaction import redact, redacted
from importguard.repository import with_places
from importguard.sources import NONE, check_source, source_of, with_removed
from importguard.startup import mark, shortfalls

_FAILING: dict[str, tuple[Severity, ...]] = {
    "error": (Severity.ERROR,),
    "warning": (Severity.ERROR, Severity.WARNING),
    "never": (),
}
Inspector = Callable[[Engine, Image, Config, Progress], Evidence]


def validate(
    config: Config,
    progress: Progress,
    *,
    engine: Optional[Engine] = None,
    inspector: Optional[Inspector] = None,
) -> Report:
    """Check every image that ``config`` names, or the one that it builds.

    One that cannot be judged does not stop the others: its report says why and owns the exit code. ``engine``
    is Docker and ``inspector`` runs the image unless others are given; the engine's connection is closed in
    any case. Raises UsageError for wrong settings.
    """
    references = _references(config)
    check_source(config)
    inspect = inspector or _running()
    engine = engine or _docker(progress)
    with closing(engine):
        images = [_checked(item, config, progress, engine, inspect) for item in references]
    return Report(tuple(with_places(image, config) for image in images))


def _checked(
    reference: str, config: Config, progress: Progress, engine: Engine, inspect: Inspector
) -> ImageReport:
    """One image: got, inspected and judged, or the reason why not."""
    image = None
    try:
        image = _image(reference, config, engine, progress)
        progress.step(f"checking {reference}")
        return _judge(image, inspect(engine, image, config, progress), config)
    except UsageError:
        raise
    except ImportguardError as error:
        return _unjudged(reference, image, config, error)


def exit_code(report: Report, fail_on: str) -> int:
    """3 or 4 if any image could not be judged, else 1 if a finding is at or above ``fail_on``, else 0."""
    unjudged = max((image.exit_code for image in report.images), default=InspectionError.exit_code)
    if unjudged:
        return unjudged
    failing = _FAILING[fail_on]
    found = any(finding.severity in failing for image in report.images for finding in image.findings)
    return EXIT_FINDINGS if found else EXIT_OK


def _references(config: Config) -> tuple[str, ...]:
    if bool(config.images) == bool(config.build):
        raise UsageError("give either images to check or --build CONTEXT, not both and not neither")
    return (config.build.tag or config.build.context,) if config.build else config.images


def _docker(progress: Progress) -> Engine:
    from importguard.engines.docker import DockerEngine

    return DockerEngine(progress)


def _running() -> Inspector:
    from importguard.inspectors.run import inspect

    return inspect


def _image(reference: str, config: Config, engine: Engine, progress: Progress) -> Image:
    """Build or pull, as the settings say."""
    if config.build is None:
        return engine.image(reference, pull=config.pull, platform=config.platform)
    from importguard.images.build import build

    progress.step(f"building {reference}")
    return engine.image(
        build(config.build, config.platform, progress), pull="never", platform=config.platform
    )


def _judge(image: Image, evidence: Evidence, config: Config) -> ImageReport:
    source = source_of(config, evidence)
    findings = run_checks(evidence, source)
    source = with_removed(source, findings) if source else None
    findings = mark(diagnose(findings, evidence, source, built=config.build is not None), evidence)
    reasons = [redacted(reason, config.env) for reason in shortfalls(findings, evidence)]
    rules = {name: finding.rule.id for finding in findings if finding.reached for name in finding.affected}
    selected = [item for item in evidence.modules if item.selected]
    return ImageReport(
        image=_info(image, config),
        interpreter=Interpreter(evidence.executable, evidence.version, evidence.implementation),
        import_path=evidence.import_path,
        entrypoints=tuple(EntryPointVerdict(e.command, e.target, e.outcome) for e in evidence.entrypoints),
        complete=not reasons,
        error="\n".join(reasons) or None,
        modules=tuple(
            ModuleVerdict(item.name, item.path, item.outcome, rules.get(item.name), item.seconds)
            for item in selected
        ),
        findings=tuple(redact(finding, (*image.env, *config.env)) for finding in findings),
        seconds=evidence.seconds,
        notes=(
            *_left_out(selected),
            *_unprepared(evidence),
            *evidence.notes,
            *(source.notes if source else [NONE] if findings else []),
        ),
        details=evidence.details,
        exit_code=InspectionError.exit_code if reasons else EXIT_OK,
    )


def _unjudged(reference: str, image: Optional[Image], config: Config, error: ImportguardError) -> ImageReport:
    return ImageReport(
        image=_info(image, config) if image else ImageInfo(reference, "", "", label=config.name),
        interpreter=None,
        import_path=(),
        entrypoints=(),
        complete=False,
        error=redacted(str(error), config.env),
        modules=(),
        findings=(),
        seconds=0.0,
        exit_code=error.exit_code,
    )


def _info(image: Image, config: Config) -> ImageInfo:
    return ImageInfo(image.reference, image.id, image.platform, image.user, config.name)


def _left_out(modules: list[ModuleImport]) -> list[str]:
    """Say what was left out, and why."""
    reasons = Counter(item.detail or "left out" for item in modules if item.outcome == "skipped")
    if not reasons:
        return []
    listed = ", ".join(f"{count} {_REASONS.get(reason, reason)}" for reason, count in sorted(reasons.items()))
    advice = "; --include-tests checks the tests too" if "tests" in reasons else ""
    return [f"Left out: {listed}{advice}."]


def _unprepared(evidence: Evidence) -> list[str]:
    preparation = evidence.preparation
    if preparation is None or preparation.outcome == "imported":
        return []
    return [f"{preparation.description} failed, so the modules were judged without it."]


_REASONS = {
    "tests": "in tests",
    "runs when imported": "that would run when imported",
    "not a module name": "whose name no import can write",
    "excluded": "by --exclude",
}
