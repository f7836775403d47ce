"""The nodes of a syntax tree, as ``compile`` gives them, of any Python from 3.7 on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.values import Node

NOT_CONSTANT = object()
FUNCTIONS = ("FunctionDef", "AsyncFunctionDef", "Lambda")
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def kind_of(node: Node) -> str:
    """The name of a node's class."""
    return type(node).__name__


def expressions_of(statement: Node) -> list[Node]:
    """The expressions of a statement that are not in its blocks."""
    found: list[Node] = []
    for field in statement._fields:
        if field not in BLOCKS:
            value = getattr(statement, field, None)
            found += value if type(value) is list else [value]
    return found


def walk_nodes(nodes: list[Node], functions: bool = True) -> Iterator[Node]:
    """These nodes and all below, without those in ``functions`` below them where so asked."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if not hasattr(node, "_fields"):
            continue
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            below = value if type(value) is list else [value]
            waiting += below if functions else [item for item in below if kind_of(item) not in FUNCTIONS]


def called_name(call: Node) -> str | None:
    """The last name of what is called: ``run`` of ``app.run()``."""
    return getattr(call.func, "attr", None) or getattr(call.func, "id", None)


def dotted_name(node: Node) -> str:
    """``a.b.c`` as it is written; nothing for anything else."""
    parts = []
    while kind_of(node) == "Attribute":
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if kind_of(node) == "Name" else ""


def constant_of(node: Node) -> Node:
    """The value of a constant, else NOT_CONSTANT, which is true. Python 3.7 calls a constant Str or Num."""
    for field in ("value", "s", "n"):
        if kind_of(node) in ("Constant", "NameConstant", "Str", "Num", "Bytes") and hasattr(node, field):
            return getattr(node, field)
    return NOT_CONSTANT


def constant_text(node: Node) -> str | None:
    """The text of a constant that is one."""
    value = constant_of(node)
    return value if type(value) is str else None
