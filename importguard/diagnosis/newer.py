"""newer-python: the code is written for a newer Python than the image has."""

from __future__ import annotations

import re
from typing import Optional

from importguard.diagnosis.code_mistakes import attribute_asked
from importguard.diagnosis.interpreter import base_line
from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, file_and_line, make_diagnosis
from importguard.diagnosis.tables.newer_stdlib import ADDED_MODULES, ADDED_NAMES, BACKPORTS
from importguard.model import Diagnosis
from importguard.rules.imports import IMPORT_RAISES, MISSING_MODULE, SYNTAX_ERROR

Version = tuple[int, int]

# What is no syntax error, but a TypeError of an older Python.
_TYPE_ERRORS: tuple[tuple[Version, str, re.Pattern[str]], ...] = (
    (
        (3, 10),
        "'X | Y' between types",
        re.compile(
            r"unsupported operand type\(s\) for \|: '(?:type|\w*Meta|NoneType|_\w+Alias|\w*GenericAlias)' and"
        ),
    ),
    (
        (3, 10),
        "a dataclass with slots or kw_only",
        re.compile(r"dataclass\(\) got an unexpected .*'(?:slots|kw_only)'"),
    ),
    ((3, 10), "zip(strict=…)", re.compile(r"zip\(\) takes no keyword arguments")),
    ((3, 9), "'list[int]' and its kind", re.compile(r"'(?:type|ABCMeta)' object is not subscriptable")),
)


def newer_syntax(case: Situation) -> Optional[Diagnosis]:
    """A file does not compile because it has syntax that only a newer Python knows."""
    if case.rule is not SYNTAX_ERROR:
        return None
    frames = case.failure.frames if case.failure else ()
    last = frames[-1] if frames else None
    for one in case.clues.newer:
        version = _version(one.version)
        if (
            last is not None
            and (one.path, one.line) == (last.path, last.line)
            and case.python_version < version
        ):
            return _newer(
                case, version, f"{one.feature} at {file_and_line(case.source_location(one.path, one.line))}"
            )
    return None


def newer_library(case: Situation) -> Optional[Diagnosis]:
    """A module or name of the standard library that came with a newer Python."""
    if (
        case.rule is MISSING_MODULE
        and case.module_in_source is None
        and case.top_name not in case.code.packages
    ):
        version = ADDED_MODULES.get(case.missing)
        if version is not None and case.python_version < version:
            return _newer(
                case, version, f"the standard library's '{case.missing}'", BACKPORTS.get(case.missing)
            )
        return None
    asked = attribute_asked(case)
    name = ".".join(asked) if asked else ""
    version = ADDED_NAMES.get(name)
    if version is not None and case.python_version < version:
        return _newer(case, version, f"'{name}'", BACKPORTS.get(name) or _typing_extensions(name))
    return None


def newer_behaviour(case: Situation) -> Optional[Diagnosis]:
    """An expression that an older Python refuses when it runs."""
    message = case.finding.message
    if case.rule is not IMPORT_RAISES or "TypeError" not in message:
        return None
    for version, feature, pattern in _TYPE_ERRORS:
        if case.python_version < version and pattern.search(message):
            return _newer(
                case, version, f"{feature} (at {file_and_line(case.import_place)})", confidence=LIKELY
            )
    return None


def _typing_extensions(name: str) -> Optional[str]:
    return "typing_extensions" if name.startswith("typing.") else None


def _version(text: str) -> Version:
    major, _, minor = text.partition(".")
    return int(major), int(minor) if minor.isdigit() else 0


def _newer(
    case: Situation, version: Version, what: str, backport: Optional[str] = None, confidence: str = CERTAIN
) -> Diagnosis:
    wanted = ".".join(map(str, version))
    base = base_line(case)
    where = f" at {file_and_line(base)}" if base else ""
    other = f", or take {backport} below it" if backport else ""
    return make_diagnosis(
        "newer-python",
        confidence,
        f"Python {wanted} is the first with {what}, and the image has {case.evidence.version}.",
        f"use Python {wanted} or newer{where}{other}",
        base or case.import_place,
        None,
        (f"needs: Python {wanted}", f"the image's Python: {case.evidence.version}"),
    )
