"""Which environment variables expressions look up, and which names are assigned from such lookups."""

from __future__ import annotations

import re

from importguard.probe.code.nodes import (
    NOT_CONSTANT,
    called_name,
    constant_of,
    constant_text,
    kind_of,
    walk_nodes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.values import Node

    Lookup = tuple["str | None", bool]  # the variable, where its name is a constant; is there no default?
    # "NAME", "Class.NAME" and ".NAME" (of any object) → what it was assigned from
    Names = dict[str, list[Lookup]]

NAME = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
# env, get_env, _environment
_WRAPPER = re.compile(r"(?:^|_)env(?:iron(?:ment)?)?(?:$|_)|Env(?:iron(?:ment)?)?$")


def lookups_in(nodes: list[Node], names: Names) -> Iterator[Lookup]:
    """The lookups in these expressions, and those that their names were assigned from.

    None of ``os.getenv("MODE") or "dev"``, which has a value whatever is set.
    """
    for node in walk_nodes([node for node in nodes if not _has_default(node)]):
        found = lookup_of(node)
        if found is not None:
            yield found
        elif kind_of(node) == "Name":
            yield from names.get(node.id, ())
        elif kind_of(node) == "Attribute":
            named = "{}.{}".format(getattr(node.value, "id", None), node.attr)
            yield from names.get(named) or names.get("." + node.attr) or []


def lookup_of(node: Node) -> Lookup | None:
    """``os.getenv(x)``, ``os.environ.get(x)``, ``os.environ[x]``, ``x in os.environ``, and by wrappers."""
    if kind_of(node) == "Call" and node.args:
        called = called_name(node)
        asks = called == "get" and is_environ(getattr(node.func, "value", None))
        if called == "getenv" or asks or _asks_wrapper(node):
            defaults = node.args[1:] + [word.value for word in node.keywords if word.arg == "default"]
            return constant_text(node.args[0]), not any(constant_of(value) for value in defaults)
    if kind_of(node) == "Subscript" and is_environ(node.value):
        index = node.slice.value if kind_of(node.slice) == "Index" else node.slice  # until Python 3.8
        return constant_text(index), True
    if kind_of(node) == "Compare" and is_environ(node.comparators[-1]):
        return constant_text(node.left), True
    return None


def _has_default(node: Node) -> bool:
    """Whether it is ``x or "default"``, with a constant that is true."""
    last = node.values[-1] if kind_of(node) == "BoolOp" and kind_of(node.op) == "Or" else None
    return last is not None and constant_of(last) is not NOT_CONSTANT and bool(constant_of(last))


def _asks_wrapper(call: Node) -> bool:
    """Whether a call asks an object or function of the application's own for a variable: ``env("PORT")``,
    ``env.str("PORT")``, ``get_env().get("PORT")``, ``self._env.get("PORT")``."""
    if not NAME.fullmatch(constant_text(call.args[0]) or ""):
        return False
    asked: Node = call.func if kind_of(call.func) == "Name" else getattr(call.func, "value", None)
    if kind_of(asked) == "Call":
        asked = asked.func
    name = getattr(asked, "attr", None) or getattr(asked, "id", None)
    return type(name) is str and _WRAPPER.search(name) is not None


def is_environ(node: Node) -> bool:
    """Whether it is ``environ``, of ``os`` or imported."""
    return "environ" in (getattr(node, "attr", None), getattr(node, "id", None))


def assigned_names(scope: Node) -> Names:
    """The names that a module or function binds, those of a class as ``Class.name`` and ``.name``.

    With the lookups that they are assigned from; none where one assignment is from something else.
    """
    found: Names = {}
    others: set[str] = set()
    for prefixes, item in _assignments(scope):
        lookups = list(lookups_in([item.value], {}))
        for target in getattr(item, "targets", None) or [item.target]:
            for key in [prefix + getattr(target, "id", "") for prefix in prefixes]:
                found.setdefault(key, []).extend(lookups)
                others.update([] if lookups else [key])
    return {name: [] if name in others else lookups for name, lookups in found.items()}


def _assignments(scope: Node) -> Iterator[tuple[list[str], Node]]:
    """(what goes before the names, node) of each, those in inner functions left out."""
    in_classes = set()
    for node in walk_nodes([scope], functions=False):
        if kind_of(node) == "ClassDef":
            for item in filter(_is_assignment, node.body):
                in_classes.add(id(item))
                yield [node.name + ".", "."], item
        elif _is_assignment(node) and id(node) not in in_classes:
            yield [""], node


def _is_assignment(node: Node) -> bool:
    return kind_of(node) in ("Assign", "AnnAssign", "NamedExpr") and node.value is not None
