"""Whether a finding is mended by another build of the image, or by a change of the code. Pure functions."""

from __future__ import annotations

import re

from importguard.failures.circular_words import says_circular
from importguard.failures.memory import OUT_OF_MEMORY
from importguard.model import Finding, RuleFamily
from importguard.rules.imports import IMPORT_EXITS, IMPORT_HANGS, IMPORT_RAISES, MISSING_NAME, SYNTAX_ERROR

IMAGE = "image"
CODE = "code"
UNPROVEN = "unproven"
START = "start"
PARTS = (IMAGE, UNPROVEN, CODE, START)

_CODE_CAUSES = frozenset(
    {"case-mismatch", "circular", "not-a-package", "not-in-source", "removed-or-renamed", "shadowed"}
)
# What has no cause of its own is of the code where the application's own statement can only fail: a name that
# is bound nowhere, a syntax error. Why it raises, exits or hangs is open: a file, a variable, a version.
# What is absent, and a crash of compiled code, are the image's.
_CODE_RULES = frozenset({MISSING_NAME, SYNTAX_ERROR})
_OPEN_RULES = frozenset({IMPORT_RAISES, IMPORT_EXITS, IMPORT_HANGS})
_MISTAKE = re.compile(r"(?:NameError|UnboundLocalError|RecursionError): ")
_ERROR = re.compile(r"\w*(?:Error|Exception): ")
_UNTOLD = frozenset({"unknown", "missing-name"})
_LACKING_FILE = re.compile(r"cannot import name '[^']+' from [^(]*'[^']+' \((/[^)]+)\)")
_OF_A_PYTHON = re.compile(r"/(?:site|dist)-packages/|/lib(?:64)?/python[\d.]*/")


def part_of(finding: Finding) -> str:
    """``image``: something is left out, not copied or not installed. ``code``: it fails in any image.

    ``unproven``: importing raises an error, exits or hangs, and nothing tells whether the code, the image or
    its environment is to blame. ``start``: what was seen of the container as it was started.
    """
    if finding.rule.family is RuleFamily.START:
        return START
    cause = finding.diagnosis.cause if finding.diagnosis else "unknown"
    if cause == "not-in-source" and finding.location is None and not finding.chain:
        return IMAGE  # no import names it: the start command does, which the image holds
    if cause in _CODE_CAUSES:
        return CODE
    if cause == OUT_OF_MEMORY:
        return UNPROVEN
    if cause in _UNTOLD and finding.rule in _CODE_RULES | _OPEN_RULES and _is_of_one_package(finding):
        is_mistake = finding.rule in _CODE_RULES or _is_mistake(finding.message)
        return CODE if is_mistake else UNPROVEN
    return IMAGE


def _is_mistake(message: str) -> bool:
    """Whether any image would raise it: a name is wanting, or is asked for too early."""
    circular = _ERROR.match(message) is not None and says_circular(message)
    return circular or _MISTAKE.match(message) is not None


def _is_of_one_package(finding: Finding) -> bool:
    """Whether what fails belongs to what fails by it. Else an installed distribution raises, or lacks a name:
    another version of it, or what it needs of the system, mends that.
    """
    top = _top(finding.module)
    lacking = _LACKING_FILE.match(finding.message) if finding.rule is MISSING_NAME else None
    if lacking is not None and not _OF_A_PYTHON.search(lacking[1]):
        return True  # a file of the application, of which each may be a top-level module
    lacks = not finding.missing or _top(finding.missing) == top
    return lacks and (not finding.affected or top in {_top(name) for name in finding.affected})


def _top(name: str) -> str:
    return name.partition(".")[0]
