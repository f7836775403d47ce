"""Checks turn evidence into findings: one module a check, one pure function in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from importguard.checks import entrypoints, imports, libraries, start_programs, unreached
from importguard.evidence.inspection import Evidence
from importguard.model import Finding

if TYPE_CHECKING:
    from importguard.source.model import Source

CHECKS = (
    imports.check_module_imports,
    unreached.check_unreached_imports,
    unreached.check_late_imports,
    entrypoints.check_entrypoint_targets,
    start_programs.check_start_program,
    libraries.check_shared_libraries,
)


def run_checks(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """The findings of every check; with a source, also of those that compare the image with it."""
    found = [finding for check in CHECKS for finding in check(evidence)]
    if evidence.start is not None:
        found += _of_start(evidence, source)
    if source is None:
        return found
    from importguard.checks import drift, mounts, requirements

    found += requirements.check_installed_requirements(evidence, source) + drift.check_source_drift(
        evidence, source
    )
    return found + mounts.check_hiding_mounts(evidence, source)


def _of_start(evidence: Evidence, source: Optional[Source]) -> list[Finding]:
    """Find what is wrong with the container as it was started."""
    from importguard.checks import answers, journeys, listening, platforms, programs, starts

    found = platforms.check_image_platform(evidence, source) + starts.check_container_start(evidence, source)
    found += listening.check_listening_ports(evidence, source)
    found += answers.check_service_answers(evidence, source)
    found += programs.check_supervised_programs(evidence)
    told = {finding.missing for finding in found if finding.missing}
    # supervisord's log holds the traceback of a program of its own, which is told as that program's end.
    return found + [one for one in journeys.check_journeys(evidence) if one.missing not in told]
