"""The line of the Dockerfile that says what the container runs."""

from __future__ import annotations

from typing import Optional

from importguard.evidence.starts import ServiceStart
from importguard.model import Location
from importguard.source.model import Source


def command_line(
    start: ServiceStart, source: Optional[Source], text: str = ""
) -> tuple[Optional[Location], Optional[str]]:
    """The CMD or ENTRYPOINT of the image's stage that holds ``text``, with its words.

    Nothing where another command was started in place of the image's.
    """
    dockerfile = source.dockerfile if source and not start.given else None
    if dockerfile is None:
        return None, None
    stages = dockerfile.lineage()
    for one in reversed(dockerfile.instructions):
        if one.keyword in ("CMD", "ENTRYPOINT") and one.stage in stages and text in one.text:
            return Location(dockerfile.path, one.line), one.text
    return None, None
