"""Import statements of a module, from its source: what is imported, where, and in which scope.

Pure: source in, sites out. Used in the image (for its own Python's grammar) and on the host alike, and
written without the ``ast`` module's helpers so that it needs no module for it: ``compile`` gives the nodes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.values import Node

    Site = tuple[str, tuple[str, ...], int, str]  # target, names, line, scope
    Blocks = Iterator[tuple[list[Node], str]]  # statements, scope

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
GUARDS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


def parse_module(source: bytes | str, path: str) -> Node:
    """The ``Module`` node of ``source``; raises SyntaxError or ValueError."""
    return compile(source, path, "exec", ONLY_AST, dont_inherit=True)


def import_sites(tree: Node, module: str, is_package: bool) -> list[Site]:
    """(target, names, line, scope) of each import; ``from x import a`` has target ``x`` and names ``(a,)``.

    ``scope``: module (runs whenever the module is imported) | guarded (may be skipped or may fail) |
    function | type_checking | lazy (PEP 810).
    """
    package = module if is_package else module.rpartition(".")[0]
    return list(_walk(tree.body, "module", package))


def absolute_target(node: Node, package: str) -> str | None:
    """The absolute name that an ImportFrom node imports from, or None where it leaves the top."""
    if not node.level:
        name: str | None = node.module
        return name
    parts = package.split(".") if package else []
    if node.level > len(parts):
        return None
    parts = parts[: len(parts) - node.level + 1]
    return ".".join(parts + ([node.module] if node.module else []))


def may_bind(tree: Node, name: str) -> bool:
    """Whether any statement of a module, in whatever scope, may give ``name`` a value."""
    nodes = [tree]
    while nodes:
        node = nodes.pop()
        kind = type(node).__name__
        reads = (
            kind in ("Constant", "Attribute", "keyword")
            or type(getattr(node, "ctx", None)).__name__ == "Load"
        )
        for field in node._fields:
            value = getattr(node, field, None)
            for item in value if type(value) is list else [value]:
                if hasattr(item, "_fields"):
                    nodes.append(item)
                elif type(item) is str and not reads and (item == "*" or item.partition(".")[0] == name):
                    return True
    return False


def may_bind_unseen(tree: Node) -> bool:
    """Whether code of a module may give it names that no statement shows: by a ``__getattr__`` of its own, by
    ``globals()``, ``exec()`` and their like, or through ``sys.modules``.

    What only looks at all modules or asks whether one is there binds nothing, and ``locals()`` does so at the
    top alone.
    """
    nodes = [(tree, "Module")]
    while nodes:
        node, scope = nodes.pop()
        if _binds_unseen(node, scope):
            return True
        kind = type(node).__name__
        inner = kind if kind in ("ClassDef", "FunctionDef", "AsyncFunctionDef", "Lambda") else scope
        for child in child_nodes(node):
            if not (_is_all_modules(child) and _only_looks(node)):
                nodes.append((child, inner))
    return False


_BINDERS = ("globals", "vars", "exec", "modules")  # the last one is from sys


def _binds_unseen(node: Node, scope: str) -> bool:
    kind = type(node).__name__
    if kind == "Name":
        own = node.id == "__getattr__" and scope != "ClassDef"
        return own or node.id in _BINDERS or (node.id == "locals" and scope in ("Module", "ClassDef"))
    if kind in ("FunctionDef", "AsyncFunctionDef"):
        return bool(node.name == "__getattr__" and scope != "ClassDef")
    if kind == "alias":
        return (node.asname or node.name) in ("__getattr__", *_BINDERS)
    if kind in ("Constant", "Str"):
        return getattr(node, "value", getattr(node, "s", None)) == "__getattr__"
    return kind == "Attribute" and node.attr in ("exec", "globals", "f_globals", "modules")


def _is_all_modules(node: Node) -> bool:
    """Whether it is ``sys.modules``."""
    return type(node).__name__ == "Attribute" and node.attr == "modules"


def _only_looks(node: Node) -> bool:
    """Whether what is done with ``sys.modules`` gives no single one of them."""
    if type(node).__name__ == "Compare":
        return all(type(operator).__name__ in ("In", "NotIn") for operator in node.ops)
    return type(node).__name__ == "Attribute" and node.attr in ("items", "keys", "values", "copy")


def child_nodes(node: Node) -> Iterator[Node]:
    """The nodes directly below a node."""
    for field in node._fields:
        value = getattr(node, field, None)
        for item in value if type(value) is list else [value]:
            if hasattr(item, "_fields"):
                yield item


def _walk(body: list[Node], scope: str, package: str) -> Iterator[Site]:
    for node in body:
        kind = type(node).__name__
        if kind in ("Import", "ImportFrom"):
            yield from _imports(node, "lazy" if getattr(node, "is_lazy", 0) else scope, package)
        elif kind in _BLOCKS:
            for block, inner in _BLOCKS[kind](node, scope):
                yield from _walk(block, inner, package)


def _imports(node: Node, scope: str, package: str) -> Iterator[Site]:
    if type(node).__name__ == "Import":
        for alias in node.names:
            yield alias.name, (), node.lineno, scope
    else:
        target = absolute_target(node, package)
        if target:
            yield target, tuple(alias.name for alias in node.names), node.lineno, scope


def _of_function(node: Node, _: str) -> Blocks:
    yield node.body, "function"


def _of_class(node: Node, scope: str) -> Blocks:
    yield node.body, scope


def _of_if(node: Node, scope: str) -> Blocks:
    inner = _guarded(scope) if _asks_for_system(node.test) else _weaker(scope)
    yield node.body, "type_checking" if is_type_checking(node.test) else inner
    yield node.orelse, inner


def _of_try(node: Node, scope: str) -> Blocks:
    guarded = any(catches_import_error(handler) for handler in node.handlers)
    inner = _guarded(scope) if guarded else scope
    yield node.body, inner
    for handler in node.handlers:
        yield handler.body, _weaker(scope)
    yield node.orelse, inner
    yield node.finalbody, scope


def _of_with(node: Node, scope: str) -> Blocks:
    """A Flask application's context swallows nothing; of others it is not known."""
    functions = [getattr(item.context_expr, "func", None) for item in node.items]
    managers = [getattr(function, "attr", getattr(function, "id", "")) for function in functions]
    whole = all(name in ("app_context", "test_request_context") for name in managers)
    suppresses = "suppress" in managers
    yield node.body, scope if whole else _guarded(scope) if suppresses else _weaker(scope)


