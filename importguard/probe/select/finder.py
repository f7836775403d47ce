"""Where an import would find a name, told from the file system (PathFinder and FileFinder, PEP 420)."""

from __future__ import annotations

import os

from importguard.probe.select.folder import extends_path
from importguard.probe.select.selection import Selection


class Found:
    """A module: ``path`` its file; ``portions`` its folders where it is a namespace package (then no path).

    ``entry`` is the entry of the import path that it came from, "" for an editable finder's.
    ``extended``: the folders elsewhere that a package takes in (pkgutil.extend_path).
    """

    def __init__(self, path: str, package: bool, portions: list[str]) -> None:
        self.path = path
        self.package = package
        self.portions = portions
        self.entry = ""
        self.extended: list[str] = []


class Finder:
    """An import path; ``mapping`` holds what editable finders add to its end."""

    def __init__(self, entries: list[str], selection: Selection) -> None:
        self.entries = entries
        self.selection = selection
        self.mapping: dict[str, str] = {}

    def locate_module(self, name: str) -> Found | None:
        """What importing a dotted name would load, None where there is no such module."""
        paths = self.entries
        found: Found | None = None
        for count, part in enumerate(name.split(".")):
            if count and (found is None or not (found.package or found.portions)):
                return None
            found = self._find(part, paths)
            if found is None and not count:
                found = self._mapped(part)
            if found is None:
                return None
            paths = found.portions or [os.path.dirname(found.path), *found.extended]
        if found is not None:
            above = [
                entry
                for entry in self.entries
                if (found.path or paths[0]).startswith(entry.rstrip("/") + "/")
            ]
            found.entry = max(above, key=len) if above else ""
        return found

    def _find(self, part: str, paths: list[str]) -> Found | None:
        portions = []
        suffixes = self.selection.suffixes
        for at, path in enumerate(paths):
            folder = self.selection.list_folder(path)
            if part in folder.folders:
                init = folder.package_init_file(part, suffixes)
                if init:
                    return self._package(part, init, paths[at + 1 :])
            if part in folder.modules:
                return Found(folder.path_of_entry(folder.modules[part]), False, [])
            if part in folder.folders:
                portions.append(folder.path_of_entry(part))
        return Found("", False, portions) if portions else None

    def _package(self, part: str, init: str, following: list[str]) -> Found:
        found = Found(init, True, [])
        folders = [self.selection.list_folder(path) for path in following]
        others = [folder.path_of_entry(part) for folder in folders if part in folder.folders]
        if others and extends_path(init):
            found.extended = others
        return found

    def _mapped(self, name: str) -> Found | None:
        path = self.mapping.get(name)
        if path is None:
            return None
        for init in (path + "/__init__.py", path + "/__init__.pyc"):
            if os.path.isfile(init):
                return Found(init, True, [])
        for file in (path, path + ".py"):
            if os.path.isfile(file):
                return Found(file, False, [])
        return Found("", False, [path]) if os.path.isdir(path) else None

    def similar_names(self, name: str) -> list[str]:
        """Names on the import path that look like this one."""
        import difflib

        names: set[str] = set(self.mapping)
        for entry in self.entries:
            folder = self.selection.list_folder(entry)
            names.update(folder.folders, folder.modules)
        return difflib.get_close_matches(name.replace("-", "_"), sorted(names), 3)
