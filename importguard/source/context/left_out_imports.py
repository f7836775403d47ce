"""The imports of files that go into a build which need a module that is left out. Nothing is run."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Optional

from importguard.probe.code.imports import import_sites, parse_module
from importguard.probe.code.quick_scan import likely_imports
from importguard.source.context.file_names import FileNames
from importguard.source.model import Source
from importguard.source.modules.module_names import module_name
from importguard.source.modules.named_modules import NamedModule, installed_apps, started_modules
from importguard.source.modules.standard_library import STANDARD

if TYPE_CHECKING:
    from importguard.probe.code.imports import Site

_AT_ONCE = frozenset({"module", "start", "settings"})


@dataclass(frozen=True)
class ImportedAt:
    """An import of ``module`` in a file that goes in. ``scope`` as in ``evidence.ImportSite``; ``start`` is a
    start command of the Dockerfile, ``settings`` Django's INSTALLED_APPS.

    ``importer`` is the dotted name of the file, empty where it has none.
    """

    module: str
    path: str
    line: int
    scope: str
    importer: str = ""

    @property
    def is_immediate(self) -> bool:
        """Whether the import runs as soon as its file is imported."""
        return self.scope in _AT_ONCE


class LeftOutImports:
    """Finds imports of modules that are left out in files that go in."""

    def __init__(self, root: str, names: FileNames, inside: list[str], lost: Collection[str]) -> None:
        self.root = root
        self.names = names
        self.present = {name for path in inside for name in names.names_of(path)}
        # What is left of a package whose __init__.py is left out is a namespace package (PEP 420).
        self.present |= {parent for name in self.present for parent in _parents(name)}
        self.packages = {posixpath.dirname(path) for path in (*inside, *lost) if path.endswith("__init__.py")}
        self.paths = tuple(lost)
        self.lost: dict[str, str] = {}
        self.beside: dict[str, dict[str, str]] = {}
        for path in sorted(lost):
            for name in names.names_of(path):
                if name not in self.present:
                    self.lost.setdefault(name, path)
            self._note_beside(path)

    def _note_beside(self, path: str) -> None:
        """A script finds what lies beside it: the folder of the script is on its import path."""
        folder = posixpath.dirname(path)
        for start in (folder, posixpath.dirname(folder)):
            name = module_name(path, start)
            if name and name not in STANDARD and "." not in name:
                self.beside.setdefault(start, {}).setdefault(name, path)

    def all_imports(self, importers: Iterable[str], source: Source) -> Iterator[tuple[str, ImportedAt]]:
        """Find imports of left-out modules, by the start command and in the files ``importers``."""
        if source.dockerfile is not None:
            there = {
                placement.destination
                for placement in source.placements
                if placement.stage == source.dockerfile.final
            }
            for named in started_modules(source.dockerfile):
                found = self._started(named, there)
                if found is not None:
                    yield found[1], ImportedAt(found[0], source.dockerfile.path, named.line, "start")
        for path in importers:
            yield from self.imports_in_file(path)

    def _started(self, named: NamedModule, there: Collection[str]) -> Optional[tuple[str, str]]:
        """A module of the start command that is left out; of a script, the only file that it can be."""
        if not named.script:
            return self._missing(named.module, (), {})
        if named.script in there:
            return None
        paths = [path for path in self.paths if f"/{path}".endswith(f"/{named.path}")]
        return (next(iter(self.names.names_of(paths[0])), named.path), paths[0]) if len(paths) == 1 else None

    def imports_in_file(self, path: str) -> Iterator[tuple[str, ImportedAt]]:
        """The file that is left out, and the import, for each in the file ``path``."""
        try:
            with open(os.path.join(self.root, path), "rb") as stream:
                text = stream.read()
        except OSError:
            return
        module = next(iter(self.names.names_of(path)), "")
        for named in installed_apps(text):
            app = self._missing(named.module, (), {})
            if app is not None:
                yield app[1], ImportedAt(app[0], path, named.line, "settings", module)
        is_package = posixpath.basename(path) == "__init__.py"
        folder = posixpath.dirname(path)
        script = {} if folder in self.packages else self.beside.get(folder, {})
        package = module if is_package else module.rpartition(".")[0]
        if not any(self._missing(target, names, script) for target, names in likely_imports(text, package)):
            return
        for target, names, line, scope in _sites(text, path, module, is_package):
            found = self._missing(target, names, script)
            if found is not None:
                yield found[1], ImportedAt(found[0], path, line, scope, module)

    def _missing(self, target: str, names: Iterable[str], script: dict[str, str]) -> tuple[str, str] | None:
        """The first module on the way that is left out: its name and file."""
        parts = target.split(".")
        ways = [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
        for name in (*ways, *(f"{target}.{name}" for name in names if name != "*")):
            if name in self.present:
                continue
            path = self.lost.get(name) or script.get(name)
            if path is not None:
                return name, path
        return None


@lru_cache(maxsize=4096)
def _sites(text: bytes, path: str, module: str, is_package: bool) -> Sequence[Site]:
    """The imports of a file: read once for all builds that it goes into."""
    try:
        return import_sites(parse_module(text, path), module, is_package)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()  # not for this Python, or for none: the check in the image says so


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name
