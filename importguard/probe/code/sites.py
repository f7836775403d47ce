"""What the application's files import, found without running them: for what an import did not get to."""

from __future__ import annotations

import os
import re
from collections import deque

from importguard.probe.code.imports import import_sites, parse_module
from importguard.probe.code.quick_scan import IMPORT_LINE, mentioned_modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from importguard.probe.code.imports import Site
    from importguard.probe.values import SiteValues

    Files = Mapping[str, "str | None"]  # module → path


def read_sites(module: str, path: str | None, cut: Callable[[bytes], bytes] | None = None) -> list[Site]:
    """``import_sites`` of the file at ``path``, or of what ``cut`` leaves of it; none if it is unreadable."""
    if not path or not path.endswith(".py"):
        return []
    try:
        with open(path, "rb") as file:
            source = file.read()
        tree = parse_module(cut(source) if cut else source, path)
    except SyntaxError:
        return read_sites(module, path) if cut else []
    except (OSError, ValueError, RecursionError, MemoryError):
        return []
    return import_sites(tree, module, path.endswith("__init__.py"))


def imported_modules(target: str, names: Iterable[str], files: Files) -> list[str]:
    """The modules of ``files`` that importing ``names`` from ``target`` runs, parents first."""
    parts = target.split(".")
    wanted = [".".join(parts[: index + 1]) for index in range(len(parts))]
    wanted += [target + "." + name for name in names]
    return [name for name in wanted if name in files]


def static_reach(start: str, files: Files) -> set[str]:
    """The modules of ``files`` (name → path) that importing ``start`` runs by its unguarded imports."""
    reached: set[str] = set()
    waiting = imported_modules(start, (), files)
    while waiting:
        module = waiting.pop()
        if module in reached:
            continue
        reached.add(module)
        for target, names, _, scope in read_sites(module, files[module]):
            if scope == "module":
                waiting.extend(imported_modules(target, names, files))
    return reached


STATEMENT = re.compile(rb"\n(?=[^\s)#])")


def _head(source: bytes) -> bytes:
    """The source up to the end of the last import at its top level: most of a file need not be parsed."""
    last = deque(IMPORT_LINE.finditer(source), 1)
    following = STATEMENT.search(source, last[0].end()) if last else None
    return source[: following.start() + 1] if following else source


def sites_of(module: str, path: str | None) -> list[SiteValues]:
    """Each unguarded import at the top level, as it is told to the host."""
    return [
        (module, target, list(names), line, scope, path)
        for target, names, line, scope in read_sites(module, path, _head)
        if scope == "module"
    ]


def no_file(target: str, files: Files) -> bool:
    """Whether ``target``, or a package above it, is absent from a regular package of the application."""
    parent, _, name = target.rpartition(".")
    while parent and parent not in files and target not in files:
        parent, _, name = parent.rpartition(".")
    home, init = os.path.split(files.get(parent) or "")
    if target in files or init != "__init__.py":
        return False
    try:
        return not any(entry.split(".")[0] == name for entry in os.listdir(home))
    except OSError:
        return False


# What may set a name in another module. Each begins with something that is quick to look for.
ATTRIBUTE = re.compile(rb"\.\w+[ \t]*(?::[^=\n]*)?=(?!=)")
OWNER = re.compile(rb"[ \t]*(?!self\b|cls\b)([A-Za-z_][\w.]*)")
IMPORTED = re.compile(rb"\bimport\b[ \t]*(\([^)]*|(?:[^\n\\]|\\\n)*)")
WORD = re.compile(rb"\w+")
CALL = re.compile(rb"\b(?:setattr|vars)\([ \t]*([\w.]+)")
ENTRY = re.compile(rb"\bsys\.modules\[[\"']([\w.]+)")
ALIAS = re.compile(rb" as (\w+)")
GLOBAL = re.compile(rb"^[ \t]+global[ \t]", re.M)


