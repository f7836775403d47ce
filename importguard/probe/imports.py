"""Import statements of a module, from its source: what is imported, where, and in which scope.

Pure: source in, sites out. Used in the image (for its own Python's grammar) and on the host alike, and written
without the ``ast`` module's helpers so that it needs no module for it: ``compile`` gives the nodes.
"""

ONLY_AST = 0x400  # ast.PyCF_ONLY_AST
GUARDS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


def parse(source, path):
    """The ``Module`` node of ``source`` (bytes or str); raises SyntaxError or ValueError."""
    return compile(source, path, "exec", ONLY_AST, dont_inherit=True)


def import_sites(tree, module, is_package):
    """(target, names, line, scope) of each import; ``from x import a`` has target ``x`` and names ``(a,)``.

    ``scope``: module (runs whenever the module is imported) | guarded (may be skipped or may fail) | function |
    type_checking | lazy (PEP 810).
    """
    package = module if is_package else module.rpartition(".")[0]
    found = []
    _walk(tree.body, "module", package, found)
    return found


def absolute(node, package):
    """The absolute name that an ImportFrom node imports from, or None where it leaves the top."""
    if not node.level:
        return node.module
    parts = package.split(".") if package else []
    if node.level > len(parts):
        return None
    parts = parts[: len(parts) - node.level + 1]
    return ".".join(parts + ([node.module] if node.module else []))


def _walk(body, scope, package, found):
    for node in body:
        kind = type(node).__name__
        if kind == "Import":
            where = "lazy" if getattr(node, "is_lazy", 0) else scope
            found.extend((alias.name, (), node.lineno, where) for alias in node.names)
        elif kind == "ImportFrom":
            where = "lazy" if getattr(node, "is_lazy", 0) else scope
            target = absolute(node, package)
            if target:
                found.append((target, tuple(alias.name for alias in node.names), node.lineno, where))
        elif kind in ("FunctionDef", "AsyncFunctionDef"):
            _walk(node.body, "function", package, found)
        elif kind == "If":
            inner = "type_checking" if is_type_checking(node.test) else _weaker(scope)
            _walk(node.body, inner, package, found)
            _walk(node.orelse, _weaker(scope), package, found)
        elif kind in ("Try", "TryStar"):
            inner = _weaker(scope) if any(catches_import_error(handler) for handler in node.handlers) else scope
            _walk(node.body, inner, package, found)
            for handler in node.handlers:
                _walk(handler.body, _weaker(scope), package, found)
            _walk(node.orelse, inner, package, found)
            _walk(node.finalbody, scope, package, found)
        elif kind == "ClassDef":
            _walk(node.body, scope, package, found)
        elif kind in ("With", "For", "While", "AsyncFor", "AsyncWith"):
            _walk(node.body, _weaker(scope), package, found)
            _walk(getattr(node, "orelse", []), _weaker(scope), package, found)
        elif kind == "Match":
            for case in node.cases:
                _walk(case.body, _weaker(scope), package, found)


def _weaker(scope):
    return "guarded" if scope == "module" else scope


def is_type_checking(test):
    """Whether ``test`` is ``TYPE_CHECKING`` or ``typing.TYPE_CHECKING``."""
    return "TYPE_CHECKING" in (getattr(test, "id", None), getattr(test, "attr", None))


def catches_import_error(handler):
    """Whether an except clause takes a ModuleNotFoundError; an unknown name is taken to."""
    caught = handler.type
    if caught is None:
        return True
    for kind in getattr(caught, "elts", [caught]):
        name = getattr(kind, "id", None) or getattr(kind, "attr", None)
        if name in GUARDS:
            return True
    return False
