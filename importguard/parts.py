"""Whether a finding is mended by another build of the image, or by a change of the code. Pure functions."""

from __future__ import annotations

from importguard.model import Finding

IMAGE = "image"
CODE = "code"
PARTS = (IMAGE, CODE)

_CODE_CAUSES = frozenset(
    {"case-mismatch", "circular", "not-a-package", "not-in-source", "removed-or-renamed", "shadowed"}
)
# What has no cause of its own is of the code where the application's own statement fails: a name, an
# exception, a syntax error, an exit, a hang. What is absent, and a crash of compiled code, are the image's.
_CODE_RULES = frozenset({"IG102", "IG104", "IG105", "IG106", "IG108"})
_UNTOLD = frozenset({"unknown", "missing-name"})


def part_of(finding: Finding) -> str:
    """``image``: something is left out, not copied or not installed. ``code``: it fails in any image.

    Where nothing proves that the code is wrong, it is the image.
    """
    cause = finding.diagnosis.cause if finding.diagnosis else "unknown"
    if cause in _CODE_CAUSES:
        return CODE
    if cause in _UNTOLD and finding.rule.id in _CODE_RULES:
        # A name that another distribution lacks: the installed version is the wrong one.
        own = cause == "unknown" or not finding.missing or _top(finding.missing) == _top(finding.module)
        return CODE if own else IMAGE
    return IMAGE


def _top(name: str) -> str:
    return name.partition(".")[0]
