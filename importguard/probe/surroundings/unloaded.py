"""Installed extension modules that lack a shared library, whether or not anything imports them.

A driver that is loaded by the name in a URL (``postgresql://`` → psycopg2) is imported by no statement; what
its file needs can be told all the same. Said only where importing the distribution by its own name would
certainly fail: an extension that the package imports under a guard, or that only a plugin loads, is optional.
"""

from __future__ import annotations

import os
import re

from importguard.probe.code.sites import static_reach
from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.elf import read_elf
from importguard.probe.surroundings.extensions import describe_extension, python_of
from importguard.probe.surroundings.libraries import Loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.elf import Elf
    from importguard.probe.surroundings.values import ExtensionValues

# The driver's, which the host's runtime puts into the container.
_DRIVERS = re.compile(r"lib(?:cuda|nvcuvid|nvoptix|nvidia-|GLX_nvidia|EGL_nvidia)")
_LIBRARY = re.compile(r"\.so(?:\.[\d.]+)?$")
_MOST_FOLDERS = 20000
_MOST_TOLD = 50
_SECONDS = 2.0
_NOT_LOADED = ("__pycache__", "tests", "test", "include")


def lacks_libraries(scene: Scene, seconds: float) -> bool:
    """Whether an extension module lacks a library; asked of an image in which nothing failed."""
    loader = Loader(scene.python.executable, scene.environ, scene.directory)
    return bool(find_unloaded_extensions(scene, loader, Budget(min(seconds, _SECONDS))))


def find_unloaded_extensions(scene: Scene, loader: Loader, budget: Budget) -> list[ExtensionValues]:
    """``clues.Extension`` of each, with the libraries that the dynamic loader would not find."""
    found: list[ExtensionValues] = []
    reaches: dict[str, set[str]] = {}
    for site in scene.sys_path:
        if not scene.is_third_party(site) or budget.is_spent("the libraries of extension modules"):
            continue
        modules, files = _files_of(site, scene.python.suffixes, budget)
        for path in modules:
            if len(found) >= _MOST_TOLD or budget.is_spent("the libraries of extension modules"):
                break
            elf = _loadable(path, scene, loader)
            lacking = _lacking(path, files, loader) if elf else []
            if elf and lacking and _is_essential(path, site, reaches):
                extension = describe_extension(path, elf, scene, loader)
                extension["not_found"] = lacking
                found.append(extension)
    return found


def _files_of(site: str, suffixes: list[str], budget: Budget) -> tuple[list[str], set[str]]:
    """The extension modules below a site-packages, and the names of all shared libraries there.

    ``ctypes.CDLL`` of the package's own ``__init__`` may load one of these before.
    """
    modules: list[str] = []
    names: set[str] = set()
    folders = 0
    for folder, below, files in os.walk(site):
        folders += 1
        if folders > _MOST_FOLDERS or budget.is_spent("the libraries of extension modules"):
            break
        below[:] = sorted(name for name in below if name not in _NOT_LOADED)
        for name in files:
            if ".so" in name and _LIBRARY.search(name):
                names.add(name)
                if name.endswith(tuple(suffixes)):
                    modules.append(folder + "/" + name)
    return modules, names


def _loadable(path: str, scene: Scene, loader: Loader) -> Elf | None:
    """The file, where it is an extension module for this Python, machine and libc."""
    tag = os.path.basename(path).partition(".")[2]
    version = ".".join(scene.python.version.split(".")[:2])
    elf = read_elf(path) if python_of(tag) in (None, version) else None
    program = loader.program
    if elf is None or elf.truncated or not elf.is_module or program is None:
        return None
    return (
        elf if elf.loading_kind == program.elf.loading_kind and elf.c_library in (None, loader.libc) else None
    )


def _lacking(path: str, beside: set[str], loader: Loader) -> list[str]:
    """The libraries that loading this module would not find."""
    missing = loader.find_needed_libraries(path).missing
    return [name for name in missing if name not in beside and not _DRIVERS.match(os.path.basename(name))]


def _is_essential(path: str, site: str, reaches: dict[str, set[str]]) -> bool:
    """Whether importing the top-level module of the file's package always imports it.

    ``reaches``: what is known already, by folder of the package.
    """
    relative = path[len(site.rstrip("/")) + 1 :]
    top, inside, _ = relative.partition("/")
    wanted = relative.partition(".")[0].replace("/", ".")
    if not inside and not top.startswith("_"):
        return True
    top = top if inside else wanted.lstrip("_")  # _ldap is imported by ldap
    home = "%s/%s" % (site.rstrip("/"), top)
    if home not in reaches:
        reaches[home] = static_reach(top, _modules_below(home, top))
    return wanted in reaches[home]


def _modules_below(home: str, top: str) -> dict[str, str | None]:
    """Module → file of a package, its extension modules among them, and of top-level ones beside it."""
    files: dict[str, str | None] = {"_" + top: None}
    for folder, below, names in os.walk(home):
        below[:] = [name for name in below if name.isidentifier() and name not in _NOT_LOADED]
        package = top + folder[len(home) :].replace("/", ".")
        for name in names:
            stem, _, ending = name.partition(".")
            if ending == "py" or ending.endswith("so"):
                files[package if stem == "__init__" else package + "." + stem] = folder + "/" + name
    return files
