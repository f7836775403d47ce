"""What an installed distribution requires is not installed: an installer was told to leave that out."""

from __future__ import annotations

import re
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.declared import may_apply, names_for, requested_extras
from importguard.diagnosis.requirements import third_party
from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, make_diagnosis
from importguard.evidence.surroundings import Distribution
from importguard.model import Diagnosis
from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.dockerfile_model import Dockerfile, Instruction
from importguard.source.requirements.requirement_text import parse_requires_dist

_WITHOUT_DEPENDENCIES = re.compile(r"\s--no-deps\b")


def requirement_of_library(case: Situation) -> Optional[Diagnosis]:
    """An installed distribution requires it, or an extra of it that is asked for, and the source does not.

    Cause ``declared-not-installed``: ``pip wheel --no-deps -r requirements.txt`` brings celery without kombu.
    """
    if third_party(case) is None:
        return None
    found = _requiring(case)
    if found is None:
        return None
    library, wanted = found
    dockerfile = case.source.dockerfile if case.source else None
    skipping = _install_without_dependencies(dockerfile) if dockerfile else None
    if skipping is None and not _is_imported_by_library(case):
        return None  # what the application imports itself, it has to declare
    where = f"{dockerfile.path}:{skipping.line}" if dockerfile and skipping else ""
    return make_diagnosis(
        "declared-not-installed",
        CERTAIN if skipping else LIKELY,
        f"{library.name} {library.version} requires {wanted}, and the image has it not: "
        + (f"{where} installs without what is required (--no-deps)." if where else "something left it out."),
        f"let {where} install what is required too, or name it in what that line installs"
        if where
        else f"install {wanted} together with {library.name}",
        case.dockerfile_location(skipping.line) if skipping else None,
        None,
        (f"installed: {library.name} {library.version}", f"requires: {wanted}"),
        skipping.text if skipping else None,
    )


def _is_imported_by_library(case: Situation) -> bool:
    chain = case.finding.chain
    return bool(chain) and bool(case.providing_distributions(chain[-1].importer))


def _requiring(case: Situation) -> Optional[tuple[Distribution, str]]:
    """The installed distribution that requires what is missing, and its words for it."""
    wanted = names_for(case, case.missing).candidates
    for library in case.clues.distributions:
        for requirement in parse_requires_dist(library.requires):
            if canonicalize_name(requirement.name) not in wanted:
                continue
            marker = str(requirement.marker or "")
            extras = sorted(requested_extras(case, library)) if "extra" in marker else [""]
            if any(may_apply(marker, case, extra) for extra in extras):
                return library, f"{requirement.name}{requirement.specifier}"
    return None


def _install_without_dependencies(dockerfile: Dockerfile) -> Optional[Instruction]:
    """The last RUN line of the stages that feed the image which installs without dependencies."""
    feeding = feeding_stages(dockerfile)
    found = [
        one
        for one in dockerfile.instructions
        if one.keyword == "RUN" and one.stage in feeding and _WITHOUT_DEPENDENCIES.search(one.text)
    ]
    return found[-1] if found else None
