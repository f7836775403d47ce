"""What only another operating system needs, and no start loads, is a warning. Pure functions.

``mitmproxy.platform.windows`` imports pydivert, which mitmproxy requires with ``sys_platform == "win32"``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.declared import parse_requires_dist
from importguard.diagnosis.tables.distribution_names import from_table, same_name
from importguard.diagnosis.tables.removed_stdlib import WINDOWS_ONLY
from importguard.evidence.inspection import Evidence
from importguard.judging.softening import is_needed_by_no_start, names_of_softened, soften_errors
from importguard.model import Finding
from importguard.rules.imports import MISSING_MODULE
from importguard.source.model import Source
from importguard.source.requirements.markers import marker_applies

_OF_SYSTEM = frozenset({"sys_platform", "platform_system", "os_name", "and", "or", "in", "not"})
"""The words of a marker that asks for the operating system alone (PEP 508)."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def soften_for_other_systems(
    findings: Iterable[Finding], evidence: Evidence, source: Optional[Source] = None
) -> list[Finding]:
    """The findings, marked before by what they do to the start, with those of other systems as warnings."""
    return soften_errors(findings, lambda one: _is_of_another_system(one, evidence, source))


def _is_of_another_system(finding: Finding, evidence: Evidence, source: Optional[Source]) -> bool:
    """Whether no start loads what fails, and every declaration of what it lacks is for another system."""
    if finding.rule is not MISSING_MODULE or not finding.missing or not is_needed_by_no_start(finding):
        return False
    top = finding.missing.partition(".")[0]
    if top in WINDOWS_ONLY:
        return True
    wanted = {canonicalize_name(name) for name in from_table(finding.missing)} | {same_name(finding.missing)}
    markers = [marker for name, marker in _declarations(evidence, source) if name in wanted]
    return bool(markers) and all(_excludes_system(marker, evidence) for marker in markers)


def _declarations(evidence: Evidence, source: Optional[Source]) -> Iterator[tuple[str, str]]:
    """The name and marker of each requirement of the source, and of the installed distributions."""
    for one in source.requirements if source else ():
        yield one.name, one.marker
    for distribution in evidence.clues.distributions if evidence.clues else ():
        for line in distribution.requires:
            asked = parse_requires_dist(line)
            if asked is not None:
                yield canonicalize_name(asked.name), str(asked.marker or "")


def _excludes_system(marker: str, evidence: Evidence) -> bool:
    """Whether a marker asks for the operating system alone, and the image has another."""
    words = set(re.findall(r"\w+", _QUOTED.sub("", marker)))
    environment = evidence.clues.markers if evidence.clues else {}
    return words <= _OF_SYSTEM and marker_applies(marker, environment) is False


def note_other_systems(
    findings: Sequence[Finding], evidence: Evidence, source: Optional[Source] = None
) -> tuple[str, ...]:
    """Say which modules are only warned of, since they are for another operating system."""
    shown = names_of_softened(findings, lambda one: _is_of_another_system(one, evidence, source))
    told = (
        f"Only warned of, since another operating system needs them and no start command loads them: {shown}."
    )
    return (told,) if shown else ()
