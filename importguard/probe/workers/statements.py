"""What a module's top-level statements do to the import system, in order: its *operations*.

They are imports, with what guards them, names bound between them, and attributes taken of imported modules.
"""

from __future__ import annotations

import sys

from importguard.probe.code.imports import absolute_target, is_type_checking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from importguard.probe.values import Node

    Operation = tuple[Any, ...]  # kind, line, and what the kind needs


def import_operations(tree: Node, module: str, is_package: bool) -> list[Operation]:
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
