"""What code loads that runs as ``__main__``, which no import can run: read from its statements."""

from __future__ import annotations

import re

from importguard.probe.code.imports import import_sites, parse_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_SERVED = re.compile(
    r"\b(?:uvicorn|hypercorn)\.run\(\s*(?:app\s*=\s*)?[\"']([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)[\"']"
)
_LONGEST = 512 * 1024
_FUNCTIONS = ("FunctionDef", "AsyncFunctionDef")
_SIMPLE = ("Expr", "Assign", "AnnAssign", "AugAssign", "Return", "Raise")
_LEAVES = ("Return", "Raise")


def loaded_by(text: str, package: str, whole: bool) -> list[tuple[str, str | None, bool]]:
    """(module, name in it or None, True) of the unguarded imports; with False what ``uvicorn.run`` is told.

    ``package`` is what relative imports start from. Not ``whole``: only what stands below
    ``if __name__ == "__main__"`` is looked at, since the rest runs when the file is imported. The file's own
    functions that are called there run, too.
    """
    found: list[tuple[str, str | None, bool]] = []
    try:
        tree = parse_module(text[:_LONGEST], "__main__")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    blocks = [node.body for node in tree.body if type(node).__name__ == "If" and _is_main(node.test)]
    body = (tree.body if whole else []) + [node for block in blocks for node in block]
    functions = {node.name: node for node in tree.body if type(node).__name__ in _FUNCTIONS}
    tree.body = body + _called(body, functions)
    for target, names, _, scope in import_sites(
        tree, package + ".__main__" if package else "__main__", False
    ):
        if scope == "module":
            found += [(target, name, True) for name in names if name != "*"] or [(target, None, True)]
    for served in _SERVED.findall(text):
        module, _, attribute = served.partition(":")
        found.append((module, attribute, False))
    return list(dict.fromkeys(found))


def _called(body: list[Any], functions: dict[str, Any]) -> list[Any]:
    """The statements of the functions that ``body`` calls, and of those that these call.

    Of a function, what stands behind a condition under which it returns may not run. ``functions`` are the
    file's, by name; those that are found are taken out.
    """
    found: list[Any] = []
    for node in _certain(body):
        called = [getattr(inner, "func", None) for inner in _nodes(node)]
        names = dict.fromkeys(getattr(function, "id", "") for function in called)
        for function in [functions.pop(name) for name in names if name in functions]:
            statements = []
            for statement in function.body:
                statements.append(statement)
                if any(type(inner).__name__ in _LEAVES for inner in _nodes(statement)):
                    break
            found += statements + _called(statements, functions)
    return found


def _certain(body: list[Any]) -> Iterator[Any]:
    """The statements that run whenever ``body`` does, those of try and with blocks among them."""
    for node in body:
        kind = type(node).__name__
        if kind in ("Try", "TryStar", "With", "AsyncWith"):
            yield from _certain(node.body)
        elif kind in _SIMPLE:
            yield node


def _nodes(node: Any) -> Iterator[Any]:
    """A node and all nodes below it."""
    yield node
    for name in node._fields:
        value = getattr(node, name, None)
        for item in value if type(value) is list else [value]:
            if hasattr(item, "_fields"):
                yield from _nodes(item)


def _is_main(test: Any) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    left = getattr(test, "left", None)
    right = (getattr(test, "comparators", None) or [None])[0]
    values = [getattr(side, "value", getattr(side, "s", None)) for side in (left, right)]
    return "__name__" in (getattr(left, "id", ""), getattr(right, "id", "")) and "__main__" in values
