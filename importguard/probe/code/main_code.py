"""What code loads that runs as ``__main__``, which no import can run: read from its statements."""

from __future__ import annotations

import re

from importguard.probe.code.imports import child_nodes, import_sites, parse_module, truth_as_main
from importguard.probe.code.nodes import dotted_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.code.imports import Site
    from importguard.probe.values import Node

    Loaded = tuple[str, str | None, bool | None, int]

_SERVED = re.compile(
    r"\b(?:uvicorn|hypercorn)\.run\(\s*(?:app\s*=\s*)?[\"']([A-Za-z_][\w.]*:[A-Za-z_][\w.]*)[\"']"
)
_RUNS_UVICORN = re.compile(r"\buvicorn\.run\((?![^)]*\bhttp\s*=)")
UVICORN_HTTP = "uvicorn.protocols.http.auto"
"""What uvicorn loads when it starts, unless it is told otherwise: it needs httptools or h11."""
_LONGEST = 512 * 1024
_FUNCTIONS = ("FunctionDef", "AsyncFunctionDef")
_SIMPLE = ("Expr", "Assign", "AnnAssign", "AugAssign", "Return", "Raise")
_LEAVES = ("Return", "Raise")


_EXPRESS = re.compile(r"(?m)^[ \t]*(?:from shiny\.express import|import shiny\.express)\b")


def is_express_app(text: str) -> bool:
    """Whether a file is a Shiny Express app, which only shiny can run (shiny.express._is_express)."""
    return _EXPRESS.search(text) is not None


class MainCode:
    """What runs of one file. ``loaded``: (module, name in it or None, True, line) of the unguarded imports,
    with False what ``uvicorn.run`` is told, and with None what it loads of uvicorn, where that has it;
    ``calls``: (module, function) of other files that it calls.

    ``package`` is what relative imports start from. Not ``whole``: only what stands below
    ``if __name__ == "__main__"`` is looked at, or only the body of ``function``, since the rest runs when the
    file is imported. The file's own functions that are called there run, too.
    """

    def __init__(self, text: str, package: str, whole: bool, function: str = "") -> None:
        self.loaded: list[Loaded] = []
        self.calls: list[tuple[str, str]] = []
        try:
            tree = parse_module(text[:_LONGEST], "__main__")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        name = package + ".__main__" if package else "__main__"
        above = import_sites(tree, name, False)
        tree.body = body = _running(tree.body, whole, function)
        sites = [site for site in import_sites(tree, name, False) if site[3] == "module"]
        for target, names, line, _ in sites:
            wanted: list[str | None] = [name for name in names if name != "*"]
            self.loaded += [(target, name, True, line) for name in wanted or [None]]
        for served in _SERVED.finditer(text):
            module, _, attribute = served.group(1).partition(":")
            self.loaded.append((module, attribute, False, text.count("\n", 0, served.start()) + 1))
        for served in _RUNS_UVICORN.finditer(text):
            self.loaded.append((UVICORN_HTTP, None, None, text.count("\n", 0, served.start()) + 1))
        self.loaded = list(dict.fromkeys(self.loaded))
        self.calls = _calls(body, [*above, *sites])


def _running(body: list[Node], whole: bool, function: str) -> list[Node]:
    """The statements of a file that run, those of its own functions that they call among them."""
    functions = {node.name: node for node in body if type(node).__name__ in _FUNCTIONS}
    if function:
        running = _run_of(functions.pop(function)) if function in functions else []
    else:
        running = (body if whole else []) + [inner for node in body for inner in _only_as_main(node)]
    return running + _called(running, functions)


def _only_as_main(node: Node) -> list[Node]:
    """The statements of an ``if`` that run where the file is ``__main__``, and not where it is imported."""
    truth = truth_as_main(node.test) if type(node).__name__ == "If" else None
    if truth is None:
        return []
    return list(node.body if truth else node.orelse)


def _calls(body: list[Node], sites: list[Site]) -> list[tuple[str, str]]:
    """The functions of other modules that are called for sure: ``main()``, ``cli.main()``."""
    origins = {name: (target, name) for target, names, _, _ in sites for name in names}
    modules = {target for target, names, _, _ in sites if not names}
    found = []
    for node in _certain(body):
        for inner in _nodes(node):
            called: Node = getattr(inner, "func", None)
            owner = dotted_name(getattr(called, "value", None))
            if getattr(called, "id", None) in origins:
                found.append(origins[called.id])
            elif owner in origins:
                found.append((".".join(origins[owner]), called.attr))
            elif owner in modules:
                found.append((owner, called.attr))
    return list(dict.fromkeys(found))


def _called(body: list[Node], functions: dict[str, Node]) -> list[Node]:
    """The statements of the functions that ``body`` calls, and of those that these call.

    Of a function, what stands behind a condition under which it returns may not run. ``functions`` are the
    file's, by name; those that are found are taken out.
    """
    found: list[Node] = []
    for node in _certain(body):
        called = [getattr(inner, "func", None) for inner in _nodes(node)]
        names = dict.fromkeys(getattr(function, "id", "") for function in called)
        for function in [functions.pop(name) for name in names if name in functions]:
            statements = _run_of(function)
            found += statements + _called(statements, functions)
    return found


def _run_of(function: Node) -> list[Node]:
    statements = []
    for statement in function.body:
        statements.append(statement)
        if any(type(inner).__name__ in _LEAVES for inner in _nodes(statement)):
            break
    return statements


def _certain(body: list[Node]) -> Iterator[Node]:
    """The statements that run whenever ``body`` does, those of try and with blocks among them."""
    for node in body:
        kind = type(node).__name__
        if kind in ("Try", "TryStar", "With", "AsyncWith"):
            forgiven = any(map(_forgives, getattr(node, "handlers", ()))) or _suppresses(node)
            if not forgiven:
                yield from _certain(node.body)
        elif kind in _SIMPLE:
            yield node


def _forgives(handler: Node) -> bool:
    """Whether an ``except`` expects that an import fails, or passes over whatever does."""
    caught = [handler.type, *(getattr(handler.type, "elts", None) or [])]
    names = {getattr(one, "id", "") for one in caught}
    if not names.isdisjoint(("ImportError", "ModuleNotFoundError")):
        return not any(_ends(inner) for node in handler.body for inner in _nodes(node))
    return all(type(node).__name__ in ("Pass", "Continue") for node in handler.body)


def _suppresses(node: Node) -> bool:
    """Whether a ``with`` is one of contextlib.suppress."""
    called = (getattr(item.context_expr, "func", None) for item in getattr(node, "items", ()))
    return any(dotted_name(function).rpartition(".")[2] == "suppress" for function in called)


def _ends(node: Node) -> bool:
    called = getattr(node, "func", None)
    name = getattr(called, "attr", None) or getattr(called, "id", None)
    return type(node).__name__ == "Raise" or name in ("exit", "_exit")


def _nodes(node: Node) -> Iterator[Node]:
    """A node and all nodes below it, in the order in which they are written."""
    yield node
    for child in child_nodes(node):
        yield from _nodes(child)
