"""The names that a module's top level binds, read from its source."""

from __future__ import annotations

import re

from importguard.probe.code.imports import parse_module
from importguard.probe.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.values import Node

_READ = 4 << 20
_DYNAMIC = re.compile(rb"\bglobals\(\)|\bdef __getattr__\b|sys\.modules\[__name__\]|\bvars\(\)|\bexec\(")
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


def never_binds(path: str, name: str) -> bool:
    """Whether no statement of the file at ``path``, a package's, gives ``name`` a value: only a submodule of
    that name can be meant. False where that can't be told."""
    source = read_bytes(path, _READ)
    if source is None or b"global " in source or name[:2] == "__":
        return False
    bound = bound_names(path)
    return bound.everything and name not in bound.public_names


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
