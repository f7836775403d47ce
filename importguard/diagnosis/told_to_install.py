"""A library says by an exception of its own what is not installed, and perhaps how to install it."""

from __future__ import annotations

import re
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.not_declared import place_to_declare
from importguard.diagnosis.situation import LIKELY, Situation, location_of, make_diagnosis, place_and_line
from importguard.diagnosis.tables.distribution_names import is_called_so
from importguard.failures.root_cause import exception_chain, type_name
from importguard.model import Diagnosis
from importguard.rules.imports import IMPORT_RAISES
from importguard.source.model import RUNTIME_KINDS, Requirement

# Bounded on both sides: the text is the image's.
_NAME = r"(?<![\w.-])['\"`]?([A-Za-z0-9][A-Za-z0-9._-]{0,98}[A-Za-z0-9])['\"`]?"
_LACKS = re.compile(rf"{_NAME} is not installed|requires? {_NAME} to be installed|{_NAME} must be installed")
_ADVICE = re.compile(r"\bpip3? install\s+(?:-\S+\s+)*['\"`]?([A-Za-z0-9][A-Za-z0-9._-]*)(\[[\w, .-]+\])?")

_OF_NONE = "'NoneType' object has no attribute"


def told_to_install(case: Situation) -> Optional[Diagnosis]:
    """An ImportError that names no module: "numpy must be installed", "pip install 'pydantic[email]'"."""
    if case.rule is not IMPORT_RAISES or case.failure is None:
        return None
    chain = exception_chain(case.failure)
    message = next((one.message for one in chain if type_name(one.type).endswith("ImportError")), "")
    advice = _ADVICE.search(message)
    if advice is None:
        return None
    lacking = _LACKS.search(message)
    names = [next(filter(None, lacking.groups()))] if lacking else []
    for name in [*names, *([] if advice[2] else [advice[1]])]:
        declared = _declared(case, name)
        if declared is not None:
            return _of_declared(declared, name)
    wanted = f"{advice[1]}{advice[2] or ''}"
    place = place_to_declare(case)
    asking = next((one for one in _all_of(case, advice[1]) if one.kind in RUNTIME_KINDS), None)
    where = asking.place if asking and advice[2] else place
    return make_diagnosis(
        "extra-not-installed" if advice[2] else "not-declared",
        LIKELY,
        f"{', '.join(names) or wanted} is not installed, and what {case.importers} imports asks for it.",
        f"require {wanted}" + (f" at {place_and_line(where)}" if where else ""),
        location_of(where) if where else case.import_place,
        wanted,
        (f"said: {advice[0]}",),
    )


def lacks_what_it_is_named_for(case: Situation) -> Optional[Diagnosis]:
    """``kombu.transport.redis`` guards its import of redis, and then builds on what is None without it."""
    failure = case.failure
    if case.rule is not IMPORT_RAISES or failure is None or not failure.frames:
        return None
    place = failure.frames[-1]
    package, _, name = place.module.rpartition(".")
    is_of_library = bool(package) and package.partition(".")[0] not in case.code.packages
    if not is_of_library or place.function != "<module>" or _OF_NONE not in failure.message:
        return None
    if not is_called_so(name) or not case.clues.distributions or case.providing_distributions(name):
        return None
    declared = _declared(case, name)
    if declared is not None:
        return _of_declared(declared, name)
    where = place_to_declare(case)
    return make_diagnosis(
        "not-declared",
        LIKELY,
        f"{name} is not installed, and {place.module} cannot be imported without it.",
        f"require {name}" + (f" at {place_and_line(where)}" if where else ""),
        location_of(where) if where else None,
        name,
    )


def _all_of(case: Situation, name: str) -> list[Requirement]:
    wanted = canonicalize_name(name)
    return [one for one in (case.source.requirements if case.source else ()) if one.name == wanted]


def _declared(case: Situation, name: str) -> Optional[Requirement]:
    """The source's declaration of what is lacking: a runtime one before those of groups and extras."""
    found = [one for one in _all_of(case, name) if one.kind not in ("lock", "constraint")]
    return min(found, key=lambda one: one.kind not in RUNTIME_KINDS, default=None)


def _of_declared(declared: Requirement, name: str) -> Diagnosis:
    where = place_and_line(declared.place)
    if declared.kind in RUNTIME_KINDS:
        return make_diagnosis(
            "declared-not-installed",
            LIKELY,
            f"{where} declares {name}, and it is not installed in the image.",
            f"build the image anew, and see that it installs {declared.place.path}",
            location_of(declared.place),
        )
    return make_diagnosis(
        "dev-only" if declared.kind == "group" else "extra-not-installed",
        LIKELY,
        f"{name} is declared in the {declared.kind} '{declared.group}' alone ({where}), which the image does "
        "not install.",
        f"declare {name} as a runtime requirement, or install the {declared.kind} '{declared.group}' too",
        location_of(declared.place),
    )