def _of_loop(node: Node, scope: str) -> Blocks:
    """May not run at all."""
    yield node.body, _weaker(scope)
    yield node.orelse, _weaker(scope)


def _of_match(node: Node, scope: str) -> Blocks:
    for case in node.cases:
        yield case.body, _weaker(scope)


_BLOCKS = {
    "FunctionDef": _of_function,
    "AsyncFunctionDef": _of_function,
    "ClassDef": _of_class,
    "If": _of_if,
    "Try": _of_try,
    "TryStar": _of_try,
    "With": _of_with,
    "AsyncWith": _of_with,
    "For": _of_loop,
    "AsyncFor": _of_loop,
    "While": _of_loop,
    "Match": _of_match,
}


def _weaker(scope: str) -> str:
    """The scope of what a condition decides about: a function may not even be called."""
    return "guarded" if scope == "module" else scope


def _guarded(scope: str) -> str:
    """The scope of what may fail, in a function too."""
    return "guarded" if scope in ("module", "function") else scope


_SYSTEM = ("platform", "find_spec", "version_info", "VERSION", "__version__")


def _asks_for_system(test: Node) -> bool:
    """Whether ``test`` looks at the operating system, a version, or whether a module is there."""
    nodes = [test]
    while nodes:
        node = nodes.pop()
        nodes.extend(child_nodes(node))
        if type(node).__name__ == "Attribute" and node.attr in _SYSTEM:
            return True
        if (
            type(node).__name__ == "Attribute"
            and node.attr == "name"
            and getattr(node.value, "id", "") == "os"
        ):
            return True
    return False


def is_type_checking(test: Node) -> bool:
    """Whether ``test`` is ``TYPE_CHECKING`` or ``typing.TYPE_CHECKING``."""
    return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))


def truth_as_main(test: Node) -> bool | None:
    """True for ``__name__ == "__main__"``, False for ``__name__ != "__main__"``, None for another condition.

    So it is where the file runs as ``__main__``, and the opposite where it is imported.
    """
    if type(test).__name__ != "Compare" or len(test.ops) != 1:
        return None
    sides = (test.left, test.comparators[0])
    texts = [getattr(side, "value", getattr(side, "s", None)) for side in sides]
    if "__name__" not in [getattr(side, "id", None) for side in sides] or "__main__" not in texts:
        return None
    return {"Eq": True, "NotEq": False}.get(type(test.ops[0]).__name__)


def catches_import_error(handler: Node) -> bool:
    """Whether an except clause takes a ModuleNotFoundError."""
    caught = handler.type
    if caught is None:
        return True
    for kind in getattr(caught, "elts", [caught]):
        name = getattr(kind, "id", None) or getattr(kind, "attr", None)
        if name in GUARDS:
            return True
    return False
