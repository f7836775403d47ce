"""IG508: what the platform cannot start, or sets otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.failures.service import service_finding
from importguard.model import Diagnosis, Finding, Location, Severity
from importguard.rules.start import PLATFORM
from importguard.source.command_lines import command_line
from importguard.source.model import Source

RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""https://cloud.google.com/run/docs/container-contract#env-vars"""


def check_image_platform(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """Nothing where the image was not started."""
    start = evidence.start
    if start is None or start.skipped or start.error:
        return []
    return list(_of_platform(start, evidence, source))


def _of_platform(start: ServiceStart, evidence: Evidence, source: Optional[Source]) -> Iterator[Finding]:
    """IG508: what the platform can't start, or sets otherwise."""
    if start.refusal:
        location, quote = command_line(start, source)
        told = Diagnosis(
            "not-executable",
            "The container could not be started at all.",
            "correct the command, or install the program in the final stage",
            location,
            "certain",
            quote,
        )
        yield service_finding(PLATFORM, start.command, start.refusal, diagnosis=told)
    if start.settings.platform != "cloud-run":
        return
    if start.architecture and not start.architecture.startswith("linux/amd64"):
        message = f"The image is built for {start.architecture}, and Cloud Run runs linux/amd64 only."
        yield service_finding(PLATFORM, "platform", message)
    for name in RESERVED:
        if name in evidence.image.environment:
            message = f"The image sets {name}, which Cloud Run sets itself: its value is not the one in use."
            yield service_finding(
                PLATFORM, name, message, severity=Severity.WARNING, location=_env(name, source)
            )


def _env(name: str, source: Optional[Source]) -> Optional[Location]:
    dockerfile = source.dockerfile if source else None
    line = dockerfile.stages[dockerfile.final].env_lines.get(name) if dockerfile else None
    return Location(dockerfile.path, line) if dockerfile and line else None
