"""The code itself: shadowed, not-a-package, circular, missing-name."""

from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Sequence
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Situation,
    file_and_line,
    make_diagnosis,
    shortened_list,
)
from importguard.diagnosis.start_target import naming_place
from importguard.evidence.surroundings import ModuleNames, Resolution
from importguard.failures.circular_words import says_circular
from importguard.model import Diagnosis, ImportStep
from importguard.rules.imports import ENTRYPOINT_TARGET, IMPORT_RAISES, MISSING_MODULE, MISSING_NAME

# Python 3.13 says from which file a module is that is only half imported.
_NO_ATTRIBUTE = re.compile(r"module '([^']+)'(?: from '[^']+')? has no attribute '([^']+)'")
_NO_SUBMODULE = re.compile(r"cannot access submodule '([^']+)' of module '([^']+)'")
_NOT_A_PACKAGE = re.compile(r"'([^']+)' is not a package")
_CLOSE = 0.7
_PASSED = ": the statement that binds it was not run"


def attribute_asked(case: Situation) -> Optional[tuple[str, str]]:
    """(module, name) of a missing name or attribute."""
    if case.rule in (MISSING_NAME, ENTRYPOINT_TARGET):
        return (case.holding_module, case.missing.rpartition(".")[2]) if case.holding_module else None
    if case.rule is not IMPORT_RAISES:
        return None
    match = _NO_ATTRIBUTE.search(case.finding.message)
    if match:
        return match.group(1), match.group(2)
    match = _NO_SUBMODULE.search(case.finding.message)
    return (match.group(2), match.group(1)) if match else None


def shadowed_module(case: Situation) -> Optional[Diagnosis]:
    """A file of the application hides a module of the standard library or of a distribution."""
    if case.module_in_source is not None:
        return None
    name = _holder_of_the_failure(case)
    resolution = case.clues.resolution_of(name) if name else None
    if name is None or resolution is None or resolution.path is None or not _is_own(resolution, case):
        return None
    if resolution.kind == "namespace":
        return None  # it comes after every module and package of its name, wherever they lie (PEP 420)
    hidden = _hidden_of(name, resolution, case)
    if hidden is None:
        return None
    mine = case.source_location(resolution.path)
    return make_diagnosis(
        "shadowed",
        CERTAIN,
        f"{file_and_line(mine)} is found before {hidden}, and so is what 'import {name}' gives.",
        f"rename {file_and_line(mine)}",
        mine,
        None,
        (f"'{name}' is {resolution.path}", *(f"hidden: {one}" for one in resolution.hidden)),
    )


def _holder_of_the_failure(case: Situation) -> Optional[str]:
    """The top-level module that lacks something: that is no package, has no such name or attribute."""
    match = _NOT_A_PACKAGE.search(case.finding.message) if case.rule is MISSING_MODULE else None
    asked = (match.group(1), "") if match else attribute_asked(case)
    return asked[0].partition(".")[0] if asked else None


def _is_own(resolution: Resolution, case: Situation) -> bool:
    """Whether the file lies in the application's folders, not in a site-packages."""
    path = resolution.path or ""
    if any(
        one.location and path.startswith(one.location.rstrip("/") + "/") for one in case.clues.distributions
    ):
        return False
    return any(path.startswith(root.rstrip("/") + "/") for root in case.evidence.import_path)


def _hidden_of(name: str, resolution: Resolution, case: Situation) -> Optional[str]:
    """Say in words which modules the file hides."""
    if name in case.clues.stdlib:
        there = f" ({resolution.hidden[0]})" if resolution.hidden else ""
        return f"the standard library's '{name}'{there}"
    providers = case.providing_distributions(name)
    if providers:
        one = providers[0]
        return f"{one.name} {one.version}'s '{name}' ({posixpath.join(one.location, name)})"
    for requirement in case.source.requirements if case.source else ():
        if requirement.name == canonicalize_name(name) and requirement.kind == "main":
            return f"the '{name}' of {requirement.name}, which {requirement.place.path} declares"
    return None


