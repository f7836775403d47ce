"""An editable install whose folder is not in the image: wrong-stage.

``uv sync`` and ``poetry install`` install the project as an editable one: a line in the environment leads to
its folder. A final stage that copies the environment alone has the line, and not the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, lies_below, make_diagnosis
from importguard.evidence.surroundings import Distribution
from importguard.model import Diagnosis
from importguard.rules.imports import MISSING_MODULE
from importguard.source.dockerfile_model import Copy, Dockerfile, Install

_WITHOUT_EDITABLE = frozenset({"uv", "pdm"})
"""Project tools that have ``--no-editable``."""


def editable_left_behind(case: Situation) -> Optional[Diagnosis]:
    """The environment leads to a folder of the stage where it was made, and the image has not that folder."""
    leading = _leading_distribution(case) if case.rule is MISSING_MODULE else None
    if leading is None or leading.source is None:
        return None
    dockerfile = case.source.dockerfile if case.source else None
    folders = sorted({one.source for one in _leading_nowhere(case) if one.source} - {leading.source})
    environment = _environment(leading.location)
    copy = _copy_of(environment, dockerfile) if dockerfile else None
    install = _install_of(leading.source, copy, dockerfile) if dockerfile else None
    where = f", as {dockerfile.path}:{copy.line} copies the environment alone" if dockerfile and copy else ""
    change = _copy_line(leading.source, copy, dockerfile) if dockerfile and copy else None
    return make_diagnosis(
        "wrong-stage",
        CERTAIN if copy or case.source is None else LIKELY,
        f"{leading.name} is installed in {environment} as an editable one, which leads to {leading.source}, "
        f"and the image has no '{case.missing}' there{where}.",
        _remedy(leading.source, folders, change, install),
        case.dockerfile_location(copy.line if copy else None),
        change,
        (f"installed: {leading.name} {leading.version}", f"leads to: {leading.source}"),
        copy.text if copy else None,
    )


def _leading_distribution(case: Situation) -> Optional[Distribution]:
    """The editable distribution that would make the missing module importable: the one whose folder an
    earlier stage puts the module into, else the one that is called so."""
    nowhere = _leading_nowhere(case)
    found = case.module_in_source
    placements = case.index.placements.get(found.path, ()) if case.index and found else ()
    if case.index is not None and found is not None and case.index.final_placement(found.path) is not None:
        return None
    for placement in placements:
        for one in nowhere:
            if one.source and lies_below(placement.destination, one.source):
                return one
    name = canonicalize_name(case.top_name)
    return next((one for one in nowhere if canonicalize_name(one.name) == name), None)


def _leading_nowhere(case: Situation) -> list[Distribution]:
    """The editable distributions that make nothing importable."""
    return [
        one
        for one in case.clues.distributions
        if one.editable and not one.provides and (one.source or "").startswith("/")
    ]


def _environment(location: str) -> str:
    """``/app/.venv`` of ``/app/.venv/lib/python3.12/site-packages``."""
    return location.partition("/lib/python")[0] or location


def _copy_of(environment: str, dockerfile: Dockerfile) -> Optional[Copy]:
    """The line by which the final stage gets the environment from another one."""
    found = [
        copy
        for copy, _ in dockerfile.copies_from_stages()
        if any(lies_below(environment, source) for source in copy.sources)
    ]
    return found[-1] if found else None


def _install_of(source: str, copy: Optional[Copy], dockerfile: Dockerfile) -> Optional[Install]:
    """The last editable install of the folder in the stage that the environment comes from."""
    stage = copy.from_stage if copy else dockerfile.final
    lineage = dockerfile.lineage(stage)
    found = [
        one
        for one in dockerfile.installs
        if one.stage in lineage and any(lies_below(source, folder) for folder in one.editable)
    ]
    return found[-1] if found else None


def _copy_line(folder: str, copy: Copy, dockerfile: Dockerfile) -> str:
    assert copy.from_stage is not None
    return f"COPY {dockerfile.stages[copy.from_stage].copy_option} {folder} {folder}"


def _remedy(source: str, others: Sequence[str], change: Optional[str], install: Optional[Install]) -> str:
    also = f" and the same of {', '.join(others)}" if others else ""
    added = f"add '{change}'{also}" if change else f"copy {', '.join([source, *others])} into the image"
    if install is None:
        return f"{added}, or install without -e"
    if install.tool in _WITHOUT_EDITABLE:
        return f"install with --no-editable at line {install.line}, or {added}"
    without = ", or install without -e" if install.tool == "pip" else ""
    return f"{added}{without}"
