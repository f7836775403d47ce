"""The names that the modules have which lack one, and where else that name is defined."""

from __future__ import annotations

import os
import re

from importguard.probe.code.bound_names import Bound, bound_names
from importguard.probe.files import printable_path, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
    wanted: dict[str, list[str]] = {}
    for module, name in questions.names:
        wanted.setdefault(module, []).append(name)
    found: list[ModuleNamesValues] = []
    for module, lacking in wanted.items():
        if budget.is_spent("the names of modules"):
            break
        path = resolver.path_of_name(module)
        package = resolver.kind_of_match(module) in ("package", "namespace")
        bound = bound_names(path) if path else Bound()
        beside = _submodules(resolver, module) if package else []
        names = list(dict.fromkeys(bound.public_names + beside))
        elsewhere = [other for name in lacking for other in _elsewhere(name, module, path, scene, budget)]
        found.append(
            {
                "module": module,
                "path": path and printable_path(path),
                "names": [printable_path(name) for name in names[:_MOST_NAMES]],
                "everything": bound.everything and path is not None and len(names) <= _MOST_NAMES,
                "elsewhere": [printable_path(name) for name in elsewhere],
            }
        )
    return found


def _submodules(resolver: Resolver, package: str) -> list[str]:
    names: set[str] = set()
    for path in resolver.submodule_folders(package):
        folder = resolver.list_folder(path)
        names.update(folder.modules, folder.folders)
    return sorted(names - {"__init__", "__pycache__"})


def _elsewhere(name: str, module: str, path: str | None, scene: Scene, budget: Budget) -> list[str]:
    """``module.name`` where modules of the application, or of the same package, define ``name``."""
    plain = os.fsencode(name)
    binds = re.compile(_BINDS.replace(b"NAME", re.escape(plain)), re.M)
    found: list[str] = []
    for other, file in _neighbours(module, path, scene):
        if len(found) >= _MOST_ELSEWHERE or budget.is_spent("where names are defined"):
            break
        if other == module:
            continue
        if other.rpartition(".")[2] == name:
            found.append(other)
            continue
        source = read_bytes(file, _READ) or b""
        if plain in source and binds.search(source) and name in bound_names(file).defined:
            found.append("%s.%s" % (other, name))
    return found


def _neighbours(module: str, path: str | None, scene: Scene) -> Iterator[tuple[str, str]]:
    """(module, file) of where a name of ``module`` may have gone; at most so many."""
    if module in scene.modules or path is None:
        yield from list(scene.modules.items())[:_MOST_FILES]
        return
    above = [entry for entry in scene.sys_path if path.startswith(entry.rstrip("/") + "/")]
    if not above:
        return
    entry = max(above, key=len)
    top = "%s/%s" % (entry, module.split(".")[0])
    count = 0
    for folder, below, names in os.walk(top):
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
