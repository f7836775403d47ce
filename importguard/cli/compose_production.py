"""How production would start what a compose file starts for a developer, as far as the Dockerfile tells."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Optional

from importguard.cli.compose_scaffold import ComposeService
from importguard.source.dockerfile_model import Dockerfile, Stage

_FOR_DEVELOPERS = re.compile(
    r"--reload\b|--debug\b|\brunserver\b|\bdebugpy\b|\bpydevd\b|\bfastapi\s+dev\b|\bwatchfiles\b|\bwatchmedo\b"
    r"|\bsleep\s+infinity\b|\btail\s+-f\b"
)
_PRODUCTION_STAGE = re.compile(r"(?i)prod|final|release|runtime|deploy")
_DEVELOPERS_STAGE = re.compile(r"(?i)dev|debug|test|local")


def as_in_production(service: ComposeService, dockerfile: Optional[Dockerfile]) -> ComposeService:
    """The service with production's stage and the image's own command in the place of a developer's.

    Where the code is mounted, the stage that is built may hold none of it. A server that reloads has the port
    that the image's own need not have.
    """
    if dockerfile is None or service.context is None:
        return service
    if service.mounts_code and _DEVELOPERS_STAGE.search(service.target):
        stage = _production_stage(dockerfile, service.target)
        service = replace(service, target=stage.name or "") if stage else service
    has_command = _has_own_command(dockerfile, service.target)
    if has_command and _FOR_DEVELOPERS.search(service.command):
        return replace(service, command="", ports=())
    return service


def _production_stage(dockerfile: Dockerfile, target: str) -> Optional[Stage]:
    """The last stage, or where that is the developer's the last one that is called production's."""
    last = dockerfile.stages[-1]
    if last.name != target and not _DEVELOPERS_STAGE.search(last.name or ""):
        return replace(last, name=None)
    called = [stage for stage in dockerfile.stages if _PRODUCTION_STAGE.search(stage.name or "")]
    return called[-1] if called else None


def _has_own_command(dockerfile: Dockerfile, target: str) -> bool:
    """Whether a CMD or ENTRYPOINT of the stage starts something, and nothing for developers."""
    stages = {stage.name: stage.index for stage in dockerfile.stages if stage.name}
    lineage = dockerfile.lineage(stages.get(target, dockerfile.final))
    commands = [
        instruction.text
        for instruction in dockerfile.instructions
        if instruction.keyword in ("CMD", "ENTRYPOINT") and instruction.stage in lineage
    ]
    return bool(commands) and _FOR_DEVELOPERS.search(commands[-1]) is None
