"""A situation: one finding, what was observed in the image, and its source. Causes are told from it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.source_index import SourceIndex
from importguard.diagnosis.source_module import SourceModule
from importguard.diagnosis.tables.distribution_names import from_table, is_called_so
from importguard.evidence.imports import ImportFailure
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues, Distribution, System
from importguard.failures.application import Application
from importguard.model import Diagnosis, Finding, Location, Rule
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.model import Place, Project, Source

NO_CLUES = Clues(System(), {}, ())
CERTAIN, LIKELY, POSSIBLE = "certain", "likely", "possible"
_LIBRARY_FILE = re.compile(r"/(?:site|dist)-packages/")


@dataclass(frozen=True)
class Situation:
    """One finding and all that is known. ``built`` says that the image was just built from this source: it
    can't be an old one, nor one of another checkout. ``is_of_distribution`` says that what is missing is a
    distribution's, whatever the source has of that name."""

    finding: Finding
    evidence: Evidence
    clues: Clues
    code: Application
    index: Optional[SourceIndex] = None
    built: bool = False
    is_of_distribution: bool = False

    @property
    def source(self) -> Optional[Source]:
        """The source, where there is one."""
        return self.index.source if self.index else None

    @property
    def rule(self) -> Rule:
        """The finding's rule."""
        return self.finding.rule

    @property
    def missing(self) -> str:
        """The missing module, ``module.name`` or library; empty where the finding names none."""
        return self.finding.missing or ""

    @property
    def top_name(self) -> str:
        """The top-level name of what is missing."""
        return self.missing.partition(".")[0]

    @property
    def holding_module(self) -> str:
        """The module that a missing name was asked of (IG102, IG109)."""
        return self.missing.rpartition(".")[0]

    @property
    def is_own_module(self) -> bool:
        """Whether what is missing lies in one of the application's own packages."""
        return "." in self.missing and self.top_name in self.code.packages

    @cached_property
    def python_version(self) -> tuple[int, ...]:
        """The image's Python, (major, minor)."""
        parts = self.evidence.version.split(".")
        return tuple(int(part) for part in parts[:2] if part.isdigit())

    @cached_property
    def failure(self) -> Optional[ImportFailure]:
        """The failure that the finding was made from."""
        names = (self.finding.module, *self.finding.affected)
        found = [item for item in self.evidence.modules if item.name in names and item.failure]
        found.sort(key=lambda item: names.index(item.name))
        return found[0].failure if found else None

    @cached_property
    def module_in_source(self) -> Optional[SourceModule]:
        """The missing module as it is in the source. Of a missing name, the submodule of that name."""
        if self.index is None or self.is_of_distribution:
            return None
        if self.rule not in (MISSING_MODULE, MISSING_NAME):
            return None
        found = self.index.find_module(self.missing)
        beside = found is None and self.rule is MISSING_MODULE and not self._is_declared
        if beside and self.import_place is not None:
            found = self.index.find_beside(self.missing, self.import_place.path)
            if found is not None and self.index.is_package(found.root) and self.is_well_known_distribution:
                return None
        if found is not None or self.rule is MISSING_MODULE:
            return found
        return self._package_without_its_body()

    @property
    def _is_declared(self) -> bool:
        """Whether a requirement is called like what is missing: ``import alembic`` in backend/alembic/env.py
        means that, and not the folder."""
        name = canonicalize_name(self.top_name)
        return self.source is not None and any(one.name == name for one in self.source.requirements)

    @property
    def is_well_known_distribution(self) -> bool:
        """Whether a well-known distribution provides what is missing: ``import redis`` means that, and not
        the module ``shop.clients.redis``."""
        return bool(from_table(self.missing)) or is_called_so(self.missing)

    def _package_without_its_body(self) -> Optional[SourceModule]:
        """A package whose ``__init__.py`` did not get into the image: an empty namespace is left of it."""
        resolution = self.clues.resolution_of(self.holding_module)
        lost = (resolution is not None and resolution.kind == "namespace") or (
            "(unknown location)" in self.finding.message
        )
        found = self.index.find_module(self.holding_module) if self.index and lost else None
        return found if found is not None and found.path.endswith("/__init__.py") else None

    def providing_distributions(self, name: str) -> list[Distribution]:
        """The installed distributions that provide an import name: those of the longest part of it."""
        parts = name.split(".")
        for end in range(len(parts), 0, -1):
            part = ".".join(parts[:end])
            found = [one for one in self.clues.distributions if part in one.provides]
            if found:
                return found
        return []

    def source_location(self, image_path: str, line: Optional[int] = None) -> Location:
        """A file of the image as a place: in the source where it is known to come from there."""
        path = self._path_in_source(image_path)
        return Location(path or self.code.path_below_import_root(image_path), line)

    def _path_in_source(self, image_path: str) -> Optional[str]:
        """The source's file that a COPY put there, or an install of the project, as the module that it is."""
        if self.index is None:
            return None
        origin = self.index.origin_in_source(image_path)
        if origin is not None:
            return origin.path
        name = self.code.modules.get(image_path, "")
        found = self.index.find_module(name) if name in self.code.names else None
        is_same = found is not None and posixpath.basename(found.path) == posixpath.basename(image_path)
        return found.path if found is not None and is_same else None

    def dockerfile_location(self, line: Optional[int]) -> Optional[Location]:
        """A line of the Dockerfile, None where either is not known."""
        source = self.source
        return Location(source.dockerfile.path, line) if source and source.dockerfile and line else None

    @cached_property
    def import_place(self) -> Optional[Location]:
        """The line of the import: in the source where its file is known to come from there."""
        location = self.finding.location
        if location is None or self.index is None:
            return location
        for root in self.evidence.import_path:
            path = self._path_in_source(posixpath.join(root, location.path))
            if path is not None:
                return Location(path, location.line)
        return location

    @cached_property
    def importing_project(self) -> Optional[Project]:
        """The project of a workspace that the importing file belongs to; None where there is no workspace."""
        path = self.import_place.path if self.import_place else ""
        projects = {
            project for one in (self.source.requirements if self.source else ()) for project in one.projects
        }
        around = [one for one in projects if lies_below(f"/{path}", f"/{posixpath.dirname(one.path)}")]
        return max(around, key=lambda one: len(one.path), default=None)

    @cached_property
    def failing_library(self) -> str:
        """The library whose own statement failed, with its version; empty where the application's did.

        A function of a library may ask for a name that the application gave it: then the application is to
        be corrected, unless none of its code was running.
        """
        frames = self.failure.frames if self.failure and self.finding.reached else ()
        last = next((frame for frame in reversed(frames) if not frame.path.startswith("<")), None)
        if last is None or self.top_name in self.code.packages or not _LIBRARY_FILE.search(last.path):
            return ""
        is_of_application = any(frame.module in self.code.names for frame in frames)
        name = last.module.partition(".")[0]
        if name in self.code.packages or (is_of_application and last.function != "<module>"):
            return ""
        installed = self.providing_distributions(last.module)
        return f"{installed[0].name} {installed[0].version}" if installed else name

    def correct_import(self, correction: str) -> str:
        """``correction`` of the application's code; of a library, which its user can't change, another
        version."""
        if not self.failing_library:
            return correction
        return f"change the version of {self.failing_library}, whose own code asks for it"

    @property
    def is_named_by_command(self) -> bool:
        """Whether no module imports what is missing: the start command itself names it."""
        return self.finding.module == self.missing and not self.finding.chain and self.import_place is None

    @property
    def importers(self) -> str:
        """Name the modules that import what is missing, with the line."""
        if self.is_named_by_command:
            return "the start command"
        location, name = self.import_place, self.finding.module
        if name == self.missing and self.finding.chain:
            name = self.finding.chain[-1].importer  # what a start command's __main__ imports itself
        return f"{name} ({file_and_line(location)})" if location else name


