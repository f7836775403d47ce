"""The names that the modules have which lack one, and where else that name is defined."""

from __future__ import annotations

import os
import re

from importguard.probe.code.bound_names import Bound, bound_names
from importguard.probe.files import printable_path, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.questions import Questions
    from importguard.probe.surroundings.resolutions import Resolver
    from importguard.probe.surroundings.values import ModuleNamesValues

_READ = 4 << 20
_MOST_NAMES = 2000
_MOST_ELSEWHERE = 20
_MOST_FILES = 5000
# A line that may bind a name: parsing each file that only uses the name took a second.
_BINDS = rb"\b(?:def|class|type|as)[ \t]+NAME\b|^[\w\t ,*]*\bNAME\b[\w\t ,*]*(?:[:=]|\bin\b)|\bNAME[ \t]*:="


def module_names(
    scene: Scene, resolver: Resolver, questions: Questions, budget: Budget
) -> list[ModuleNamesValues]:
    """``clues.ModuleNames`` of each module that lacks a name."""
    lacking: dict[str, list[str]] = {}
    for module, name in questions.names:
        lacking.setdefault(module, []).append(name)
    paths = {module: resolver.path_of_name(module) for module in lacking}
    folders = {module: _library_folder(module, paths[module], scene) for module in lacking}
    definitions = {
        folder: _definitions(
            {name for module in lacking if folders[module] == folder for name in lacking[module]},
            _files_of_library(*folder) if folder else list(scene.modules.items())[:_MOST_FILES],
            budget,
        )
        for folder in dict.fromkeys(folders.values())
    }
    return [
        _names_of(module, paths[module], resolver, lacking[module], definitions[folders[module]])
        for module in lacking
        if not budget.is_spent("the names of modules")
    ]


def _names_of(
    module: str,
    path: str | None,
    resolver: Resolver,
    lacking: list[str],
    definitions: Mapping[str, list[tuple[str, str]]],
) -> ModuleNamesValues:
    bound = bound_names(path) if path else Bound()
    package = resolver.kind_of_match(module) in ("package", "namespace")
    names = list(dict.fromkeys(bound.public_names + (_submodules(resolver, module) if package else [])))
    elsewhere = [dotted for name in lacking for other, dotted in definitions[name] if other != module]
    return {
        "module": module,
        "path": path and printable_path(path),
        "names": [printable_path(name) for name in names[:_MOST_NAMES]],
        "everything": bound.everything and path is not None and len(names) <= _MOST_NAMES,
        "elsewhere": [printable_path(name) for name in elsewhere],
    }


def _submodules(resolver: Resolver, package: str) -> list[str]:
    names: set[str] = set()
    for path in resolver.submodule_folders(package):
        folder = resolver.list_folder(path)
        names.update(folder.modules, folder.folders)
    return sorted(names - {"__init__", "__pycache__"})


def _definitions(
    names: Collection[str], files: Iterable[tuple[str, str | None]], budget: Budget
) -> dict[str, list[tuple[str, str]]]:
    """Each of the ``names`` → where it is now: (module, that module or ``module.name``)."""
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    binders = {
        name: (plain, re.compile(_BINDS.replace(b"NAME", re.escape(plain)), re.M))
        for name, plain in [(name, os.fsencode(name)) for name in names]
    }
    for module, path in files:
        if budget.is_spent("where names are defined"):
            break
        source = read_bytes(path, _READ) if path else None
        for name, (plain, binds) in binders.items():
            if len(found[name]) >= _MOST_ELSEWHERE:
                continue
            if module.rpartition(".")[2] == name:
                found[name].append((module, module))
            elif path and source and plain in source and binds.search(source):
                if name in bound_names(path).defined:
                    found[name].append((module, "%s.%s" % (module, name)))
    return found


def _library_folder(module: str, path: str | None, scene: Scene) -> tuple[str, str] | None:
    """(entry of the import path, package) that a library's module is of; None of the application's."""
    if module in scene.modules or path is None:
        return None
    above = [entry for entry in scene.sys_path if path.startswith(entry.rstrip("/") + "/")]
    return (max(above, key=len), module.split(".")[0]) if above else None


def _files_of_library(entry: str, package: str) -> Iterator[tuple[str, str]]:
    """(module, file) of where a name of a library's may have gone; at most so many."""
    count = 0
    for folder, below, names in os.walk("%s/%s" % (entry, package)):
        below.sort()
        count += 1
        for name in sorted(names):
            if count > _MOST_FILES:
                return
            if name.endswith(".py"):
                count += 1
                dotted = os.path.join(folder, name)[len(entry) + 1 : -3].replace("/", ".")
                yield (
                    (dotted[: -len(".__init__")] if name == "__init__.py" else dotted),
                    os.path.join(folder, name),
                )
