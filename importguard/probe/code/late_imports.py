"""Imports that run late, inside functions or lazily (PEP 810), whose target is not in the image."""

from __future__ import annotations

import os
import re

from importguard.probe.code.bound_names import never_binds
from importguard.probe.code.quick_scan import likely_imports
from importguard.probe.code.sites import no_file, patched_names, read_sites
from importguard.probe.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from importguard.probe.values import SiteValues

    Files = Mapping[str, str | None]  # module → path

_LATE = ("function", "lazy")
_READ = 4 << 20
# A statement in a block, or a lazy one. A parenthesis that is never closed is taken to the end of the file:
# to try such a statement again as a line would take time by the square of the file's size.
_STATEMENT = re.compile(
    rb"^(?:[ \t]+|lazy[ \t]+)((?:from[ \t]+[.\w]+[ \t]+)?import\b"
    rb"(?:[ \t]*\([^)]*\)?|[^\n\\]*(?:\\\r?\n[^\n\\]*)*))",
    re.M,
)
# A file that asks whether a module is there, or adds folders to the import path.
_LOOKS_FOR_MODULES = re.compile(rb"\bfind_spec\b|\bsys\.path\b|\baddsitedir\b|\bfind_loader\b")
# A package that changes where its submodules come from.
_MOVES_SUBMODULES = re.compile(rb"__path__|sys\.modules|__getattr__|\bimport_module\b")


def late_absent_imports(
    modules: Iterable[str], files: Files, find: Callable[[list[str]], Collection[str]]
) -> list[SiteValues]:
    """The late imports of ``modules`` whose target no import would find.

    Told without running anything: a top-level name of which ``find`` says that no finder knows it, or a
    module or name that a package of the application does not have.
    """
    mentions = {module: _mentioned(module, files.get(module)) for module in modules}
    imports = set().union(*mentions.values())
    foreign = {target.partition(".")[0] for target, _ in imports} - set(files)
    absent_tops = find(sorted(foreign)) if foreign else ()
    absent = {site: _absent(*site, files, absent_tops) for site in imports}
    found: list[SiteValues] = []
    for module, mentioned in mentions.items():
        if any(absent[site] for site in mentioned):
            found += _sites_of_absent(module, files[module], absent)
    if not any(_parent(site[1]) in files for site in found):
        return found
    set_elsewhere = _owners_of_set_names(files)
    return [site for site in found if _parent(site[1]) not in set_elsewhere]


def _sites_of_absent(
    module: str, path: str | None, absent: Mapping[tuple[str, tuple[str, ...]], list[str]]
) -> list[SiteValues]:
    """The late imports of one file. What the file guards elsewhere, or may find in a folder that it adds to
    the import path, is not among them."""
    sites = read_sites(module, path)
    guarded = {target.partition(".")[0] for target, _, _, scope in sites if scope not in ("module", *_LATE)}
    own = module.partition(".")[0]
    only_own = bool(_LOOKS_FOR_MODULES.search(read_bytes(path or "", _READ) or b""))
    found: list[SiteValues] = []
    for target, names, line, scope in sites:
        for name in absent.get((target, names), ()) if scope in _LATE else ():
            top = name.partition(".")[0]
            if top == own or not (only_own or top in guarded):
                found.append((module, name, [], line, scope, path))
    return found


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def _owners_of_set_names(files: Files) -> set[str]:
    """The packages to which a file of the application may give a name from outside: ``pkg.db = 1``."""
    patched = {name for module, path in files.items() if path for name in patched_names(module, path)}
    return {module for module in files if "." + module.rpartition(".")[2] in patched}


def _mentioned(module: str, path: str | None) -> set[tuple[str, tuple[str, ...]]]:
    """Target and names of what seems to be imported late: quick to find, a few too many."""
    source = read_bytes(path, _READ) if path and path.endswith(".py") else None
    if not source or not path:
        return set()
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    return {site for statement in _STATEMENT.findall(source) for site in likely_imports(statement, package)}


def _absent(target: str, names: tuple[str, ...], files: Files, absent_tops: Collection[str]) -> list[str]:
    """The modules that ``from target import names`` would not find."""
    if target.partition(".")[0] in absent_tops:
        return [target]
    if no_file(target, files):
        return [] if _moves_submodules(target, files) else [target]
    path = files.get(target) or ""
    if os.path.basename(path) != "__init__.py":
        return []
    text = read_bytes(path, _READ) or b""
    unknown = [name for name in names if name != "*" and name.encode() not in text]
    lost = ["%s.%s" % (target, name) for name in unknown if never_binds(path, name)]
    return [name for name in lost if no_file(name, files) and not _moves_submodules(name, files)]


def _moves_submodules(target: str, files: Files) -> bool:
    """Whether a package above ``target`` may get it from elsewhere than its own folder."""
    package = target.rpartition(".")[0]
    while package:
        path = files.get(package)
        if path and _MOVES_SUBMODULES.search(read_bytes(path, _READ) or b""):
            return True
        package = package.rpartition(".")[0]
    return False
