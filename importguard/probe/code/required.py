"""Which environment variables a body needs after the one for want of which it failed, from its source.

Without them its owner would be told of one at a time. Pure, as ``lookups`` is.
"""

from __future__ import annotations

from importguard.probe.code.lookups import (
    BLOCKS,
    FUNCTIONS,
    NAME,
    constant_text,
    expressions_of,
    is_environ,
    kind_of,
    walk_nodes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from importguard.probe.code.lookups import Lookups
    from importguard.probe.values import Node

_MAY_BE_PASSED_OVER = ("IfExp", "BoolOp", "Lambda", "ListComp", "SetComp", "DictComp", "GeneratorExp")
_MOST_NAMES = 20


def variables_required_from(lookups: Lookups, module: str, line: int, said: str) -> list[str]:
    """The unset variables that a module's body looks up from its statement at ``line`` on, and has to have.

    ``said`` is what the exceptions say: a function that fails for a variable that is named there
    (``env("A")``, ``config("A")``) will fail for others. Left out are blocks and expressions that may be
    passed over, and names for which the file has a default elsewhere (``Env(PORT=(int, 80))``).
    """
    tree = lookups.read_tree(module) if NAME.search(said) else None
    try:
        return _required_from(tree, line, said, lookups.environ) if tree else []
    except RecursionError:
        return []


def _required_from(tree: Node, line: int, said: str, environ: Container[str]) -> list[str]:
    statements = list(_statements_from(tree.body, line))
    asking = {
        _asking_name(call)
        for statement in statements[:1]
        for call in walk_nodes(expressions_of(statement))
        if _kind_is_call(call) and (constant_text(call.args[0]) or "-") in said
    } - {""}
    defaults = {node.arg for node in walk_nodes([tree]) if kind_of(node) == "keyword"}
    found: dict[str, None] = {}
    for statement in statements:
        for node in _certain_expressions(expressions_of(statement)):
            name = _required_name(node, asking)
            if name and name not in environ and name not in defaults:
                found[name] = None
    return list(found)[:_MOST_NAMES]


def _statements_from(body: list[Node], line: int) -> Iterator[Node]:
    """The statement at ``line`` and those that are run after it; none where it is in a function."""
    place = max((at for at, node in enumerate(body) if node.lineno <= line), default=-1)
    if place < 0:
        return
    inner = [block for block in _blocks_of(body[place]) if block[0].lineno <= line]
    if not inner:
        yield body[place]
    elif kind_of(body[place]) in FUNCTIONS:
        return
    else:
        yield from _statements_from(max(inner, key=lambda block: block[0].lineno), line)
    yield from _all_statements(body[place + 1 :])


def _all_statements(body: list[Node]) -> Iterator[Node]:
    for statement in body:
        yield statement
        if kind_of(statement) in ("ClassDef", "With"):
            yield from _all_statements(statement.body)


def _blocks_of(statement: Node) -> list[list[Node]]:
    return [block for block in (getattr(statement, name, None) or [] for name in BLOCKS) if block]


def _certain_expressions(nodes: list[Node]) -> Iterator[Node]:
    """These nodes and all below, in the order of the source, without what may not be evaluated."""
    for node in nodes:
        if not hasattr(node, "_fields") or kind_of(node) in _MAY_BE_PASSED_OVER:
            continue
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            yield from _certain_expressions(value if type(value) is list else [value])


def _required_name(node: Node, asking: set[str]) -> str:
    """The variable that this node cannot do without; empty for every other node."""
    if kind_of(node) == "Subscript" and is_environ(node.value) and kind_of(node.ctx) == "Load":
        index = node.slice.value if kind_of(node.slice) == "Index" else node.slice  # until Python 3.8
        return constant_text(index) or ""
    if _kind_is_call(node) and _asking_name(node) in asking:
        name = constant_text(node.args[0]) or ""
        has_default = len(node.args) > 1 or any(word.arg == "default" for word in node.keywords)
        return name if NAME.fullmatch(name) and not has_default else ""
    return ""


def _kind_is_call(node: Node) -> bool:
    return kind_of(node) == "Call" and bool(node.args)


def _asking_name(call: Node) -> str:
    """``env`` of ``env("A")`` and of ``env.str("A")``; empty for what only asks ``os.environ``."""
    function = call.func
    while kind_of(function) in ("Attribute", "Call"):
        if is_environ(function):
            return ""
        function = function.value if kind_of(function) == "Attribute" else function.func
    name = getattr(function, "id", "")
    return "" if name in ("os", "environ") else str(name)
