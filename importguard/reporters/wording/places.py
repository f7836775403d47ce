"""Choose the line of the repository where a finding is shown: code review needs one for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Optional

from importguard.model import Finding, Location
from importguard.report import ImageReport


def repository_line(finding: Finding, image: ImageReport) -> Location:
    """The line to change where it is known, else the import that fails, else what leads to it, else line 1 of
    the Dockerfile. The path is relative to the repository's root; there is always a line.
    """
    for location in _candidates(finding):
        found = in_repository(location, image)
        if found is not None:
            return found
    return first_line_of_dockerfile(image)


def first_line_of_dockerfile(image: ImageReport) -> Location:
    """The line where what concerns the whole image is shown."""
    return Location(image.dockerfile, 1)


def in_repository(location: Optional[Location], image: ImageReport) -> Optional[Location]:
    """The same line in the repository; None where the file is not in it."""
    path = image.places.get(location.path) if location else None
    return Location(path, max(location.line or 1, 1), location.column) if location and path else None


def _candidates(finding: Finding) -> Iterator[Optional[Location]]:
    if finding.diagnosis is not None:
        yield finding.diagnosis.location
    yield finding.location
    for step in reversed(finding.chain):
        yield step.location