def file_and_line(location: Optional[Location]) -> str:
    """``file:line``."""
    if location is None:
        return ""
    return f"{location.path}:{location.line}" if location.line else location.path


def place_and_line(place: Place) -> str:
    """``file:line``."""
    return f"{place.path}:{place.line}"


def location_of(place: Place) -> Location:
    """The place as a location."""
    return Location(place.path, place.line)


def shortened_list(items: Sequence[str], most: int = 5) -> str:
    """``a, b and 3 more``."""
    shown = ", ".join(items[:most])
    return f"{shown} and {len(items) - most} more" if len(items) > most else shown


def make_diagnosis(
    cause: str,
    confidence: str,
    explanation: str,
    remedy: str,
    location: Optional[Location] = None,
    change: Optional[str] = None,
    evidence: Sequence[str] = (),
    quote: Optional[str] = None,
) -> Diagnosis:
    """A Diagnosis, in the order in which a cause's function thinks of it."""
    return Diagnosis(cause, explanation, remedy, location, confidence, quote, change, tuple(evidence))


def lies_below(path: str, folder: str) -> bool:
    """Whether an absolute ``path`` is ``folder`` or lies in it."""
    folder = posixpath.normpath(folder)
    return path == folder or path.startswith(folder.rstrip("/") + "/")
