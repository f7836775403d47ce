"""The module is not in the source under this name: case-mismatch, removed-or-renamed, not-in-source."""

from __future__ import annotations

import difflib
import posixpath
from typing import Optional

from importguard.diagnosis.code_mistakes import names_of
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    file_and_line,
    lies_below,
    make_diagnosis,
    shortened_list,
)
from importguard.diagnosis.tables.distribution_names import from_table, is_called_so
from importguard.model import Diagnosis, Location
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.command_lines import command_line_holding
from importguard.source.model import Removed

_CLOSE = 0.8


def case_mismatch(case: Situation) -> Optional[Diagnosis]:
    """A file whose name differs in case only: found on macOS and Windows, not in the image.

    The name of a class is no file's: ``from models import User`` beside ``models/user.py``, which defines it.
    """
    if case.rule not in (MISSING_MODULE, MISSING_NAME) or case.module_in_source is not None:
        return None
    if case.rule is MISSING_NAME and _is_defined(case):
        return None
    there = next((one for one in case.clues.candidates if one.module == case.missing and not one.exact), None)
    here = case.index.find_other_case(case.missing) if case.index else None
    written = here.path_to_copy if here else there.path if there else None
    if written is None:
        return None
    name = posixpath.basename(written).split(".")[0]
    asked = case.missing.rpartition(".")[2]
    return make_diagnosis(
        "case-mismatch",
        CERTAIN,
        f"The import asks for '{case.missing}', and the file is {written}: names differ in case only, which "
        "Linux tells apart, and the disks of macOS and Windows do not.",
        f"write '{name}' instead of '{asked}' in the import, or rename the file"
        if name != asked
        else f"write the import as the folders of {written} are written, or rename them",
        case.import_place,
        None,
        tuple(f"found: {one}" for one in (written, there.path if there else None) if one),
    )


def _is_defined(case: Situation) -> bool:
    """Whether another module defines the missing name as it is written."""
    tail = "." + case.missing.rpartition(".")[2]
    known = names_of(case.holding_module, case) if case.holding_module else None
    return known is not None and any(one.endswith(tail) for one in known.elsewhere)


def removed_or_renamed(case: Situation) -> Optional[Diagnosis]:
    """The history had it."""
    if case.index is None or case.index.source.git is None or case.module_in_source is not None:
        return None
    if case.rule not in (MISSING_MODULE, MISSING_NAME):
        return None
    removed = _removed(case)
    if removed is None:
        return None
    what = f"renamed it to {removed.renamed_to}" if removed.renamed_to else "removed it"
    # No module is left of a package: its folder comes back whole, as the import may ask for its submodules.
    path = removed.path.removesuffix("__init__.py")
    back = f"git checkout {removed.commit[:12]}^ -- {path}"
    remedy = f"take the import out, or bring it back: {back}"
    if removed.renamed_to:
        remedy = f"import it by its new name: {_module_of(removed.renamed_to, case)}"
    return make_diagnosis(
        "removed-or-renamed",
        CERTAIN,
        f"The source had {path}; commit {removed.commit[:12]} ({removed.date[:10]}, "
        f"'{removed.subject}') {what}, and {case.importers} still imports it.",
        remedy,
        case.import_place,
        None,
        (f"commit: {removed.commit} {removed.date}", f"path: {removed.path}"),
    )


def _removed(case: Situation) -> Optional[Removed]:
    """The newest removal of a file that was the module, below a known root first."""
    assert case.index is not None
    assert case.index.source.git is not None
    relative = case.missing.replace(".", "/")
    tails = (f"{relative}.py", f"{relative}/__init__.py")
    removed = sorted(case.index.source.git.removed, key=lambda one: one.date, reverse=True)
    for root in case.index.source_roots:
        paths = {posixpath.join(root, tail) for tail in tails}
        found = next((one for one in removed if one.path in paths), None)
        if found is not None:
            return found
    if "." not in case.missing:
        return None
    return next((one for one in removed if one.path.endswith(tuple("/" + tail for tail in tails))), None)


def _module_of(path: Optional[str], case: Situation) -> str:
    assert case.index is not None
    stem = (path or "").rsplit(".", 1)[0]
    stem = stem[: -len("/__init__")] if stem.endswith("/__init__") else stem
    for root in sorted(case.index.source_roots, key=len, reverse=True):
        if root and stem.startswith(root + "/"):
            return stem[len(root) + 1 :].replace("/", ".")
    return stem.replace("/", ".")


