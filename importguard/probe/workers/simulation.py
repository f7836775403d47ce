"""Circular imports, judged from each member as the entry, without running the bodies again.

Which module of a cycle is imported first decides which of them is half-imported when another asks it for
a name. A *program* is what a module's top-level statements do to the import system, in order: imports, with
what guards them, names bound between them, and attributes taken of imported modules. Running the programs
from a given entry tells whether it passes, fails by a module known to fail, or has to be run for real.

Static evaluation is cautious: what it can't decide raises ``Undecided``, and only passes and failures that
follow from known facts are trusted.
"""

from __future__ import annotations

import sys

from importguard.probe.code.imports import absolute_target, is_type_checking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Callable

    from importguard.probe.values import Node
    from importguard.probe.workers.failures import PlainFrame
    from importguard.probe.workers.memo import Memo

    Operation = tuple[Any, ...]  # kind, line, and what the kind needs
    Names = dict[str, "str | None"]  # name → the module that it is bound to, None for another object


class Fails(Exception):
    """The simulated import fails by ``memo``; ``lead`` are the frames on the way, outermost first."""

    def __init__(self, memo: Memo) -> None:
        self.memo = memo
        self.lead: list[PlainFrame] = []


class Undecided(Exception):
    """Only a real import can tell."""


def program(tree: Node, module: str, is_package: bool) -> list[Operation]:
    """The operations of a module's body: tuples of (kind, line, …), see ``Simulation``."""
    package = module if is_package else module.rpartition(".")[0]
    return _block(tree.body, package)


def _block(body: list[Node], package: str) -> list[Operation]:
    operations: list[Operation] = []
    for node in body:
        _statement(node, package, operations)
    return operations


def _statement(node: Node, package: str, out: list[Operation]) -> None:
    _STATEMENTS.get(type(node).__name__, _other)(node, getattr(node, "lineno", 0), package, out)


def _import_statement(node: Node, line: int, package: str, out: list[Operation]) -> None:
    out.extend(("import", line, alias.name, alias.asname) for alias in node.names)


def _from_statement(node: Node, line: int, package: str, out: list[Operation]) -> None:
    target = absolute_target(node, package)
    names = [(alias.name, alias.asname or alias.name) for alias in node.names]
    out.append(("from", line, target, names) if target else ("undecided", line))


def _if_statement(node: Node, line: int, package: str, out: list[Operation]) -> None:
    _uses(node.test, out)
    out.append(("if", line, _truth(node.test), _block(node.body, package), _block(node.orelse, package)))


def _try_statement(node: Node, line: int, package: str, out: list[Operation]) -> None:
    handlers = [(_caught(handler), _block(handler.body, package)) for handler in node.handlers]
    blocks = [_block(part, package) for part in (node.body, node.orelse, node.finalbody)]
    out.append(("try", line, handlers, *blocks))


def _function(node: Node, line: int, package: str, out: list[Operation]) -> None:
    for part in node.decorator_list + node.args.defaults + [d for d in node.args.kw_defaults if d]:
        _uses(part, out)
    out.append(("bind", line, node.name))


def _class(node: Node, line: int, package: str, out: list[Operation]) -> None:
    for part in node.decorator_list + node.bases + [keyword.value for keyword in node.keywords]:
        _uses(part, out)
    out.extend(operation for operation in _block(node.body, package) if operation[0] != "bind")
    out.append(("bind", line, node.name))


def _raise_statement(node: Node, line: int, package: str, out: list[Operation]) -> None:
    out.append(("raise", line))


def _other(node: Node, line: int, package: str, out: list[Operation]) -> None:
    """Assignments, loops, ``with`` and expressions: what they use, the names that they bind, their bodies."""
    kind = type(node).__name__
    for field in ("value", "iter", "test"):
        _uses(getattr(node, field, None), out)
    for item in getattr(node, "items", ()):
        _uses(item.context_expr, out)
    if kind != "AnnAssign" or node.value is not None:
        for target in _targets(node):
            out.extend(("bind", line, name) for name in _names(target))
            _uses(target if type(target).__name__ != "Name" else None, out)
    body = getattr(node, "body", None)
    if type(body) is list:
        otherwise = getattr(node, "orelse", None) or []
        out.append(("if", line, None, _block(body, package), _block(otherwise, package)))


_STATEMENTS = {
    "Import": _import_statement,
    "ImportFrom": _from_statement,
    "If": _if_statement,
    "Try": _try_statement,
    "TryStar": _try_statement,
    "FunctionDef": _function,
    "AsyncFunctionDef": _function,
    "ClassDef": _class,
    "Raise": _raise_statement,
}


def _targets(node: Node) -> list[Node]:
    """What an assignment, a loop or a ``with`` assigns to."""
    targets = list(getattr(node, "targets", ()) if type(node).__name__ != "Delete" else ())
    targets.append(getattr(node, "target", None))
    targets.extend(item.optional_vars for item in getattr(node, "items", ()))
    return [target for target in targets if target is not None]


