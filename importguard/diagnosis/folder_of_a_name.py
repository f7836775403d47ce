"""A folder of the application that has a distribution's name, and hides that this is not installed.

``import alembic`` beside a folder ``alembic`` without an ``__init__.py`` gives that folder, a namespace,
unless a distribution brings the package: a package comes before all namespaces of its name, wherever it lies
on the import path (PEP 420). So what is missing is not ``alembic.op``: it is Alembic.
"""

from __future__ import annotations

import difflib
import posixpath
from dataclasses import replace
from typing import Optional

from importguard.diagnosis.code_mistakes import attribute_asked
from importguard.diagnosis.interpreter import wrong_interpreter
from importguard.diagnosis.not_declared import not_declared
from importguard.diagnosis.not_installed import NOT_INSTALLED
from importguard.diagnosis.requirements import third_party
from importguard.diagnosis.situation import Situation
from importguard.evidence.surroundings import Resolution
from importguard.model import Diagnosis
from importguard.rules.imports import MISSING_MODULE


def distribution_behind_folder(case: Situation) -> Optional[Diagnosis]:
    """Only a folder of that name is there, which has not what the code asks the distribution for."""
    name, asked = _asked(case)
    resolution = case.clues.resolution_of(name) if name else None
    if resolution is None or resolution.kind != "namespace" or case.module_in_source is not None:
        return None
    if case.providing_distributions(name) or name in case.clues.stdlib:
        return None
    finding = replace(case.finding, rule=MISSING_MODULE, missing=name)
    behind = replace(case, finding=finding, is_of_distribution=True)
    if not _means_distribution(behind, asked, resolution):
        return None
    causes = (wrong_interpreter, *NOT_INSTALLED, not_declared)
    cause = next((found for find in causes if (found := find(behind)) is not None), None)
    if cause is None:
        return None
    folder = posixpath.relpath(resolution.path or name, next(iter(case.evidence.import_path), "/"))
    return replace(
        cause,
        explanation=f"'import {name}' finds only the folder {folder}, which is no package: the distribution "
        f"is not installed. {cause.explanation}",
        evidence=(f"'{name}' is {resolution.path}", *cause.evidence),
    )


def _asked(case: Situation) -> tuple[str, str]:
    """The top-level name, and what it is asked for: a submodule, a name or an attribute."""
    if case.rule is MISSING_MODULE:
        name, _, rest = case.missing.partition(".")
        return (name, rest) if rest else ("", "")
    module, name = attribute_asked(case) or ("", "")
    return (module, name) if "." not in module else ("", "")


def _means_distribution(behind: Situation, asked: str, resolution: Resolution) -> bool:
    """Whether a distribution is declared or well known that provides the name, and nothing in the folder is
    called nearly like what is asked for."""
    declared = third_party(behind)
    if declared is None:
        return False
    beside = _modules_below(behind, resolution)
    if difflib.get_close_matches(asked.partition(".")[0], beside, n=1, cutoff=0.8):
        return False
    return bool(declared.all) or behind.is_well_known_distribution


def _modules_below(case: Situation, resolution: Resolution) -> list[str]:
    """The names of the application's modules right below the folder."""
    start = f"{resolution.name}."
    return [name[len(start) :].partition(".")[0] for name in case.code.names if name.startswith(start)]
