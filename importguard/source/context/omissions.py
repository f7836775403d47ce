"""The modules that a build would leave out, and where the code that goes in imports them. Nothing is run."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from importguard.source.context.arrival import LeftOut, left_out, nearest_place
from importguard.source.context.file_names import FileNames
from importguard.source.context.index_requirements import IndexRequirements
from importguard.source.context.left_out_imports import ImportedAt, LeftOutImports
from importguard.source.context.renamed_starts import renamed_starts
from importguard.source.context.suggested_copy import CopyLines
from importguard.source.dockerfile.early_installs import EarlyInstall, early_installs
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import Place, Source
from importguard.source.modules.named_modules import (
    NamedModule,
    started_scripts,
)
from importguard.source.modules.test_files import files_of_tests
from importguard.source.paths import folders_above
from importguard.source.requirements.project_files import read_toml

_LATE = frozenset({"function", "lazy"})
_SEVERITIES = ("error", "warning", None)


@dataclass(frozen=True)
class Omission:
    """A module that is left out, and the imports that won't find it. A package stands for what is in it.

    ``copy`` is the COPY line that it needs; None where one takes it already. ``severity`` is error where
    importing a module that goes in fails, warning where a function fails when it is called, and None where
    the imports are guarded or for type checkers only.
    """

    module: str
    left_out: LeftOut
    imports: tuple[ImportedAt, ...]
    copy: Optional[str] = None
    severity: Optional[str] = None


def severity_of_imports(imports: Sequence[ImportedAt]) -> Optional[str]:
    """See ``Omission.severity``."""
    if any(one.is_immediate for one in imports):
        return "error"
    return "warning" if any(one.scope in _LATE for one in imports) else None


@dataclass(frozen=True)
class Build:
    """The files that a build would leave out: code that goes in imports the ``omissions``, no ``others``.

    ``notes`` say what could not be told. Counts are of files that an import could load.
    """

    files: int
    going_in: int
    omissions: tuple[Omission, ...]
    others: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def error_count(self) -> int:
        """The number of modules that are missed as soon as their importer is imported."""
        return sum(1 for omission in self.omissions if omission.severity == "error")

    @property
    def warning_count(self) -> int:
        """The number of modules that are missed when some function is called."""
        return sum(1 for omission in self.omissions if omission.severity == "warning")


def lines_to_change(omission: Omission, source: Source) -> str:
    """What to do, with every line that it takes."""
    install, place = omission.left_out.install, omission.left_out.place
    if install and place:
        return f"move the COPY of line {place.line} above line {install.line} of {install.path}"
    if omission.left_out.renaming and omission.copy:
        return omission.left_out.renaming.remedy(omission.copy)
    return f"add {' and '.join(_lines_to_add(omission, source))}"


def _lines_to_add(omission: Omission, source: Source) -> Iterator[str]:
    """Every line that is needed, and where: what .dockerignore lets in again may need a COPY too."""
    place = omission.left_out.place
    if omission.left_out.ignored and place:
        yield f"{omission.left_out.ignored.addition} at the end of {place.path}"
    if omission.copy and source.dockerfile:
        yield f"'{omission.copy}' to {source.dockerfile.path}"


@dataclass(frozen=True)
class ExaminedBuild:
    """One build: the context as it was named, what was read and found, and how long that took."""

    context: str
    source: Source
    build: Build
    seconds: float

    @property
    def dockerfile_path(self) -> str:
        """The Dockerfile's path; empty where there is none."""
        return self.source.dockerfile.path if self.source.dockerfile else ""