def not_a_package(case: Situation) -> Optional[Diagnosis]:
    """``a.b`` where ``a`` is a module, or a folder that hides the module that is meant."""
    match = _NOT_A_PACKAGE.search(case.finding.message) if case.rule is MISSING_MODULE else None
    if match:
        return _module_not_package(case, match.group(1))
    asked = attribute_asked(case)
    resolution = case.clues.resolution_of(asked[0]) if asked else None
    if resolution is None or resolution.path is None or not resolution.hidden:
        return None
    beside = [one for one in resolution.hidden if one == _beside(resolution)]
    if not beside or resolution.kind not in ("package", "namespace"):
        return None
    mine, hidden = case.source_location(resolution.path), case.source_location(beside[0])
    return make_diagnosis(
        "not-a-package",
        LIKELY,
        f"The folder {posixpath.dirname(file_and_line(mine))} hides the module {file_and_line(hidden)}: "
        f"'import {resolution.name}' "
        "gives the folder.",
        f"rename one of them, or move what {file_and_line(hidden)} holds into {file_and_line(mine)}",
        hidden,
        None,
        (f"found: {resolution.path}", f"hidden: {beside[0]}"),
    )


def _beside(resolution: Resolution) -> str:
    """The file of the same name beside a package's folder."""
    path = resolution.path or ""
    folder = posixpath.dirname(path) if posixpath.basename(path).startswith("__init__.") else path
    return f"{folder}.py"


def _module_not_package(case: Situation, name: str) -> Diagnosis:
    resolution = case.clues.resolution_of(name)
    path = resolution.path if resolution and resolution.path else case.code.files.get(name)
    where = file_and_line(case.source_location(path)) if path else f"'{name}'"
    folder = next((one for one in (resolution.hidden if resolution else ()) if not one.endswith(".py")), None)
    if folder is None and case.module_in_source is not None:
        folder = case.module_in_source.path_to_copy
    also = f" It hides the folder {folder}." if folder else ""
    return make_diagnosis(
        "not-a-package",
        CERTAIN,
        f"'{name}' is the module {where}, which can hold no '{case.missing}'.{also}",
        f"rename {where} or the folder, or move it into the folder as __init__.py"
        if folder
        else case.correct_import(f"correct the import at {case.importers}, or make '{name}' a package"),
        case.source_location(path) if path and folder else case.import_place,
        None,
        tuple(filter(None, [f"found: {path}" if path else "", f"hidden: {folder}" if folder else ""])),
    )


def circular_import(case: Situation) -> Optional[Diagnosis]:
    """A name asked of a module that is still being imported, by one that it imports itself."""
    asked = attribute_asked(case)
    if asked is None or not says_circular(case.finding.message) or _never_bound(asked, case):
        return None
    module, name = asked
    cycle = _cycle(module, case)
    way = " → ".join(f"{step.importer} ({file_and_line(step.location)})" for step in cycle)
    told = f": {way} → {module}" if cycle else ""
    return make_diagnosis(
        "circular",
        CERTAIN if cycle else LIKELY,
        f"'{module}' is asked for '{name}' before it has bound it, by a module that it imports itself{told}.",
        _out_of_the_circle(case),
        case.import_place,
        None,
        tuple(f"{step.importer} imports {step.imported} at {file_and_line(step.location)}" for step in cycle),
    )


def _out_of_the_circle(case: Situation) -> str:
    if case.rule is IMPORT_RAISES:  # the statement that fails asks for an attribute, and imports nothing
        way = f"ask for it, not at {case.importers}, but in the function that uses it, or move"
    else:
        way = f"move the import at {case.importers} into the function that uses it, or"
    return case.correct_import(f"{way} what both need into a third module")


def import_circle(case: Situation) -> frozenset[str]:
    """The modules of the circle that the finding comes from; empty where its way is not known."""
    asked = attribute_asked(case)
    return frozenset(step.importer for step in _cycle(asked[0], case)) if asked else frozenset()


def _never_bound(asked: tuple[str, str], case: Situation) -> bool:
    """Whether the module binds no such name at all: then the circle is not to blame."""
    names = names_of(asked[0], case)
    return names is not None and names.everything and bool(names.path) and asked[1] not in names.names


def _cycle(module: str, case: Situation) -> Sequence[ImportStep]:
    """The steps from the module back to itself."""
    chain = list(case.finding.chain)
    starts = [index for index, step in enumerate(chain) if step.importer == module]
    if not starts:
        return ()
    steps = chain[starts[-1] :]
    if steps[-1].imported.rpartition(".")[0] == module or steps[-1].imported == module:
        steps[-1] = ImportStep(steps[-1].importer, module, steps[-1].location)
    elif case.finding.location is not None:
        steps.append(ImportStep(case.finding.module, module, case.finding.location))
    return steps


