"""Whether a finding is mended by another build of the image, or by a change of the code. Pure functions."""

from __future__ import annotations

from importguard.model import Finding, RuleFamily
from importguard.rules.imports import IMPORT_EXITS, IMPORT_HANGS, IMPORT_RAISES, MISSING_NAME, SYNTAX_ERROR

IMAGE = "image"
CODE = "code"
START = "start"
PARTS = (IMAGE, CODE, START)

_CODE_CAUSES = frozenset(
    {"case-mismatch", "circular", "not-a-package", "not-in-source", "removed-or-renamed", "shadowed"}
)
# What has no cause of its own is of the code where the application's own statement fails: a name, an
# exception, a syntax error, an exit, a hang. What is absent, and a crash of compiled code, are the image's.
_CODE_RULES = frozenset({MISSING_NAME, IMPORT_RAISES, SYNTAX_ERROR, IMPORT_EXITS, IMPORT_HANGS})
_UNTOLD = frozenset({"unknown", "missing-name"})


def part_of(finding: Finding) -> str:
    """``image``: something is left out, not copied or not installed. ``code``: it fails in any image.

    Where nothing proves that the code is wrong, it is the image. ``start``: what was seen of the container as
    it was started.
    """
    if finding.rule.family is RuleFamily.START:
        return START
    cause = finding.diagnosis.cause if finding.diagnosis else "unknown"
    if cause in _CODE_CAUSES:
        return CODE
    if cause in _UNTOLD and finding.rule in _CODE_RULES:
        return CODE if _is_of_one_package(finding) else IMAGE
    return IMAGE


def _is_of_one_package(finding: Finding) -> bool:
    """Whether what fails belongs to what fails by it. Else an installed distribution raises, or lacks a name:
    another version of it, or what it needs of the system, mends that.
    """
    top = _top(finding.module)
    lacks = not finding.missing or _top(finding.missing) == top
    return lacks and (not finding.affected or top in {_top(name) for name in finding.affected})


def _top(name: str) -> str:
    return name.partition(".")[0]
