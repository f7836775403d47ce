"""The line of the Dockerfile that says what the container runs."""

from __future__ import annotations

from typing import Optional

from importguard.evidence.starts import ServiceStart
from importguard.model import Location
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import Source


def command_line(
    start: ServiceStart, source: Optional[Source], text: str = ""
) -> tuple[Optional[Location], Optional[str]]:
    """The CMD or ENTRYPOINT of the image's stage that holds ``text``, with its words.

    Nothing where another command was started in place of the image's.
    """
    dockerfile = source.dockerfile if source and not start.given else None
    return command_line_holding(dockerfile, text) if dockerfile else (None, None)


def health_check_line(
    start: ServiceStart, source: Optional[Source]
) -> tuple[Optional[Location], Optional[str]]:
    """The HEALTHCHECK of the image's stage, with its words; nothing where production's files name another."""
    dockerfile = source.dockerfile if source and not start.settings.healthcheck else None
    stages = dockerfile.lineage() if dockerfile else ()
    for instruction in reversed(dockerfile.instructions if dockerfile else ()):
        if dockerfile and instruction.keyword == "HEALTHCHECK" and instruction.stage in stages:
            return Location(dockerfile.path, instruction.line), instruction.text
    return None, None


def command_line_holding(dockerfile: Dockerfile, *texts: str) -> tuple[Optional[Location], Optional[str]]:
    """The last CMD or ENTRYPOINT of the image's stage that holds all of ``texts``, with its words."""
    stages = dockerfile.lineage()
    for instruction in reversed(dockerfile.instructions):
        is_command = instruction.keyword in ("CMD", "ENTRYPOINT") and instruction.stage in stages
        if is_command and all(text in instruction.text for text in texts):
            return Location(dockerfile.path, instruction.line), instruction.text
    return None, None