def names_of(module: str, case: Situation) -> Optional[ModuleNames]:
    """The names that a module is known to bind."""
    return next((one for one in case.clues.names if one.module == module), None)


def missing_name(case: Situation) -> Optional[Diagnosis]:
    """The module has no such name: where it is now, or the nearest one."""
    asked = attribute_asked(case) or _submodule_of_a_distribution(case)
    if (
        asked is None
        or case.module_in_source is not None
        or (case.rule is IMPORT_RAISES and names_of(asked[0], case) is None)
    ):
        return None
    module, name = asked
    names = names_of(module, case)
    provider = _provider(case, module)
    if names is None and provider is None:
        return None
    elsewhere = names.elsewhere if names else ()
    others = [one for one in (names.names if names else ()) if one != name]
    passed = names is not None and len(others) < len(names.names)
    close = difflib.get_close_matches(name, others, n=3, cutoff=_CLOSE)
    what = f"{provider[0]} {provider[1]} is installed, and its" if provider else "The module"
    where = (
        f" ({file_and_line(case.source_location(names.path))})"
        if names and names.path and not provider
        else ""
    )
    return make_diagnosis(
        "missing-name",
        CERTAIN if names and names.everything else LIKELY if names else POSSIBLE,
        f"{what} '{module}'{where} has no '{name}'{_PASSED if passed else ''}.{_declared(case, provider)}",
        case.correct_import(_to_correct(case, module, elsewhere, () if passed else close, provider)),
        naming_place(case)[1] if case.rule is ENTRYPOINT_TARGET else case.import_place,
        None,
        (
            f"names read: {len(names.names) if names else 'none'}",
            f"elsewhere: {shortened_list(elsewhere) or 'nowhere'}",
            f"close: {shortened_list(close) or 'none'}",
        ),
    )


def _submodule_of_a_distribution(case: Situation) -> Optional[tuple[str, str]]:
    """(package, name) of a submodule that an installed distribution does not have."""
    if case.rule is not MISSING_MODULE or not case.holding_module or case.is_own_module:
        return None
    resolution = case.clues.resolution_of(case.holding_module)
    there = resolution is not None and resolution.kind == "package"
    return (case.holding_module, case.missing.rpartition(".")[2]) if there else None


def _provider(case: Situation, module: str) -> Optional[tuple[str, str]]:
    if module.partition(".")[0] in case.code.packages:
        return None
    found = case.providing_distributions(module)
    return (found[0].name, found[0].version) if found else None


def _declared(case: Situation, provider: Optional[tuple[str, str]]) -> str:
    if provider is None or case.source is None:
        return ""
    name = canonicalize_name(provider[0])
    found = [one for one in case.source.requirements if one.name == name and one.kind in ("main", "lock")]
    if not found:
        return ""
    one = found[0]
    return f" {one.place.path}:{one.place.line} declares {one.name}{one.specifier or ' of any version'}."


def _to_correct(
    case: Situation,
    module: str,
    elsewhere: Sequence[str],
    close: Sequence[str],
    provider: Optional[tuple[str, str]],
) -> str:
    is_target = case.rule is ENTRYPOINT_TARGET
    place = naming_place(case)[0] if is_target else file_and_line(case.import_place) or "the import"
    if elsewhere:
        return f"it is {' or '.join(elsewhere[:3])} now: correct {place}"
    if close:
        meant = " or ".join(f"'{one}'" for one in close)
        return f"did you mean {meant}? Correct {place}"
    if provider and not _is_local(case, module):
        return (
            f"pin the version of {provider[0]} that {place} was written for, or change the code for this one"
        )
    return f"correct {place}, or bind the name in '{module}'"


def _is_local(case: Situation, module: str) -> bool:
    """Whether the distribution is one of the project's own folders, which has no version to choose."""
    providing = case.providing_distributions(module)
    names = {canonicalize_name(one.name) for one in providing}
    requirements = case.source.requirements if case.source else ()
    return any(one.editable for one in providing) or any(
        one.local_folder for one in requirements if one.name in names
    )
