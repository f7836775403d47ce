"""Which modules can be imported from a set of folders, told from the file system alone, as PathFinder would.

What wins over several folders is told by PEP 420: folders without ``__init__`` are portions of a namespace
package, used only where nothing else of that name is found anywhere.
"""

from __future__ import annotations

import os

from importguard.probe.files import printable_path
from importguard.probe.select.folder import (
    Folder,
    extends_path,
    has_init_function,
    is_build_output,
    is_environment,
    is_versions,
    leads_astray,
    runs_when_imported,
)
from importguard.probe.select.tests_by_name import has_test_word, is_test_folder, names_a_test

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

TESTS = "tests"
RUNS = "runs when imported"
NO_NAME = "not a module name"
LIBRARY = "not an extension module"
EXCLUDED = "excluded"
NOT_ASKED = "not in the packages asked for"

DIRECTORY_LIMIT = 200000
"""Folders that are looked into before giving up."""

_NEVER = frozenset(["__pycache__", "__pex__", "node_modules", "site-packages", "dist-packages"])


class TooMuch(Exception):
    """The folders hold more than can be looked at."""


class Selection:
    """Collects the modules below packages and folders; ``modules`` and ``skipped`` are the result.

    ``boundaries`` are folders that are no portions of namespace packages, since they are on the import path
    themselves: their modules have another name there. ``has_migrations``: Django is set up, whose loader
    imports what lies in packages ``migrations`` by any name.
    """

    def __init__(self, suffixes: list[str], include_tests: bool, exclude: list[str]) -> None:
        self.suffixes = suffixes
        self.include_tests = include_tests
        self.exclude = exclude
        self.modules: dict[str, str | None] = {}
        self.skipped: dict[str, tuple[str, str]] = {}
        self.boundaries: frozenset[str] = frozenset()
        self.page_folders: frozenset[str] = frozenset()
        self.launchers: frozenset[str] = frozenset()
        self.has_migrations = False
        self.directories = 0
        self._cache: dict[str, Folder] = {}

    def list_folder(self, path: str) -> Folder:
        """The listing of a folder, made once."""
        found = self._cache.get(path)
        if found is None:
            found = self._cache[path] = Folder(path, self.suffixes)
        return found

    def add_module(self, name: str, path: str, reason: str = "") -> None:
        """One module by its name and file; the first of a name stays, as in ``sys.path``."""
        if name in self.modules or name in self.skipped:
            return
        reason = reason or self._reason(name, path)
        if reason:
            self.skipped[name] = (path, reason)
        else:
            self.modules[name] = path

    def force_module(self, name: str, path: str | None) -> None:
        """A module that has to be imported, whatever its name looks like, and even if it is not there."""
        if self.skipped.get(name, ("", EXCLUDED))[1] != EXCLUDED:
            del self.skipped[name]
        if name not in self.skipped:
            self.modules[name] = path

    def narrow_to_packages(self, packages: list[str]) -> None:
        """Leave out what is in none of these packages: it is the application's all the same."""
        for name, path in list(self.modules.items()):
            if not any(name == package or name.startswith(package + ".") for package in packages):
                del self.modules[name]
                if path:
                    self.skipped[name] = (path, NOT_ASKED)

    def _reason(self, name: str, path: str) -> str:
        last = name.rpartition(".")[2]
        if last == "__main__" or path in self.launchers:
            return RUNS
        if self.exclude and _matches(name, self.exclude):
            return EXCLUDED
        return TESTS if names_a_test(last) and not self.include_tests else ""

    def add_package(self, name: str, init: str) -> None:
        """A regular package and everything below it."""
        self.add_module(name, init)
        self.walk_package([(name, [os.path.dirname(init)], (), "")])

    def add_namespace(self, name: str, portions: list[str]) -> None:
        """Everything below the portions of a namespace package."""
        self.walk_package([(name, portions, (), "")])

    def walk_package(self, pending: list[tuple[str, list[str], tuple[object, ...], str]]) -> None:
        """Everything below (name, folders, identities of the folders above, reason to skip)."""
        while pending:
            name, paths, seen, reason = pending.pop()
            opened = []
            for path in paths:
                folder = self.list_folder(path)
                if folder.identity is None or is_environment(folder):
                    continue
                self.directories += 1
                if self.directories > DIRECTORY_LIMIT:
                    raise TooMuch(
                        "more than %d folders below %s" % (DIRECTORY_LIMIT, printable_path(paths[0]))
                    )
                opened.append(folder)
            if opened:
                pending.extend(self.add_folder_contents(name, opened, seen, reason))
                for path in paths:
                    self._cache.pop(path, None)

    def add_folder_contents(
        self,
        parent: str,
        opened: list[Folder],
        seen: tuple[object, ...] = (),
        reason: str = "",
        allowed: Callable[[Folder, str], bool] | None = None,
    ) -> list[tuple[str, list[str], tuple[object, ...], str]]:
        """Add what these folders hold; names of the first folder come before those of the next.

        ``seen`` are the identities of the folders above, into which no link may lead back; ``allowed`` says
        of a folder's name whether it is to be taken. Returns what has to be walked next.
        """
        prefix = parent + "." if parent else ""
        taken: set[str] = set()
        portions: dict[str, list[str]] = {}
        extended: dict[str, list[str]] = {}
        below = []
        seen = seen + tuple(folder.identity for folder in opened)
        for folder in opened:
            for child, path in self._inside(folder, taken.difference(extended), seen, allowed):
                if child in extended:
                    extended[child].append(path)
                    continue
                init = self._package(folder, child)
                why = reason or self._folder_reason(child, [path])
                if init:
                    taken.add(child)
                    self.add_module(prefix + child, init, why)
                    paths = [path]
                    below.append((prefix + child, paths, seen, why))
                    if len(opened) > 1 and extends_path(init):
                        extended[child] = paths
                elif child not in folder.modules and path not in self.boundaries:
                    portions.setdefault(child, []).append(path)
            taken.update(self._add_modules_of(folder, prefix, taken, reason, allowed))
        for child in sorted(portions.keys() - taken):
            why = reason or self._folder_reason(child, portions[child])
            below.append((prefix + child, portions[child], seen, why))
        return below

    def _add_modules_of(
        self,
        folder: Folder,
        prefix: str,
        taken: set[str],
        reason: str,
        allowed: Callable[[Folder, str], bool] | None,
    ) -> list[str]:
        """Add the folder's own modules but those whose names are taken; returns their names."""
        free = [name for name in folder.modules if name not in taken]
        wanted = [name for name in free if not allowed or allowed(folder, name)]
        self._modules(prefix, folder, wanted, reason)
        self._unnamed(prefix, folder, reason)
        return wanted

    def _package(self, folder: Folder, child: str) -> str | None:
        """The ``__init__`` file of a folder in this one, where it is a regular package.

        By its listing, which is needed anyway: to ask for each name that the file may have costs more. But a
        folder may be entered and not listed.
        """
        inner = self.list_folder(folder.path_of_entry(child))
        if not inner.names:
            return folder.package_init_file(child, self.suffixes)
        init = inner.modules.get("__init__")
        return inner.path_of_entry(init) if init else None

    def _inside(
        self,
        folder: Folder,
        taken: set[str],
        seen: tuple[object, ...],
        allowed: Callable[[Folder, str], bool] | None,
    ) -> Iterator[tuple[str, str]]:
        """The folders in this one that may be walked, as (name, path), but for what is taken by then."""
        for child, is_link in folder.folders.items():
            if child in taken or child in _NEVER or (allowed and not allowed(folder, child)):
                continue
            if child == "lib" and is_build_output(folder):
                continue
            path = folder.path_of_entry(child)
            if not is_link or not leads_astray(path, seen):
                yield child, path

    def _modules(self, prefix: str, folder: Folder, names: list[str], reason: str) -> None:
        runs = runs_when_imported(folder)
        for name in names:
            if name != "__init__":
                path = folder.path_of_entry(folder.modules[name])
                why = reason or (RUNS if name in runs else "")
                if not why and path.endswith(".so") and not has_init_function(path):
                    why = LIBRARY
                self.add_module(prefix + name, path, why)

    def _folder_reason(self, name: str, paths: list[str]) -> str:
        if self.include_tests or not has_test_word(name):
            return ""
        return TESTS if is_test_folder(name, _modules_below(paths)) else ""

    def _unnamed(self, prefix: str, folder: Folder, reason: str) -> None:
        for name, is_folder in folder.unnamed:
            path = folder.path_of_entry(name)
            if name.startswith(".") or (is_folder and not os.path.isfile(path + "/__init__.py")):
                continue
            stem = name if is_folder else name.rpartition(".")[0]
            by_name = not is_folder and name.endswith(".py") and "." not in stem
            named = by_name and self._is_loaded_by_path(folder, stem)
            self.add_module(prefix + stem, path, reason if named else NO_NAME)

    def _is_loaded_by_path(self, folder: Folder, stem: str) -> bool:
        """Whether a migration, a revision or a page of the application, which are loaded whatever their names
        are."""
        return folder.path in self.page_folders or self._is_migration(folder, stem) or is_versions(folder)

    def _is_migration(self, folder: Folder, stem: str) -> bool:
        """Whether Django's loader imports it (django.db.migrations.loader.MigrationLoader.load_disk)."""
        is_package = "__init__" in folder.modules and os.path.basename(folder.path) == "migrations"
        return self.has_migrations and is_package and stem[0] not in "_~"


def _modules_below(paths: list[str]) -> Iterator[str]:
    """The names of the files below these folders that an import may load from source or bytecode."""
    for path in paths:
        for _, _, files in os.walk(path):
            for stem, ending in map(os.path.splitext, files):
                if ending in (".py", ".pyc"):
                    yield stem


def _matches(name: str, patterns: list[str]) -> bool:
    """Whether a pattern of dotted names names this module or a package above it."""
    import fnmatch

    parts = name.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(fnmatch.fnmatchcase(item, pattern) for pattern in patterns for item in above)
