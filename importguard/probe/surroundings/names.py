"""The names that a module's top level binds, read from its source, and where else a name is defined."""

from __future__ import annotations

import os
import re

from importguard.probe.code.imports import parse_module
from importguard.probe.files import printable_path, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.questions import Questions
    from importguard.probe.surroundings.resolutions import Resolver
    from importguard.probe.surroundings.values import ModuleNamesValues
    from importguard.probe.values import Node

_READ = 4 << 20
_MOST_NAMES = 2000
_MOST_ELSEWHERE = 20
_MOST_FILES = 5000
_DYNAMIC = re.compile(rb"\bglobals\(\)|\bdef __getattr__\b|sys\.modules\[__name__\]|\bvars\(\)|\bexec\(")
# A line that may bind a name: parsing each file that only uses the name took a second.
_BINDS = rb"\b(?:def|class|type|as)[ \t]+NAME\b|^[\w\t ,*]*\bNAME\b[\w\t ,*]*(?:[:=]|\bin\b)|\bNAME[ \t]*:="
_BLOCKS = (
    "If",
    "Try",
    "TryStar",
    "With",
    "AsyncWith",
    "For",
    "AsyncFor",
    "While",
    "ExceptHandler",
    "match_case",
)


class Bound:
    """What a module binds: ``defined`` by statements of its own, ``imported`` from elsewhere.

    ``everything`` is False where more may be bound than can be read.
    """

    def __init__(self) -> None:
        self.defined: dict[str, None] = {}
        self.imported: dict[str, None] = {}
        self.everything = True

    @property
    def public_names(self) -> list[str]:
        """All of them, but for private ones."""
        return [name for name in {**self.defined, **self.imported} if not name.startswith("__")]


def bound_names(path: str) -> Bound:
    """What the top level of the file at ``path`` binds."""
    bound = Bound()
    source = read_bytes(path, _READ) if path.endswith(".py") else None
    if source is None:
        bound.everything = False
        return bound
    try:
        body = parse_module(source, path).body
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        bound.everything = False
        return bound
    bound.everything = not _DYNAMIC.search(source)
    _bind(body, bound)
    return bound


def _bind(body: list[Node], bound: Bound) -> None:
    """Take in statements, with those of blocks that run in the same scope."""
    for node in body:
        kind = type(node).__name__
        if kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            bound.defined[node.name] = None
        elif kind in ("Import", "ImportFrom"):
            _bind_imports(node, kind, bound)
        elif kind == "Delete":
            _unbind(node.targets, bound)
        else:
            for target in _targets(node, kind):
                _bind_target(target, bound)
        if kind in _BLOCKS:
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                _bind(getattr(node, part, []), bound)


def _unbind(targets: list[Node], bound: Bound) -> None:
    for target in targets:
        name = getattr(target, "id", "")
        bound.defined.pop(name, None)
        bound.imported.pop(name, None)


def _bind_imports(node: Node, kind: str, bound: Bound) -> None:
    for alias in node.names:
        if alias.name == "*":
            bound.everything = False
        else:
            name = alias.name.split(".")[0] if kind == "Import" else alias.name
            bound.imported[alias.asname or name] = None


def _targets(node: Node, kind: str) -> Iterator[Node]:
    """The targets to which a statement assigns."""
    yield from getattr(node, "targets", [])
    if kind in ("AugAssign", "For", "AsyncFor") or (kind == "AnnAssign" and node.value is not None):
        yield node.target
    elif kind == "TypeAlias":
        yield node.name
    for item in getattr(node, "items", []):
        if getattr(item, "optional_vars", None) is not None:
            yield item.optional_vars
    value = getattr(node, "value", None)
    if type(value).__name__ == "NamedExpr":
        yield getattr(value, "target", None)


def _bind_target(target: Node, bound: Bound) -> None:
    name = getattr(target, "id", None)
    if name is not None:
        bound.defined[name] = None
    for inner in getattr(target, "elts", []):
        _bind_target(inner, bound)
    if type(target).__name__ == "Starred":
        _bind_target(target.value, bound)


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
