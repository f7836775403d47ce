"""Many unmet versions of one file have one cause: the image was built from another version of that file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from importguard.diagnosis.situation import LIKELY
from importguard.model import Diagnosis, Finding, Severity
from importguard.rules.requirements import REQUIREMENT_VERSION

_FEWEST = 5
"""Fewer may have been changed by a later command, each for a reason of its own."""

_OTHER_VERSION = "the image was built from another version of that file"
_OR_SOURCE = "or check it with the source that it was built from"


def group_unmet_versions(findings: Iterable[Finding], built: bool = False) -> list[Finding]:
    """The findings, where the first warning of a file's unmet versions tells of all of them.

    The others are its symptoms, so that each can still be ignored, or be known to a baseline, by itself.
    ``built`` says that the image was just built from the source.
    """
    listed = list(findings)
    by_file: dict[str, list[Finding]] = {}
    for finding in listed:
        if finding.rule is REQUIREMENT_VERSION and finding.severity is Severity.WARNING and finding.location:
            by_file.setdefault(finding.location.path, []).append(finding)
    groups = {path: group for path, group in by_file.items() if len(group) >= _FEWEST}
    leading = {id(group[0]): _of_file(path, group, built) for path, group in groups.items()}
    told = {id(finding) for group in groups.values() for finding in group[1:]}
    return [leading.get(id(finding), finding) for finding in listed if id(finding) not in told]


def _of_file(path: str, group: list[Finding], built: bool) -> Finding:
    why = "another file or command of the build decides the versions" if built else _OTHER_VERSION
    remedy = f"let the build install {path}" if built else f"rebuild the image from this {path}, {_OR_SOURCE}"
    return replace(
        group[0],
        symptoms=tuple(group[1:]),
        diagnosis=Diagnosis(
            "version-conflict",
            f"{len(group)} declarations of {path} are not met: most likely {why}.",
            remedy,
            group[0].location,
            LIKELY,
            evidence=tuple(finding.message for finding in group),
        ),
    )