def unresolved_imports(
    modules: Iterable[str],
    files: Files,
    known: Collection[str | None],
    find: Callable[[list[str]], Collection[str]],
) -> list[SiteValues]:
    """The unguarded imports of ``modules`` whose target is not in the image, nor ``known`` to be missing.

    Only what can be told without running anything: a top-level name of which ``find`` says that no finder
    knows it, or a file that is not in a package of the application.
    """
    paths = {module: files.get(module) for module in modules}
    mentions = {module: mentioned_modules(module, path) for module, path in paths.items() if path}
    names = {name for found in mentions.values() for name in found if name not in files}.difference(known)
    absent = find(sorted({name.partition(".")[0] for name in names} - set(files)))
    lost = {name for name in names if name.partition(".")[0] in absent or no_file(name, files)}
    sites: list[SiteValues] = []
    for module, found in mentions.items():
        if not lost.isdisjoint(found):
            sites += [site for site in sites_of(module, files[module]) if site[1] in lost]
    return sites


def _owners(source: bytes) -> set[bytes]:
    """What stands before the last dot where an attribute is set, if an import may have bound it."""
    found = set()
    for attribute in ATTRIBUTE.finditer(source):
        begins = source.rfind(b"\n", 0, attribute.start()) + 1
        owner = OWNER.fullmatch(source, begins, attribute.start())
        if owner:
            found.add(owner[1])
    if not found or b"import *" in source:
        return found
    words = set(WORD.findall(b" ".join(IMPORTED.findall(source))))
    return {owner for owner in found if owner.partition(b".")[0] in words}


# A statement of the body, not of a function in it, that looks at the frames above or for a module by name.
ASKS_IMPORTER = re.compile(
    rb"^[^\s#][^\n]*(?:_getframe\(|inspect\.stack\(|currentframe\(|in sys\.modules|sys\.modules\.get\()", re.M
)
# A module that is looked for by its name, also in a function, which the body may call, or in a ``try``.
SOUGHT = re.compile(
    rb"""["']([\w.]+)["'][ \t]+(?:not[ \t]+)?in[ \t]+sys\.modules\b"""
    rb"""|\bsys\.modules(?:\.get\([ \t]*|\[)["']([\w.]+)["'](?!\][ \t]*=[^=])"""
)
BEHIND_THE_BACK = (("putenv", re.compile(rb"putenv\(|unsetenv\(")), ("_getframe", ASKS_IMPORTER))


def patched_names(module: str, path: str) -> set[str]:
    """The names of modules of which this file may set an attribute, a few too many.

    ``.NAME`` stands for all modules whose last name that is. ``module`` has functions that set its globals.
    ``putenv`` is among them where the file sets variables behind the back of ``os.environ``, and
    ``_getframe`` where its body asks who imports it, or looks for a module in ``sys.modules``.
    """
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError:
        return set()
    found = _owners(source)
    for word, pattern in ((b"setattr(", CALL), (b"vars(", CALL), (b"sys.modules[", ENTRY)):
        if word in source:
            found.update(pattern.findall(source))
    for word in (b".__dict__", b".__path__"):
        for before in source.split(word)[:-1]:
            found.update(before[-80:].replace(b"(", b" ").split()[-1:])
    names = {name.rpartition(b".")[2] for name in found} - {b"self", b"cls", b""}
    for alias in ALIAS.finditer(source):
        if alias[1] in names:
            original = source[max(0, alias.start() - 80) : alias.start()].split()
            names.update(word.rpartition(b".")[2] for word in original[-1:])
    patched = {"." + name.decode("utf-8", "replace") for name in names}
    if b"global " in source and GLOBAL.search(source):
        patched.add(module)
    patched.update(name for name, pattern in BEHIND_THE_BACK if pattern.search(source))
    if b"sys.modules" in source and SOUGHT.search(source):
        patched.add("_getframe")
    return patched


def sought_modules(path: str) -> list[str]:
    """The modules that a file looks for in ``sys.modules`` by their names, in its body or a function.

    Nothing where its body asks for its importer in another way as well.
    """
    with open(path, "rb") as file:
        source = file.read()
    if ASKS_IMPORTER.search(SOUGHT.sub(b"", source)):
        return []
    names = dict.fromkeys(first or second for first, second in SOUGHT.findall(source))
    return [name.decode("utf-8", "replace") for name in names]
