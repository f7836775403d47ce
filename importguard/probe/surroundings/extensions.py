"""Compiled modules that do not load: what their files are for, and which libraries they lack.

Tags: PEP 3149 (``cpython-312-x86_64-linux-gnu``), PEP 384 (``abi3``).
"""

from __future__ import annotations

import os
import re

from importguard.probe.files import printable_path
from importguard.probe.surroundings.elf import read_elf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.elf import Elf
    from importguard.probe.surroundings.libraries import Loader
    from importguard.probe.surroundings.questions import Questions
    from importguard.probe.surroundings.resolutions import Resolver
    from importguard.probe.surroundings.values import ExtensionValues

MOST_READ = 400
_MOST_TOLD = 100
_MOST_FOLDERS = 2000
_CPYTHON = re.compile(r"(?:cpython|pypy)-?(\d)(\d+)")


def failing_extensions(
    scene: Scene, resolver: Resolver, questions: Questions, loader: Loader, budget: Budget
) -> list[ExtensionValues]:
    """Those that the failures name, and of their packages those that would fail next."""
    named = _named(resolver, questions)
    beside = [path for path in _beside(named, questions, scene) if path not in named]
    found: list[ExtensionValues] = []
    for path in [*named, *beside]:
        if budget.is_spent("extension modules") or len(found) >= _MOST_TOLD:
            break
        elf = read_elf(path)
        if elf is None or (path not in named and not elf.is_module):  # plugins lie beside modules
            continue
        one = describe_extension(path, elf, scene, loader)
        if path in named or _would_fail(one, scene, loader):
            found.append(one)
    return found


def _named(resolver: Resolver, questions: Questions) -> list[str]:
    """The files that the loader refused, and those that would be a missing module but for their tag."""
    refused = [
        resolver.path_of_name(name)
        for name in questions.refused
        if resolver.kind_of_match(name) == "extension"
    ]
    found = [path for path in [*questions.libraries, *refused] if path and os.path.isfile(path)]
    pairs = [name.rpartition(".") for name in questions.missing]
    pairs += [(module, ".", name) for module, name in questions.names]
    for parent, _, last in pairs:
        for folder in resolver.submodule_folders(parent) if parent else resolver.scene.sys_path:
            names = resolver.list_folder(folder).names
            stem = last + "."
            found += ["%s/%s" % (folder, name) for name in sorted(names) if _is_named(name, stem)]
    return list(dict.fromkeys(found))[:MOST_READ]


def _is_named(name: str, stem: str) -> bool:
    return name.startswith(stem) and name.endswith(".so")


def _beside(named: list[str], questions: Questions, scene: Scene) -> list[str]:
    """The other extension modules of the same distributions' packages."""
    tops: dict[str, None] = {}
    for path in [*named, *list(questions.files)[:200]]:
        for entry in scene.sys_path:
            if path.startswith(entry + "/") and scene.is_third_party(entry) and "/" in path[len(entry) + 1 :]:
                tops["%s/%s" % (entry, path[len(entry) + 1 :].split("/", 1)[0])] = None
    found: list[str] = []
    folders = 0
    for top in tops:
        for folder, below, files in os.walk(top):
            below.sort()
            folders += 1
            if folders > _MOST_FOLDERS or len(found) > MOST_READ:
                return found[:MOST_READ]
            found += ["%s/%s" % (folder, name) for name in sorted(files) if name.endswith(".so")]
    return found[:MOST_READ]


def describe_extension(path: str, elf: Elf, scene: Scene, loader: Loader) -> ExtensionValues:
    """``clues.Extension`` of one file."""
    tag = os.path.basename(path).partition(".")[2][: -len(".so")]
    loaded = loader.find_needed_libraries(path)
    return {
        "module": module_of(path, scene.sys_path),
        "path": printable_path(path),
        "tag": printable_path(tag),
        "python": python_of(tag),
        "machine": elf.machine,
        "libc": elf.c_library
        or ("musl" if tag.endswith("-musl") else "glibc" if tag.endswith("-gnu") else None),
        "not_found": [printable_path(name) for name in loaded.missing],
        "symbols": [printable_path(name) for name in loaded.versions],
    }


def module_of(path: str, entries: list[str]) -> str:
    """The dotted name of a compiled module, by the longest entry of the import path that it is below."""
    above = [entry for entry in entries if path.startswith(entry.rstrip("/") + "/")]
    entry = max(above, key=len) if above else os.path.dirname(path)
    folders, _, name = path[len(entry.rstrip("/")) + 1 :].rpartition("/")
    dotted = folders.replace("/", ".") + "." if folders else ""
    return printable_path(dotted + name.split(".", 1)[0])


def python_of(tag: str) -> str | None:
    """The version that a tag names; ``cpython-312-…`` and ``pypy310-pp73-…`` are 3.12 and 3.10."""
    match = _CPYTHON.match(tag)
    return "%s.%s" % match.groups() if match else None


def _would_fail(one: ExtensionValues, scene: Scene, loader: Loader) -> bool:
    if one["not_found"] or one["symbols"]:
        return True
    program = loader.program.elf.machine if loader.program else None
    version = ".".join(scene.python.version.split(".")[:2])
    return (
        (one["python"] is not None and one["python"] != version)
        or (one["machine"] is not None and program is not None and one["machine"] != program)
        or (one["libc"] is not None and one["libc"] != loader.libc)
    )
