"""Start the images of a run that are to be started, after their modules have been imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from importguard.engines.base import Engine, Image
from importguard.errors import ImportguardError, NoPythonError
from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart, StartSettings
from importguard.inspectors.inspected import Inspected
from importguard.inspectors.probe_output import facts
from importguard.inspectors.start import Asker, start
from importguard.progress import Progress

FAILED = ("failed", "exited", "crashed", "timed_out", "missing_attribute")
_NO_PYTHON = "There is no Python in the image: it was only started and asked."


def with_starts(inspected: Sequence[Inspected], engine: Engine, progress: Progress) -> list[Inspected]:
    """The same, with the evidence of what was started.

    An image without a Python is started too, and asked from one of the others. Raises EngineError where no
    network can be made.
    """
    asker = next((found for one in inspected if (found := _asker(one)) is not None), None)
    return [_with_start(one, asker, engine, progress) for one in inspected]


def _with_start(
    inspected: Inspected, asker: Optional[Asker], engine: Engine, progress: Progress
) -> Inspected:
    image, evidence = inspected.image, inspected.evidence
    if inspected.config.start is None or image is None:
        return inspected
    if evidence is None and isinstance(inspected.error, NoPythonError) and asker is not None:
        evidence = _without_python(image, engine)
    if evidence is None:
        return inspected
    failing = None if inspected.config.start_anyway else failing_target(evidence)
    if failing is not None:
        why = f"its start command loads {failing.target}, which fails; --start-anyway starts it all the same"
        seen = ServiceStart(failing.command, inspected.config.start, skipped=why)
    else:
        progress.step(f"starting {inspected.reference}")
        seen = _seen(inspected, image, _asker(inspected) or asker, engine)
    return inspected._replace(evidence=replace(evidence, start=seen), error=None)


def _seen(inspected: Inspected, image: Image, asker: Optional[Asker], engine: Engine) -> ServiceStart:
    assert asker is not None
    config = inspected.config
    try:
        with engine.network() as network:
            place = network if config.network == "none" else config.network
            return start(engine, image, asker, config, place)
    except ImportguardError as error:
        return ServiceStart(inspected.reference, config.start or StartSettings(), error=str(error))


def failing_target(evidence: Evidence) -> Optional[EntryPoint]:
    """The start command whose target failed to import: the container would end by the same failure."""
    return next((entry for entry in evidence.entrypoints if entry.outcome in FAILED), None)


def _asker(inspected: Inspected) -> Optional[Asker]:
    if inspected.image is None or inspected.evidence is None or not inspected.evidence.executable:
        return None
    return Asker(inspected.image, inspected.evidence.executable)


def _without_python(image: Image, engine: Engine) -> Evidence:
    """The evidence of an image in which nothing can be imported."""
    return Evidence(
        executable="",
        version="",
        implementation="",
        import_path=(),
        modules=(),
        sites=(),
        entrypoints=(),
        preparation=None,
        complete=True,
        error=None,
        notes=(_NO_PYTHON,),
        details=(),
        seconds=0.0,
        image=facts(image, engine.history(image)),
    )
