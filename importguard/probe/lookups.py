"""Which environment variables the statement that raised looks up, read from its source without running it.

``int(os.getenv("PORT"))`` fails for want of PORT, and its traceback does not say so. Pure, as ``imports`` is:
``compile`` gives the nodes, of any Python from 3.7 on.
"""

from __future__ import annotations

import re

from importguard.probe.files import read_bytes
from importguard.probe.imports import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Lookup = tuple["str | None", bool]  # the variable, where its name is a constant; is there no default?

NAME = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
_ABSENT = object()
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def unset_lookups(source: bytes, line: int, message: str, environ: Mapping[str, str]) -> list[list[Any]]:
    """[variable, alone] of each that the statement at ``line`` looks up and ``environ`` does not set.

    Looked up by the statement itself, by the condition under which it raises, or by the assignments that gave
    it its names. ``alone``: such a condition asks for nothing else, so it decides. Where the name is worked
    out while running (``os.getenv(name)``), it is taken from the error's ``message`` if that tells it.
    """
    try:
        tree = parse(source, "<lookups>")
        statement, test = _statement(tree.body, line)
        if statement is None:
            return []
        names = _assigned(tree)
        found = _variables(_lookups(_header(statement), names), message)
        deciding = getattr(statement, "test", None) if _kind(statement) == "Assert" else test
        raises = _kind(statement) in ("Raise", "Assert") and deciding is not None
        alone = raises and _asks_nothing_else(deciding, names)
        asked = _variables(_lookups([deciding], names), message) if raises else set()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    unset = sorted(name for name in found | asked if not environ.get(name))
    return [[name, alone and name in asked] for name in unset]


class Lookups:
    """Answers ``unset_lookups`` for files of the image, once for each place; ``environ`` as there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.known: dict[tuple[str, int, str], list[list[Any]]] = {}

    def at(self, path: str, line: int, message: str) -> list[list[Any]]:
        """The unset variables that the statement there looks up; none where it cannot be read."""
        place = path, line, message
        if place not in self.known:
            source = read_bytes(path) if path.endswith(".py") else None
            self.known[place] = unset_lookups(source, line, message, self.environ) if source else []
        return self.known[place]


def _kind(node: Any) -> str:
    return type(node).__name__


def _statement(body: list[Any], line: int, test: Any = None) -> tuple[Any, Any]:
    """The innermost statement that begins at or before ``line``, and the test of the ``if`` around it."""
    last = None
    for node in body:
        if getattr(node, "lineno", line) <= line:
            last = node
    if last is None:
        return None, None
    inner = test
    if _kind(last) == "If":
        inner = last.test
    elif _kind(last) in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
        inner = None
    blocks = [block for block in _blocks(last) if block[0].lineno <= line]
    if not blocks:
        return last, test
    return _statement(max(blocks, key=lambda block: block[0].lineno), line, inner)


def _blocks(statement: Any) -> list[list[Any]]:
    """The lists of statements in a statement; the cases of a ``match`` each have one."""
    found = [getattr(statement, name, None) or [] for name in _BLOCKS[:-1]]
    found += [case.body for case in getattr(statement, "cases", ())]
    return [block for block in found if block]


def _header(statement: Any) -> list[Any]:
    """The expressions of a statement that are not in its blocks."""
    found: list[Any] = []
    for field in statement._fields:
        if field not in _BLOCKS:
            value = getattr(statement, field, None)
            found += value if type(value) is list else [value]
    return found


def _walk(nodes: list[Any]) -> Iterator[Any]:
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if not hasattr(node, "_fields"):
            continue
        yield node
        for field in node._fields:
            value = getattr(node, field, None)
            waiting += value if type(value) is list else [value]


def _lookups(nodes: list[Any], names: Mapping[str, list[Lookup]]) -> Iterator[Lookup]:
    """The lookups in these expressions, and those that their names were assigned from."""
    for node in _walk(nodes):
        found = _lookup(node)
        if found is not None:
            yield found
        elif _kind(node) == "Name":
            yield from names.get(node.id, ())
        elif _kind(node) == "Attribute":
            yield from names.get("{}.{}".format(getattr(node.value, "id", ""), node.attr), ())


def _lookup(node: Any) -> Lookup | None:
    """``os.getenv(x)``, ``os.environ.get(x)``, ``os.environ[x]`` and ``x in os.environ``."""
    if _kind(node) == "Call" and node.args:
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        if called == "getenv" or (called == "get" and _is_environ(getattr(node.func, "value", None))):
            defaults = node.args[1:] + [word.value for word in node.keywords if word.arg == "default"]
            return _constant_text(node.args[0]), not any(_constant(value) for value in defaults)
    if _kind(node) == "Subscript" and _is_environ(node.value):
        index = node.slice.value if _kind(node.slice) == "Index" else node.slice  # until Python 3.8
        return _constant_text(index), True
    if _kind(node) == "Compare" and _is_environ(node.comparators[-1]):
        return _constant_text(node.left), True
    return None


def _is_environ(node: Any) -> bool:
    return "environ" in (getattr(node, "attr", None), getattr(node, "id", None))


def _constant(node: Any) -> Any:
    """The value of a constant; something true for every other expression. Python 3.7 calls it Str or Num."""
    for field in ("value", "s", "n"):
        if _kind(node) in ("Constant", "NameConstant", "Str", "Num", "Bytes") and hasattr(node, field):
            return getattr(node, field)
    return _ABSENT


def _constant_text(node: Any) -> str | None:
    value = _constant(node)
    return value if type(value) is str else None


def _variables(lookups: Iterator[Lookup], message: str) -> set[str]:
    """The variables asked for without a default; the message's words where the name is no constant."""
    found: set[str] = set()
    for name, no_default in lookups:
        if no_default:
            found.update([name] if name else NAME.findall(message))
    return found


def _assigned(tree: Any) -> dict[str, list[Lookup]]:
    """The names that only assignments from lookups bind, with those; a class's as ``Class.name``."""
    found: dict[str, list[Lookup]] = {}
    others: set[str] = set()
    for node in _walk([tree]):
        prefix = node.name + "." if _kind(node) == "ClassDef" else ""
        for item in getattr(node, "body", []) if prefix else [node]:
            targets = getattr(item, "targets", None) or [getattr(item, "target", None)]
            value = getattr(item, "value", None)
            if _kind(item) not in ("Assign", "AnnAssign", "NamedExpr") or value is None:
                continue
            lookups = list(_lookups([value], {}))
            for target in targets:
                name = prefix + getattr(target, "id", "")
                found.setdefault(name, []).extend(lookups)
                others.update([] if lookups else [name])
    return {name: lookups for name, lookups in found.items() if name not in others}


def _asks_nothing_else(test: Any, names: Mapping[str, list[Lookup]]) -> bool:
    """Whether a condition depends on lookups alone: ``not os.getenv("A") or "B" not in os.environ``."""
    if _lookup(test) is not None:
        return True
    kind = _kind(test)
    if kind == "BoolOp":
        return all(_asks_nothing_else(value, names) for value in test.values)
    if kind == "UnaryOp":
        return _asks_nothing_else(test.operand, names)
    if kind == "Compare":
        sides = [side for side in [test.left, *test.comparators] if _constant(side) is _ABSENT]
        return bool(sides) and all(_asks_nothing_else(side, names) for side in sides)
    if kind == "Call" and not test.args:
        return _asks_nothing_else(getattr(test.func, "value", None), names)  # .strip(), .lower()
    return any(True for _ in _lookups([test], names)) if kind in ("Name", "Attribute") else False
