"""Circular imports, judged from each member as the entry, without running the bodies again.

Which module of a cycle is imported first decides which of them is half-imported when another asks it for a
name. A *program* is what a module's top-level statements do to the import system, in order: imports, with what
guards them, names bound between them, and attributes taken of imported modules. Running the programs from a
given entry tells whether it passes, fails by a module that is known to fail, or has to be run for real.

Static evaluation is cautious: what it can't decide raises ``Undecided``, and only passes and failures that
follow from known facts are trusted.
"""

import sys

from importguard.probe.imports import absolute, is_type_checking



class Fails(Exception):
    """The simulated import fails by the memo of ``name``; ``lead`` are the frames on the way, outermost first."""

    def __init__(self, memo):
        self.memo = memo
        self.lead = []


class Undecided(Exception):
    """Only a real import can tell."""


def program(tree, module, is_package):
    """The operations of a module's body: tuples of (kind, line, …), see ``Simulation``."""
    package = module if is_package else module.rpartition(".")[0]
    return _block(tree.body, package)


def _block(body, package):
    operations = []
    for node in body:
        _statement(node, package, operations)
    return operations


def _statement(node, package, out):
    kind = type(node).__name__
    line = getattr(node, "lineno", 0)
    if kind == "Import":
        out.extend(("import", line, alias.name, alias.asname) for alias in node.names)
    elif kind == "ImportFrom":
        target = absolute(node, package)
        names = [(alias.name, alias.asname or alias.name) for alias in node.names]
        out.append(("from", line, target, names) if target else ("undecided", line))
    elif kind == "If":
        _uses(node.test, out)
        out.append(("if", line, _truth(node.test), _block(node.body, package), _block(node.orelse, package)))
    elif kind in ("Try", "TryStar"):
        handlers = [(_caught(handler), _block(handler.body, package)) for handler in node.handlers]
        blocks = [_block(part, package) for part in (node.body, node.orelse, node.finalbody)]
        out.append(("try", line, handlers, *blocks))
    elif kind in ("FunctionDef", "AsyncFunctionDef"):
        for part in node.decorator_list + node.args.defaults + [d for d in node.args.kw_defaults if d]:
            _uses(part, out)
        out.append(("bind", line, node.name))
    elif kind == "ClassDef":
        for part in node.decorator_list + node.bases + [keyword.value for keyword in node.keywords]:
            _uses(part, out)
        inner = _block(node.body, package)
        out.extend(operation for operation in inner if operation[0] != "bind")
        out.append(("bind", line, node.name))
    elif kind == "Raise":
        out.append(("raise", line))
    else:
        _other(node, kind, line, package, out)


def _other(node, kind, line, package, out):
    """Assignments, loops, ``with`` and expressions: their parts' uses, the names that they bind, their bodies."""
    targets = list(getattr(node, "targets", ()) if kind != "Delete" else ())
    targets += [part for part in (getattr(node, "target", None),) if part is not None]
    for part in (getattr(node, "value", None), getattr(node, "iter", None), getattr(node, "test", None)):
        _uses(part, out)
    for item in getattr(node, "items", ()):
        _uses(item.context_expr, out)
        targets += [item.optional_vars] if item.optional_vars is not None else []
    if kind != "AnnAssign" or node.value is not None:
        for target in targets:
            out.extend(("bind", line, name) for name in _names(target))
            _uses(target if type(target).__name__ != "Name" else None, out)
    body, otherwise = getattr(node, "body", None), getattr(node, "orelse", None)
    if type(body) is list:
        out.append(("if", line, None, _block(body, package), _block(otherwise or [], package)))


def _names(target):
    kind = type(target).__name__
    if kind == "Name":
        return [target.id]
    if kind == "Starred":
        return _names(target.value)
    return [name for part in getattr(target, "elts", ()) for name in _names(part)]


def _uses(node, out):
    """("use", line, names) for each dotted name in an expression that runs at import."""
    if node is None or type(node).__name__ == "Lambda":
        return
    names, inner = [], node
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


def _truth(test):
    """True or False where a condition is the same in every run of this interpreter, else None."""
    if is_type_checking(test):
        return False
    kind = type(test).__name__
    if kind == "UnaryOp" and type(test.op).__name__ == "Not":
        inner = _truth(test.operand)
        return None if inner is None else not inner
    if kind == "Constant":
        return bool(test.value)
    if kind == "Compare" and getattr(test.left, "id", None) == "__name__":
        return False
    if kind == "Compare" and len(test.ops) == 1:
        return _version_test(test)
    return None


def _version_test(test):
    """``sys.version_info >= (3, 9)`` and ``sys.platform == "win32"``, judged by this interpreter."""
    left, right = test.left, test.comparators[0]
    if getattr(getattr(left, "value", None), "id", None) != "sys" or left.attr not in ("version_info", "platform"):
        return None
    parts = [getattr(part, "value", None) for part in getattr(right, "elts", [right])]
    value = parts[0] if left.attr == "platform" else tuple(parts)
    mine = getattr(sys, left.attr)
    try:
        operator = type(test.ops[0]).__name__
        answers = {
            "Eq": mine == value,
            "NotEq": mine != value,
            "Lt": mine < value,
            "LtE": mine <= value,
            "Gt": mine > value,
            "GtE": mine >= value,
        }
        return answers.get(operator)
    except TypeError:
        return None


