"""Imports that run late, inside functions or lazily (PEP 810), and ask for what is not in the image."""

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

    from importguard.probe.select.finder import Found
    from importguard.probe.values import SiteValues

    Files = Mapping[str, str | None]  # module → path
    # target and names of an import → (module, "") that is absent, or (module, name that it lacks)
    Lacking = Mapping[tuple[str, tuple[str, ...]], list[tuple[str, str]]]

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
# A line that binds a name, or is one of the names of an import in parentheses.
_BINDS = (
    rb"^(?:(?:async[ \t]+)?def|class)[ \t]+NAME\b|^NAME\b[^\n]*=|^(?:from|import)\b[^\n]*\bNAME\b"
    rb"|^[ \t]+NAME[ \t]*,?[ \t]*$"
)
# A package that changes where its submodules come from.
_MOVES_SUBMODULES = re.compile(rb"__path__|sys\.modules|__getattr__|\bimport_module\b")


class LateImports:
    """The imports that ``modules`` run late. ``files`` are those of all the application's modules."""

    def __init__(self, modules: Iterable[str], files: Files) -> None:
        self.files = files
        self.mentions = {module: _mentioned(module, files.get(module)) for module in modules}
        self.imports = set().union(*self.mentions.values())

    def absent(self, find: Callable[[list[str]], Collection[str]]) -> list[SiteValues]:
        """Those whose target no import would find: the whole dotted name, and no names.

        Told without running anything: a top-level name of which ``find`` says that no finder knows it, or a
        module or name that a package of the application does not have.
        """
        foreign = {target.partition(".")[0] for target, _ in self.imports} - set(self.files)
        absent_tops = find(sorted(foreign)) if foreign else ()
        return self._sites_of(
            {
                (target, names): [(name, "") for name in _absent(target, names, self.files, absent_tops)]
                for target, names in self.imports
            }
        )

    def doubtful(self, locate: Callable[[str], Found | None]) -> list[SiteValues]:
        """Those that seem to ask a module that is there for what it has not: a name, or a submodule.

        To be tried: what a module binds while it runs can't be read. Each site has one name, or none where
        its target is the submodule. ``locate`` says where a module is.
        """
        found = {target: _locate(target, self.files, locate) for target, _ in self.imports}
        lacking = {
            (target, names): _lacking(target, names, found[target], self.files, locate)
            for target, names in self.imports
        }
        return self._sites_of(lacking)

    def _sites_of(self, lacking: Lacking) -> list[SiteValues]:
        """The sites of what is lacking, but for what a file of the application may set from outside."""
        sites: list[SiteValues] = []
        for module, mentioned in self.mentions.items():
            if any(lacking[site] for site in mentioned):
                sites += _sites_of_lacking(module, self.files[module], lacking)
        if not any(_owner(site) in self.files for site in sites):
            return sites
        set_elsewhere = _owners_of_set_names(self.files)
        return [site for site in sites if _owner(site) not in set_elsewhere]


def _sites_of_lacking(module: str, path: str | None, lacking: Lacking) -> list[SiteValues]:
    """The late imports of one file. What the file guards elsewhere, or may find in a folder that it adds to
    the import path, is not among them."""
    sites = read_sites(module, path)
    guarded = {target.partition(".")[0] for target, _, _, scope in sites if scope not in ("module", *_LATE)}
    own = module.partition(".")[0]
    only_own = bool(_LOOKS_FOR_MODULES.search(read_bytes(path or "", _READ) or b""))
    found: list[SiteValues] = []
    for target, names, line, scope in sites:
        for owner, name in lacking.get((target, names), ()) if scope in _LATE else ():
            top = owner.partition(".")[0]
            if top == own or not (only_own or top in guarded):
                found.append((module, owner, [name] if name else [], line, scope, path))
    return found


def _owner(site: SiteValues) -> str:
    """The module that is asked for what it lacks."""
    return site[1] if site[2] else _parent(site[1])


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


def _locate(target: str, files: Files, locate: Callable[[str], Found | None]) -> str | None:
    """The file of a module of the application, or of a library; "" where it has none, None where a library
    lacks it."""
    top = target.partition(".")[0]
    library = None if top in files else locate(top)
    if library is None or not (library.package or library.portions):
        return files.get(target) or ""
    found = locate(target)
    return None if found is None else found.path


def _lacking(
    target: str,
    names: tuple[str, ...],
    path: str | None,
    files: Files,
    locate: Callable[[str], Found | None],
) -> list[tuple[str, str]]:
    """What ``from target import names`` seems to ask in vain for: (module, name), or (submodule, "")."""
    if path is None:
        return [(target, "")]
    is_own_package = target in files and os.path.basename(path) == "__init__.py"
    source = None if is_own_package or not path.endswith(".py") else read_bytes(path, _READ)
    if source is None:
        return []
    return [
        (target, name)
        for name in names
        if name != "*"
        and not _seems_bound(name, source)
        and never_binds(path, name)
        and locate("%s.%s" % (target, name)) is None
    ]


def _seems_bound(name: str, source: bytes) -> bool:
    """Whether a line at the top level seems to bind ``name``: parsing all files would take too long."""
    plain = name.encode()
    return plain in source and bool(re.search(_BINDS.replace(b"NAME", re.escape(plain)), source, re.M))


def _moves_submodules(target: str, files: Files) -> bool:
    """Whether a package above ``target`` may get it from elsewhere than its own folder."""
    package = target.rpartition(".")[0]
    while package:
        path = files.get(package)
        if path and _MOVES_SUBMODULES.search(read_bytes(path, _READ) or b""):
            return True
        package = package.rpartition(".")[0]
    return False
