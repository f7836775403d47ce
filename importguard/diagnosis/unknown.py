"""unknown: no cause is proven. What was looked at, and what more there is to tell with a source."""

from __future__ import annotations

from typing import Optional

from importguard.diagnosis.declared import names_for
from importguard.diagnosis.names_in_source import close_names
from importguard.diagnosis.situation import LIKELY, POSSIBLE, Situation, file_and_line, make_diagnosis
from importguard.model import Diagnosis, RuleFamily
from importguard.rules.imports import (
    IMPORT_CRASHES,
    IMPORT_EXITS,
    IMPORT_HANGS,
    IMPORT_RAISES,
    MISSING_MODULE,
    SYNTAX_ERROR,
)

_OWN = (
    "look for it in .dockerignore and in the Dockerfile's COPY lines, or correct the import if it was moved "
    "or renamed."
)
_EXPLAINED_BY_ITSELF = frozenset({IMPORT_RAISES, SYNTAX_ERROR, IMPORT_EXITS, IMPORT_CRASHES, IMPORT_HANGS})


def unknown_cause(case: Situation) -> Optional[Diagnosis]:
    """The last answer. A rule whose message is the cause (an exception, a syntax error) needs none."""
    if case.rule in _EXPLAINED_BY_ITSELF or case.rule.family is not RuleFamily.IMPORTS:
        return None
    looked = _looked_at(case)
    return make_diagnosis(
        "unknown",
        LIKELY if case.is_own_module else POSSIBLE,
        f"{_what(case)} Looked at: {', '.join(looked)}.",
        _advice(case),
        None,
        None,
        tuple(f"looked at: {one}" for one in looked),
    )


def _what(case: Situation) -> str:
    placement = (
        case.index.final_placement(case.module_in_source.path)
        if case.index and case.module_in_source
        else None
    )
    location = case.dockerfile_location(placement.line) if placement else None
    if placement is not None and case.index and placement.destination in case.index.image_files:
        return (
            f"The image has it at {placement.destination}, where the import path does not find it under the "
            f"name '{case.missing}'."
        )
    if placement is not None and location is not None:
        return (
            f"The source has {placement.path}, {file_and_line(location)} copies it, the other files are "
            "the same, and "
            "yet the image lacks it: it was built before, or a later step removes the file."
        )
    if case.rule is MISSING_MODULE and case.is_own_module:
        return (
            f"'{case.top_name}' is the application's own package, and the image holds it without this module."
        )
    if case.rule is MISSING_MODULE:
        return f"No installed distribution provides '{case.missing}'."
    return "Why it is not there is not known."


def _looked_at(case: Situation) -> list[str]:
    looked = ["the image's import path"]
    if case.clues.distributions:
        looked.append(f"{len(case.clues.distributions)} installed distributions")
    source = case.source
    if source is None:
        return looked
    looked.append(f"{len(source.files)} files of the source")
    looked += [source.ignore_file] if source.ignore_file else []
    looked += [source.dockerfile.path] if source.dockerfile else []
    looked.append(f"{len(source.requirements)} requirements")
    return looked + (["git's history"] if source.git else [])


_PROVIDER = "the distribution that provides '{}'"
_COPY = "copy it into the image if it is a file of yours, or else "


def _is_started(case: Situation) -> bool:
    """Whether it is what a start command loads, such as the ``locustfile`` of a bare ``locust``."""
    return any(entry.module == case.missing for entry in case.evidence.entrypoints)


def _advice(case: Situation) -> str:
    if case.module_in_source is not None:
        placement = case.index.final_placement(case.module_in_source.path) if case.index else None
        if placement is not None and case.index and placement.destination in case.index.image_files:
            return f"correct the import at {case.importers}, or put the folder that holds it on PYTHONPATH."
        return "build the image anew; see what the steps after the COPY do."
    if case.rule is not MISSING_MODULE:
        return f"look at {case.importers}"
    close = close_names(case)
    steps = [f"did you mean {' or '.join(close)}?"] if close else []
    if not case.is_own_module:
        names = names_for(case, case.missing)
        doubt = "" if names.known or not names.written else ", if that is the distribution's name"
        copy = _COPY if doubt and _is_started(case) else ""
        steps.append(f"{copy}install {names.written or _PROVIDER.format(case.missing)}{doubt}.")
    elif case.source is None:
        steps.append(_OWN)
    return " ".join(steps) or f"look at {case.importers}"