def not_in_source(case: Situation) -> Optional[Diagnosis]:
    """No such module anywhere in the source: a bug in the code, not in the image."""
    if case.index is None or case.rule is not MISSING_MODULE or case.module_in_source is not None:
        return None
    close = close_names(case)
    if not case.is_own_module and not (close and _is_nobodys(case)):
        return None
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    searched = f"{len(case.index.files)} files of the source"
    named, place = _wrong_name(case)
    blamed = f"the {named} is wrong" + ("" if named == "start command" else ", not the image")
    return make_diagnosis(
        "not-in-source",
        (CERTAIN if case.is_own_module else LIKELY) if case.source and case.source.git else LIKELY,
        f"No file of the source is '{case.missing}': {blamed}.",
        f"{meant}Correct the {named}{place}.",
        case.import_place or _command_line(case),
        None,
        (f"searched: {searched}", f"close names: {shortened_list(close) or 'none'}"),
    )


def _wrong_name(case: Situation) -> tuple[str, str]:
    """What names the missing module, and where, as words.

    A library may load it by a name that it was given, as celery does its ``imports`` and
    luigi its ``--module``: then no line of the application imports it.
    """
    if (case.finding.module == case.missing and not case.finding.chain) or _started_module(case):
        line = _command_line(case)
        return "start command", f" at {file_and_line(line)}" if line else ""
    if case.import_place is None or case.import_place.path.startswith("/"):
        return "name", " where the start command or the application's settings give it"
    return "import", f" at {case.importers}"


def _started_module(case: Situation) -> str:
    """The whole name of the module that a start command asks for and no import does: config.wsgi, where
    'config' is missing. Empty where it is another's, or has no dot."""
    if case.finding.chain or case.import_place is not None:
        return ""
    asked = [entry.module for entry in case.evidence.entrypoints if entry.module]
    return next((name for name in asked if "." in name and f"{name}.".startswith(f"{case.missing}.")), "")


def _command_line(case: Situation) -> Optional[Location]:
    """The CMD or ENTRYPOINT that names what is missing, where no import does."""
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None or case.import_place is not None:
        return None
    return command_line_holding(dockerfile, _started_module(case) or case.missing)[0]


def _is_nobodys(case: Situation) -> bool:
    """A top-level name that no distribution that anyone names could provide."""
    known = {one.name for one in case.source.requirements} if case.source else set()
    plain = case.top_name.lower().replace("_", "-")
    return (
        not (from_table(case.top_name) or is_called_so(case.top_name))
        and plain not in known
        and not case.providing_distributions(case.top_name)
    )


def close_names(case: Situation) -> list[str]:
    """The module of that very name elsewhere in the source where there is one alone, else the names beside it
    that are written nearly so, as full module names."""
    parent, _, last = case.missing.rpartition(".")
    started = _started_module(case)
    elsewhere = _same_name_elsewhere(case, started.rpartition(".")[2] or last, bool(started))
    if elsewhere is not None:
        return [elsewhere]
    resolution = case.clues.resolution_of(case.missing)
    names = set(resolution.siblings) if resolution else set()
    if case.index is not None:
        names |= _siblings_in_source(case, parent)
    names.discard(last)
    close = difflib.get_close_matches(last, sorted(names), n=3, cutoff=_CLOSE)
    return [f"{parent}.{name}" if parent else name for name in close]


def _same_name_elsewhere(case: Situation, name: str, is_started: bool) -> Optional[str]:
    """The only module of the source that is called ``name`` and can be imported: it was moved, or the import
    was guessed. Asked for the application's own names and for what is started alone: redis.py of a demo is
    not the redis that is meant."""
    if case.index is None or not (case.is_own_module or is_started):
        return None
    ends = (f"/{name}.py", f"/{name}/__init__.py")
    named = [path for path in case.index.files if f"/{path}".endswith(ends)]
    paths = [path for path in named if path not in case.index.test_files]
    if len(paths) != 1 or not any(not root or lies_below(paths[0], root) for root in case.index.source_roots):
        return None
    module = _module_of(paths[0], case)
    return module if module != case.missing else None


def _siblings_in_source(case: Situation, parent: str) -> set[str]:
    assert case.index is not None
    names: set[str] = set()
    for root in case.index.source_roots if parent else case.index.source_roots[:1]:
        folder = posixpath.join(root, parent.replace(".", "/")) if parent else root
        names |= case.index.names_by_folder.get(folder, set())
    return names - {"__init__"}
