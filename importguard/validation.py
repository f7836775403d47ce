"""The whole flow: an image becomes evidence, evidence becomes findings, findings become a report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Callable, Optional

from importguard.config import Config, build_arguments, check_settings, references_of
from importguard.engine_choice import EnginePool
from importguard.engines.base import Engine, Image
from importguard.errors import ImportguardError, InspectionError, UsageError
from importguard.inspectors.inspected import Inspected
from importguard.progress import Progress, QuietProgress

if TYPE_CHECKING:
    from importguard.evidence.inspection import Evidence
    from importguard.inspectors.starts import ServiceRun
    from importguard.policy.model import Policy
    from importguard.report import ImageReport, Report
    from importguard.source.model import Source

Inspector = Callable[[Engine, Image, Config, Progress, Callable[[Callable[[], bool]], object]], "Evidence"]


def validate(
    config: Config,
    progress: Optional[Progress] = None,
    *,
    policy: Optional[Policy] = None,
    engine: Optional[Engine] = None,
    inspector: Optional[Inspector] = None,
) -> Report:
    """Check every image that ``config`` names, or the one that it builds. See ``validate_all``.

    Nothing is shown without ``progress``. ``policy`` sets severities and ignores findings (``read_policy`` of
    ``policy.configuration`` reads a configuration file's).
    """
    report = validate_all((config,), progress or QuietProgress(), engine=engine, inspector=inspector)
    if policy is None:
        return report
    from datetime import date

    from importguard.policy.suppression import apply_policy

    return apply_policy(report, policy, date.today())


def validate_all(
    configs: Sequence[Config],
    progress: Progress,
    *,
    engine: Optional[Engine] = None,
    inspector: Optional[Inspector] = None,
    journey: Sequence[str] = (),
) -> Report:
    """Check the images of every configuration: import all, start those that are to be started, judge.

    One that cannot be judged does not stop the others: its report says why and owns the exit code. ``engine``
    takes the place of those that the settings choose, and ``inspector`` runs the image unless another is
    given; the engines' connections are closed in any case. ``journey`` is a command that is run against what
    was started. Raises UsageError for wrong settings.
    """
    wanted = [(reference, config) for config in configs for reference in references_of(config)]
    check_settings(configs, journey)
    inspect = inspector or _default_inspector()
    with closing(EnginePool(progress, engine)) as engines:
        is_start_wanted = any(config.start for _, config in wanted)
        start_engine = engines.engine_for_starts(wanted) if is_start_wanted else None
        inspected = [_inspect_image(*each, progress, engines, inspect) for each in wanted]
        if start_engine is not None:
            from importguard.inspectors.starts import with_starts

            inspected = with_starts(inspected, start_engine, progress, journey)
        reports = tuple(_judge_image(image) for image in inspected)
        from importguard.report import Report

        return Report(reports)


@contextmanager
def started_services(
    configs: Sequence[Config], progress: Progress
) -> Iterator[tuple[ServiceRun, tuple[str, ...]]]:
    """Start what the configurations describe, for as long as the context lasts, with its ports published.

    Gives the running services, and the names of those that did not get ready. Raises InspectionError where no
    image has a Python.
    """
    from importguard.inspectors.starts import running_services

    wanted = [(reference, config) for config in configs for reference in references_of(config)]
    with closing(EnginePool(progress)) as engines:
        engine = engines.engine_for_starts(wanted)
        inspected = [_inspect_image(*each, progress, engines, _default_inspector()) for each in wanted]
        if engine is None or not any(image.evidence for image in inspected):
            raise inspected[0].error or InspectionError("there is no image to start")
        with running_services(inspected, engine, progress, published=True) as run:
            run.publish()
            names = [image.config.name or image.reference for image in inspected]
            yield run, tuple(name for name in names if not run.ready.get(name))


def _inspect_image(
    reference: str, config: Config, progress: Progress, engines: EnginePool, inspect: Inspector
) -> Inspected:
    """Get one image and import its modules; where that cannot be done, the result holds the error."""
    image = None
    try:
        engine, name = engines.engine_of(reference, config)
        image = _get_image(name, config, engine, progress)
        config = _with_production_workdir(reference, config)
        progress.begin_phase(f"checking {reference}")
        evidence = inspect(engine, image, config, progress, load_judging_code)
        return Inspected(reference, config, image, evidence)
    except UsageError:
        raise
    except ImportguardError as error:
        return Inspected(reference, config, image, error=error)


def _with_production_workdir(reference: str, config: Config) -> Config:
    """Add to the settings the working directory that compose files and manifests give the image."""
    from importguard.inspectors.working_directory import production_workdir

    return replace(config, workdir=production_workdir(reference, config))


def _judge_image(inspected: Inspected) -> ImageReport:
    """Judge one inspected image; what could not be inspected or judged gets a report that says why."""
    reference, config, image, evidence, error = inspected
    if image is not None and evidence is not None:
        from importguard.gathering import gather_material
        from importguard.judging.image_report import judge_image

        try:
            material = gather_material(config, evidence)
            report = judge_image(image, evidence, material, config)
            # What production's files say was added to the settings.
            config = replace(config, start=evidence.start.settings) if evidence.start else config
            return _prepare_for_readers(report, image, config, material.source, evidence.existing)
        except UsageError:
            raise
        except ImportguardError as failure:
            error = failure
    from importguard.judging.image_report import unjudged_report

    why = error or InspectionError("nothing was inspected")
    return _prepare_for_readers(unjudged_report(reference, image, config, why), image, config)


def _prepare_for_readers(
    report: ImageReport,
    image: Optional[Image],
    config: Config,
    source: Optional[Source] = None,
    existing: Collection[str] = (),
) -> ImageReport:
    """Name the repository's files where findings are to be shown, and hide the values of variables.

    ``existing`` are variables whose values are paths of the image.
    """
    from importguard.judging.redaction import redacted_report
    from importguard.source.repository_paths import with_places

    variables = [*(image.env if image else ()), *config.env, *build_arguments(config.build or config.origin)]
    variables += config.start.sent_values if config.start else ()
    variables += [variable for service in config.services for variable in service.env]
    return redacted_report(with_places(report, config, source), variables, existing)


_JUDGING_CODE = (
    # What every report needs.
    "judging.image_report",
    "gathering",
    "source.locating.locate",
    "source.repository_paths",
    "judging.redaction",
    "reporters.text",
    # What one with a finding or with a source needs.
    "diagnosis.causes",
    "judging.softening_kinds",
    "source.reader",
    "source.data_files",
    "source.environment_examples",
)


def load_judging_code(is_over: Callable[[], bool] = bool) -> None:
    """Load the judging and reporting code while the container works, when nothing else is to be done.

    It ends when the container's work ``is_over``: what is not loaded by then may not be needed.
    Quietly: a check that is being terminated takes the import system from it. What is needed is loaded again.
    """
    with suppress(Exception):
        for name in _JUDGING_CODE:
            if is_over():
                return
            import_module(f"importguard.{name}")


def _default_inspector() -> Inspector:
    from importguard.inspectors.run import inspect_by_running

    return inspect_by_running


def _get_image(reference: str, config: Config, engine: Engine, progress: Progress) -> Image:
    """Build the image, or find it and pull it by the policy of the settings."""
    if config.build is None:
        return engine.image(reference, pull=config.pull, platform=config.platform)
    from importguard.judging.redaction import RedactedProgress, redaction_of

    # BuildKit writes what a step came to, with the arguments' values.
    progress = RedactedProgress(progress, redaction_of(build_arguments(config.build)))
    progress.begin_phase(f"building {reference}")
    built = engine.build(config.build, config.platform, progress)
    return engine.image(built, pull="never", platform=config.platform)