def find_omissions(source: Source, include_tests: bool = False) -> Build:
    """Find what the build of ``source`` leaves out. Files are read where their imports may matter.

    Imports in tests do not count unless they are asked for.
    """
    out, notes = left_out(source)
    lost = {one.path: one for one in out}
    inside = [
        file.path for file in source.files if file.path in source.context_files and file.path not in lost
    ]
    finder = LeftOutImports(source.root, FileNames(source, inside, lost), inside, lost)
    tests = frozenset() if include_tests else files_of_tests(inside)
    importers = [path for path in inside if path.endswith(".py") and path not in tests]
    imports: dict[str, dict[ImportedAt, None]] = {}
    for file, site in finder.all_imports(importers, source) if lost else ():
        imports.setdefault(file, {})[site] = None
    copies = CopyLines(source, lost)
    found = [
        _omission(next(iter(sites)).module, lost[path], sorted(sites, key=_order), copies)
        for path, sites in imports.items()
    ]
    if found and source.dockerfile is not None:
        brought = IndexRequirements(source, source.dockerfile)
        found = [one for one in found if not brought.brings(one.module, one.left_out.path)]
    found.sort(key=lambda one: (_SEVERITIES.index(one.severity), one.module))
    whole = {posixpath.dirname(path) for path in imports if posixpath.basename(path) == "__init__.py"}
    unused = [file for file in out if file.path not in imports]
    others = tuple(file for file in unused if whole.isdisjoint(folders_above(file.path)))
    late, untold = _missed_by_installs(source)
    found += [*late, *_renamed_omissions(source, {one.module for one in (*found, *late)})]
    notes += untold
    return Build(len(source.files), len(inside), tuple(found), others, (*source.notes, *notes))


def _missed_by_installs(source: Source) -> tuple[list[Omission], list[str]]:
    """The modules that a start command's own console script will not find, since an editable install came
    before their COPY; and a note on each other such install, whose packages may be found another way."""
    found: list[Omission] = []
    notes: list[str] = []
    for early in early_installs(source):
        assert source.dockerfile is not None
        project = _read_project(os.path.join(source.root, early.root, "pyproject.toml"))
        missed = [
            script
            for script in started_scripts(source.dockerfile, project)
            if script.module.partition(".")[0] in early.late
        ]
        found += [_late_omission(script, early, source.dockerfile) for script in missed]
        if not missed:
            notes.append(early.sentence(source.dockerfile))
    return found, notes


def _renamed_omissions(source: Source, known: Collection[str]) -> Iterator[Omission]:
    """The start command's modules that get in under another name, except those ``known`` to be missed."""
    for one in renamed_starts(source):
        if one.module not in known:
            place = one.renaming.place
            out = LeftOut(
                one.path, "copied-elsewhere", place, renaming=one.renaming, destination=one.destination
            )
            start = (ImportedAt(one.module, place.path, one.line, "start"),)
            yield Omission(one.module, out, start, one.copy, severity_of_imports(start))


def _read_project(path: str) -> Mapping[str, object]:
    """A pyproject.toml; empty where there is none that can be read."""
    try:
        with open(path, encoding="utf-8") as stream:
            return read_toml(stream.read())
    except (OSError, ValueError):
        return {}


def _late_omission(named: NamedModule, early: EarlyInstall, dockerfile: Dockerfile) -> Omission:
    top = named.module.partition(".")[0]
    placed = early.late[top]
    text = next((copy.text for copy in dockerfile.copies if copy.line == placed.line), "")
    out = LeftOut(
        placed.path,
        "copied-after-install",
        Place(dockerfile.path, placed.line, text),
        install=Place(dockerfile.path, early.install.line, early.install.text),
    )
    start = (ImportedAt(top, dockerfile.path, named.line, "start"),)
    return Omission(top, out, start, severity=severity_of_imports(start))


def _omission(module: str, out: LeftOut, sites: Sequence[ImportedAt], copies: CopyLines) -> Omission:
    source, dockerfile = copies.source, copies.source.dockerfile
    needs_copy = dockerfile is not None and not copies.is_covered(out.path)
    if out.cause == "not-copied" and dockerfile is not None:
        out = replace(out, place=nearest_place(out.path, source, dockerfile, sites[0].path))
    copy = copies.line_for(module, out.path) if needs_copy or out.cause == "not-copied" else None
    return Omission(module, out, tuple(sites), copy, severity_of_imports(sites))


def _order(site: ImportedAt) -> tuple[bool, bool, str, int]:
    """The import that makes it a finding first: one that is guarded harms nothing."""
    return not site.is_immediate, site.scope not in _LATE, site.path, site.line