def _names(target: Node) -> list[str]:
    kind = type(target).__name__
    if kind == "Name":
        return [target.id]
    if kind == "Starred":
        return _names(target.value)
    return [name for part in getattr(target, "elts", ()) for name in _names(part)]


def _uses(node: Node, out: list[Operation]) -> None:
    """("use", line, names) for each dotted name in an expression that runs at import."""
    if node is None or type(node).__name__ == "Lambda":
        return
    names: list[str] = []
    inner = node
    while type(inner).__name__ == "Attribute":
        names.append(inner.attr)
        inner = inner.value
    if names and type(inner).__name__ == "Name":
        out.append(("use", node.lineno, [inner.id] + names[::-1]))
        return
    if type(node).__name__ == "NamedExpr":
        out.append(("bind", node.lineno, node.target.id))
    for field in inner._fields:
        value = getattr(inner, field, None)
        for part in value if type(value) is list else (value,):
            if hasattr(part, "_fields"):
                _uses(part, out)


def _truth(test: Node) -> bool | None:
    """True or False where a condition is the same in every run of this interpreter, else None."""
    if is_type_checking(test):
        return False
    kind = type(test).__name__
    if kind == "UnaryOp" and type(test.op).__name__ == "Not":
        inner = _truth(test.operand)
        return None if inner is None else not inner
    if kind == "Constant":
        return bool(test.value)
    if kind == "Compare" and len(test.ops) == 1:
        return _main_test(test) if "__name__" in _names_compared(test) else _version_test(test)
    return None


def _names_compared(test: Node) -> list[str]:
    return [getattr(side, "id", "") for side in (test.left, test.comparators[0])]


def _main_test(test: Node) -> bool | None:
    """``__name__ == "__main__"``, which no import makes true; another name may be the module's own."""
    sides = [getattr(side, "value", getattr(side, "s", None)) for side in (test.left, test.comparators[0])]
    operator = type(test.ops[0]).__name__
    return {"Eq": False, "NotEq": True}.get(operator) if "__main__" in sides else None


def _version_test(test: Node) -> bool | None:
    """``sys.version_info >= (3, 9)`` and ``sys.platform == "win32"``, judged by this interpreter."""
    left, right = test.left, test.comparators[0]
    if getattr(getattr(left, "value", None), "id", None) != "sys":
        return None
    if left.attr not in ("version_info", "platform"):
        return None
    parts = [getattr(part, "value", None) for part in getattr(right, "elts", [right])]
    value: Any = parts[0] if left.attr == "platform" else tuple(parts)
    mine: Any = getattr(sys, left.attr)
    try:
        answers: dict[str, bool] = {
            "Eq": mine == value,
            "NotEq": mine != value,
            "Lt": mine < value,
            "LtE": mine <= value,
            "Gt": mine > value,
            "GtE": mine >= value,
        }
        return answers.get(type(test.ops[0]).__name__)
    except TypeError:
        return None


def _caught(handler: Node) -> list[str | None] | None:
    """The names of the exceptions that a handler takes; None for all of them."""
    if handler.type is None:
        return None
    kinds = getattr(handler.type, "elts", [handler.type])
    return [getattr(kind, "id", None) or getattr(kind, "attr", None) for kind in kinds]