def _caught(handler):
    """The names of the exceptions that a handler takes; None for all of them."""
    if handler.type is None:
        return None
    kinds = getattr(handler.type, "elts", [handler.type])
    return [getattr(kind, "id", None) or getattr(kind, "attr", None) for kind in kinds]


class Simulation:
    """One import from one entry.

    ``inside(name)`` says whether a module's program is to be run; ``fact(name)`` gives the memo of any other,
    importing it where it was not met yet; ``programs(name)`` gives a module's operations, or None.
    """

    def __init__(self, inside, fact, programs, files, failures):
        self.inside, self.fact, self.programs = inside, fact, programs
        self.files = files
        self.failures = failures  # module → (line, memo): bodies that fail by themselves
        self.bound = {}
        self.complete = set()
        self.memos = {}

    def load(self, name):
        """Import ``name`` and its parents; raises Fails or Undecided."""
        parts = name.split(".")
        for index in range(len(parts)):
            self.load_one(".".join(parts[: index + 1]))

    def load_one(self, name):
        if name in self.bound or name in self.memos:
            return
        if not self.inside(name):
            parent = name.rpartition(".")[0]
            memo = self.memos[name] = self.fact(name, parent)
            if memo is not None and memo.error is not None:
                raise Fails(memo)
            return
        operations = self.programs(name)
        if operations is None:
            raise Undecided(name)
        self.bound[name] = {}
        try:
            self.run(name, operations, None)
            if name in self.failures:
                raise Fails(self.failures[name][1])
        except Fails:
            del self.bound[name]
            raise
        self.complete.add(name)
        parent, _, child = name.rpartition(".")
        if parent in self.bound:
            self.bound[parent][child] = name

    def run(self, name, operations, handled):
        bound = self.bound[name]
        for operation in operations:
            kind, line = operation[:2]
            failure = self.failures.get(name)
            if failure is not None and line >= failure[0] and kind != "try" and kind != "if":
                raise Fails(failure[1])
            try:
                if kind == "bind":
                    bound[operation[2]] = None
                elif kind == "import":
                    self.load(operation[2])
                    top = operation[2].partition(".")[0]
                    bound[operation[3] or top] = operation[2] if operation[3] else top
                elif kind == "from":
                    self.take_from(bound, operation[2], operation[3])
                elif kind == "use":
                    self.use(bound, operation[2])
                elif kind == "if":
                    self.branch(name, operation, handled)
                elif kind == "try":
                    self.attempt(name, operation)
                else:
                    raise Undecided(name)
            except Fails as fails:
                if kind in ("import", "from"):
                    fails.lead.insert(0, (self.files.get(name) or name, line, "<module>", name))
                raise

    def take_from(self, bound, target, names):
        """``from target import names``: attributes first, then submodules (importlib's _handle_fromlist)."""
        self.load(target)
        space = self.bound.get(target)
        for name, alias in names:
            whole = target + "." + name
            if name == "*":
                self.take_all(bound, target, space)
            elif space is not None and name in space:
                bound[alias] = space[name]
            elif space is None and self.has(target, name):
                bound[alias] = whole if whole in self.bound else None
            elif whole in self.files or self.inside(whole):
                self.load(whole)
                bound[alias] = whole
            elif target in self.complete:
                bound[alias] = None  # bound in a way that no statement shows; the first import found it
            elif space is not None:
                raise Undecided(whole)
            else:
                bound[alias] = None

    def take_all(self, bound, target, space):
        if space is not None:
            bound.update({name: value for name, value in space.items() if not name.startswith("_")})
            if target not in self.complete:
                raise Undecided(target)
            return
        memo = self.memos.get(target)
        if memo is not None and memo.module is not None:
            try:
                names = list(vars(memo.module))
            except TypeError:
                raise Undecided(target)
            bound.update(dict.fromkeys(names))

    def has(self, target, name):
        memo = self.memos.get(target)
        try:
            return memo is not None and name in vars(memo.module)
        except TypeError:
            return True

    def use(self, bound, names):
        """An attribute of a module that is half-imported must have been bound by now."""
        current = bound.get(names[0])
        for name in names[1:]:
            if current is None or current not in self.bound:
                return
            space = self.bound[current]
            if name in space:
                current = space[name]
            elif current in self.complete or name.startswith("__"):
                return
            else:
                raise Undecided(current)

    def branch(self, name, operation, handled):
        _, _, truth, body, otherwise = operation
        if truth is not None:
            return self.run(name, body if truth else otherwise, handled)
        for part in (body, otherwise):
            part = [inner for inner in part if inner[0] != "raise"]
            try:
                self.run(name, part, handled)
            except Fails:
                raise Undecided(name)
        return None

    def attempt(self, name, operation):
        _, _, handlers, body, otherwise, final = operation
        try:
            self.run(name, body, None)
        except Fails as fails:
            kinds = {kind.__name__ for kind in type(fails.memo.error).__mro__}
            for caught, handler in handlers:
                if caught is None or kinds.intersection(caught):
                    self.run(name, handler, fails)
                    break
                if None in caught:
                    raise Undecided(name)
            else:
                raise
        else:
            self.run(name, otherwise, None)
        self.run(name, final, None)
