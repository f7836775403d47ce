"""What only another operating system needs, and no start loads, is a warning. Pure functions.

``mitmproxy.platform.windows`` imports pydivert, which mitmproxy requires with ``sys_platform == "win32"``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.declared import written_name
from importguard.diagnosis.tables.distribution_names import from_table, same_name
from importguard.diagnosis.tables.removed_stdlib import WINDOWS_ONLY
from importguard.evidence.inspection import Evidence
from importguard.judging.softening import Softening, is_needed_by_no_start
from importguard.model import Finding
from importguard.rules.imports import MISSING_MODULE
from importguard.source.model import Source
from importguard.source.requirements.markers import marker_applies
from importguard.source.requirements.requirement_text import parse_requires_dist

_OF_SYSTEM = frozenset({"sys_platform", "platform_system", "os_name", "and", "or", "in", "not"})
"""The words of a marker that asks for the operating system alone (PEP 508)."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def other_systems_softening(evidence: Evidence, source: Optional[Source]) -> Softening:
    """Soften what fails only for want of what another operating system has."""
    declared = _declarations(evidence, source)
    return Softening(
        lambda finding: _is_of_another_system(finding, evidence, declared),
        "Only warned of, since another operating system needs them and no start command loads them: "
        "{modules}.",
    )


def _declarations(evidence: Evidence, source: Optional[Source]) -> dict[str, list[str]]:
    """The requirements of the source and of the installed distributions, as written, by canonical name."""
    declared: dict[str, list[str]] = {}
    for requirement in source.requirements if source else ():
        marker = f"; {requirement.marker}" if requirement.marker else ""
        declared.setdefault(requirement.name, []).append(requirement.name + marker)
    for distribution in evidence.clues.distributions if evidence.clues else ():
        for line in distribution.requires:
            declared.setdefault(canonicalize_name(written_name(line) or ""), []).append(line)
    return declared


def _is_of_another_system(finding: Finding, evidence: Evidence, declared: Mapping[str, list[str]]) -> bool:
    """Whether no start loads what fails, and every declaration of what it lacks is for another system."""
    if finding.rule is not MISSING_MODULE or not finding.missing or not is_needed_by_no_start(finding):
        return False
    if finding.missing.partition(".")[0] in WINDOWS_ONLY:
        return True
    wanted = {canonicalize_name(name) for name in from_table(finding.missing)} | {same_name(finding.missing)}
    lines = [line for name in wanted for line in declared.get(name, ())]
    return bool(lines) and all(_excludes_system(line, evidence) for line in lines)


def _excludes_system(line: str, evidence: Evidence) -> bool:
    """Whether a requirement's marker asks for the operating system alone, and the image has another."""
    requirement = next(parse_requires_dist([line]), None)
    marker = str(requirement.marker or "") if requirement else ""
    words = set(re.findall(r"\w+", _QUOTED.sub("", marker)))
    environment = evidence.clues.markers if evidence.clues else {}
    return words <= _OF_SYSTEM and marker_applies(marker, environment) is False