class Simulation:
    """One import from one entry.

    ``inside(name)`` says whether a module's program is to be run; ``fact(name, parent)`` gives the memo of
    any other, importing it where it was not met yet, None where its parent's import brings it;
    ``programs(name)`` gives a module's operations, or None. ``files`` are the paths of the application's
    modules; ``failures`` the bodies that fail by themselves: module → (line, memo).
    """

    def __init__(
        self,
        inside: Callable[[str], bool],
        fact: Callable[[str, str], Memo | None],
        programs: Callable[[str], list[Operation] | None],
        files: Mapping[str, str | None],
        failures: Mapping[str, tuple[int, Memo]],
    ) -> None:
        self.inside, self.fact, self.programs = inside, fact, programs
        self.files = files
        self.failures = failures
        self.bound: dict[str, Names] = {}  # of each module whose program is running or has run
        self.complete: set[str] = set()
        self.memos: dict[str, Memo | None] = {}
        self.steps: dict[str, Callable[..., None]] = {
            "bind": self.bind_object,
            "import": self.import_module,
            "from": self.import_names,
            "use": self.use_attribute,
            "if": self.run_branches,
            "try": self.run_guarded,
            "raise": self.leave_undecided,
            "undecided": self.leave_undecided,
        }

    def simulate_import(self, name: str) -> None:
        """Import ``name`` and its parents; raises Fails or Undecided."""
        parts = name.split(".")
        for index in range(len(parts)):
            self.simulate_module(".".join(parts[: index + 1]))

    def simulate_module(self, name: str) -> None:
        """Import ``name``, whose parents are imported."""
        if name in self.bound:
            return
        parent, _, child = name.rpartition(".")
        if not self.inside(name):
            if name not in self.memos:
                self.memos[name] = self.fact(name, parent)
            memo = self.memos[name]
            if memo is not None and memo.error is not None:
                raise Fails(memo)
            return
        operations = self.programs(name)
        if operations is None:
            raise Undecided(name)
        self.bound[name] = {}
        try:
            self.run_operations(name, operations)
            if name in self.failures:
                raise Fails(self.failures[name][1])
        except Fails:
            del self.bound[name]
            raise
        self.complete.add(name)
        if parent in self.bound:
            self.bound[parent][child] = name

    def run_operations(self, module: str, operations: list[Operation]) -> None:
        """Do ``operations`` of the body of ``module``, up to the line on which it fails by itself."""
        for kind, line, *operands in operations:
            failure = self.failures.get(module)
            if failure is not None and line >= failure[0] and kind not in ("try", "if"):
                raise Fails(failure[1])
            try:
                self.steps[kind](module, *operands)
            except Fails as fails:
                if kind in ("import", "from"):
                    fails.lead.insert(0, (self.files.get(module) or module, line, "<module>", module))
                raise

    def leave_undecided(self, module: str) -> None:
        """``raise``, and an import that leaves the top package."""
        raise Undecided(module)

    def bind_object(self, module: str, name: str) -> None:
        """``name = …``, ``def name``, ``class name``."""
        self.bound[module][name] = None

    def import_module(self, module: str, target: str, alias: str | None) -> None:
        """``import target as alias``."""
        self.simulate_import(target)
        top = target.partition(".")[0]
        self.bound[module][alias or top] = target if alias else top

    def import_names(self, module: str, target: str, names: list[tuple[str, str]]) -> None:
        """``from target import names``: attributes first, then submodules (importlib's _handle_fromlist)."""
        self.simulate_import(target)
        bound = self.bound[module]
        for name, alias in names:
            if name == "*":
                bound.update(self.names_of_star(target))
            else:
                bound[alias] = self.imported_attribute(target, name)

    def imported_attribute(self, target: str, name: str) -> str | None:
        """The module that ``from target import name`` gives, None for another object."""
        whole = target + "." + name
        space = self.bound.get(target)
        if space is not None and name in space:
            return space[name]
        if space is None and self.has_attribute(target, name):
            return whole if whole in self.bound else None
        if whole in self.files or self.inside(whole):
            self.simulate_import(whole)
            return whole
        if space is not None and target not in self.complete:
            raise Undecided(whole)
        return None  # bound in a way that no statement shows; the first import found it

    def names_of_star(self, target: str) -> Names:
        """What ``from target import *`` binds."""
        space = self.bound.get(target)
        if space is not None:
            if target not in self.complete:
                raise Undecided(target)
            return {name: value for name, value in space.items() if not name.startswith("_")}
        memo = self.memos.get(target)
        if memo is None or memo.module is None:
            return {}
        try:
            return dict.fromkeys(vars(memo.module))
        except TypeError:
            raise Undecided(target) from None

    def has_attribute(self, target: str, name: str) -> bool:
        """Whether a module outside has an attribute; one that can't be looked into is taken to."""
        memo = self.memos.get(target)
        try:
            return memo is not None and name in vars(memo.module)
        except TypeError:
            return True

    def use_attribute(self, module: str, names: list[str]) -> None:
        """An attribute of a module that is half-imported must have been bound by now."""
        current = self.bound[module].get(names[0])
        for name in names[1:]:
            if current is None:
                return
            whole = current + "." + name
            space = self.bound.get(current)
            if space is not None and name in space:
                current = space[name]
            elif whole in self.bound and whole not in self.complete:
                raise Undecided(whole)  # a package has no attribute for a module that is half-imported
            elif space is None:
                current = whole
            elif current in self.complete or name.startswith("__"):
                return
            else:
                raise Undecided(current)

    def run_branches(
        self, module: str, truth: bool | None, body: list[Operation], otherwise: list[Operation]
    ) -> None:
        """``if``, loops and ``with``; where ``truth`` is None, both ways must pass."""
        if truth is not None:
            self.run_operations(module, body if truth else otherwise)
            return
        for block in (body, otherwise):
            try:
                self.run_operations(module, [operation for operation in block if operation[0] != "raise"])
            except Fails:
                raise Undecided(module) from None

    def run_guarded(
        self,
        module: str,
        handlers: list[tuple[list[str | None] | None, list[Operation]]],
        body: list[Operation],
        otherwise: list[Operation],
        final: list[Operation],
    ) -> None:
        """``try``: the first handler that takes the error runs."""
        try:
            self.run_operations(module, body)
        except Fails as fails:
            kinds = {kind.__name__ for kind in type(fails.memo.error).__mro__}
            for caught, handler in handlers:
                if caught is None or kinds.intersection(caught):
                    self.run_operations(module, handler)
                    break
                if None in caught:
                    raise Undecided(module) from None
            else:
                raise
        else:
            self.run_operations(module, otherwise)
        self.run_operations(module, final)
