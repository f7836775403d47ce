"""Which environment variables the statement that raised looks up, read from its source without running it.

``int(os.getenv("PORT"))`` fails for want of PORT, and its traceback does not say so. Pure, as ``imports`` is:
``compile`` gives the nodes, of any Python from 3.7 on.
"""

from __future__ import annotations

import re

from importguard.probe.code.imports import absolute_target, parse_module
from importguard.probe.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importguard.probe.values import Node, UnsetVariable

    Statement = tuple[str, int]  # the module and the line of a statement

    Lookup = tuple["str | None", bool]  # the variable, where its name is a constant; is there no default?
    Names = dict[
        str, list[Lookup]
    ]  # "NAME", "Class.NAME" and ".NAME" (of any object) → what it was assigned from

NAME = re.compile(r"\b[A-Z][A-Z0-9_]{2,}\b")
WRAPPER = re.compile(
    r"(?:^|_)env(?:iron(?:ment)?)?(?:$|_)|Env(?:iron(?:ment)?)?$"
)  # env, get_env, _environment
_NO_ATTRIBUTE = re.compile(r"'NoneType' object has no attribute '(\w+)'")
_ABSENT = object()
FUNCTIONS = ("FunctionDef", "AsyncFunctionDef", "Lambda")
BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


class Lookups:
    """Answers for the files of an application. ``files``: module → path; ``environ``: its variables."""

    def __init__(self, files: Mapping[str, str | None], environ: Mapping[str, str]) -> None:
        self.files = files
        self.environ = environ
        self.names: dict[str, Names] = {}  # those that a module binds
        self.everywhere: dict[str, frozenset[str]] = {}  # the variables that a module looks up
        self.known: dict[tuple[str, int, str, tuple[Statement, ...]], list[UnsetVariable]] = {}

    def unset_variables_at(
        self, module: str, line: int, message: str, callers: tuple[Statement, ...] = ()
    ) -> list[UnsetVariable]:
        """(variable, alone) of each that the statement at ``line`` looks up and the environment does not set.

        Looked up by the statement itself, by the condition under which it raises, by the assignments that
        gave it its names, here or in a module that they are imported from, or by the arguments that its
        function was called with: ``callers`` are the statements that led to it, innermost first. ``alone``:
        such a condition asks for nothing else, so it decides. Where the name is worked out while running
        (``os.getenv(name)``), it is taken from the error's ``message`` if that tells it.
        """
        place = module, line, message, callers
        if place not in self.known:
            try:
                found = self._at(module, line, message, callers)
            except RecursionError:
                found = {}
            self.known[place] = [(name, found[name]) for name in sorted(found) if not self.environ.get(name)]
        return self.known[place]

    def unset_variables_named(self, modules: Iterable[str], message: str) -> list[UnsetVariable]:
        """(variable, False) of each unset one that the error's message names and these modules look up.

        ``modules`` are those that the traceback goes through: one of them asked for the variable, kept the
        answer, and another statement found that there is none ("JWT_SECRET_KEY is required").
        """
        asked = {name for name in NAME.findall(message) if not self.environ.get(name)}
        if not asked:
            return []
        found: set[str] = set()
        for module in modules:
            if module in self.files and not asked <= found:
                found.update(self._looked_up(module) & asked)
        return [(name, False) for name in sorted(found)]

    def _looked_up(self, module: str) -> frozenset[str]:
        """The variables that a module looks up anywhere, under constant names."""
        if module not in self.everywhere:
            lookups = lookups_in([self.read_tree(module)], {})
            self.everywhere[module] = frozenset(name for name, _ in lookups if name)
        return self.everywhere[module]

    def _at(self, module: str, line: int, message: str, callers: tuple[Statement, ...]) -> dict[str, bool]:
        """Variable → alone, of the statement at ``line``."""
        place, names = self._place_and_names(module, line, callers)
        if place is None or place.statement is None:
            return {}
        expressions = _with_attribute(expressions_of(place.statement), message)
        found = dict.fromkeys(_variables(lookups_in(expressions, names), message), False)
        tests = place.deciding_tests()
        if tests:
            asked = _variables(lookups_in(tests, names), message)
            alone = not place.depends and all(_asks_nothing_else(test, names) for test in tests)
            found.update(dict.fromkeys(asked, alone))
        return found

    def _place_and_names(
        self, module: str, line: int, callers: tuple[Statement, ...]
    ) -> tuple[_Place | None, Names]:
        """The place of a line, and the names that it knows, with the lookups that they come from."""
        tree = self.read_tree(module)
        if tree is None:
            return None, {}
        place = _Place(tree.body, line)
        names = {**self._imported(tree, module), **assigned_names(tree)}
        if place.function is not None:
            for parameter in walk_nodes([place.function.args]):
                names.pop(getattr(parameter, "arg", ""), None)
            names.update(self._arguments(place, callers))
            names.update(assigned_names(place.function))
        return place, names

    def _arguments(self, place: _Place, callers: tuple[Statement, ...]) -> Names:
        """The parameters of the function at ``place``, with the lookups that its caller gave them.

        Nothing where a library called it, or the caller's statement does not name it.
        """
        caller, names = self._place_and_names(*callers[0], callers[1:]) if callers else (None, {})
        statement = caller.statement if caller else None
        for node in walk_nodes(expressions_of(statement)) if statement else ():
            if kind_of(node) == "Call" and _called_name(node) in place.called_names():
                given = _given_arguments(node, place.function)
                return {name: list(lookups_in([value], names)) for name, value in given}
        return {}

    def read_tree(self, module: str, word: bytes = b"") -> Node:
        """The nodes of a module's file; None where it cannot be read, or does not hold the word."""
        path = self.files.get(module) or ""
        source = read_bytes(path) if path.endswith(".py") else None
        try:
            return parse_module(source, path) if source and word in source else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def _names(self, module: str) -> Names:
        """The names that an imported module binds from lookups: read once, since many may import it."""
        if module not in self.names:
            self.names[module] = assigned_names(self.read_tree(module, b"env"))
        return self.names[module]

    def _imported(self, tree: Node, module: str) -> Names:
        """The names that come from other modules of the application, with the lookups of these."""
        is_package = (self.files.get(module) or "").endswith("__init__.py")
        package = module if is_package else module.rpartition(".")[0]
        found: Names = {}
        for node in walk_nodes([tree]):
            if kind_of(node) == "ImportFrom":
                target = absolute_target(node, package) or ""
                given = self._names(target)
                found.update({name: given[name] for name in given if name.startswith(".")})
                for alias in node.names:
                    found.update(_renamed(given, alias.name, alias.asname or alias.name))
                    inner = self._names("{}.{}".format(target, alias.name))
                    found.update({"." + name: inner[name] for name in inner})
            elif kind_of(node) == "Import":
                for alias in node.names:
                    inner = self._names(alias.name)
                    found.update({"." + name: inner[name] for name in inner})
        return found


def _renamed(given: Names, name: str, alias: str) -> Names:
    """What ``from module import name as alias`` makes of the names ``given`` there; all of them for ``*``."""
    if name == "*":
        return given
    found = {alias + key[len(name) :]: given[key] for key in given if key.startswith(name + ".")}
    return {**found, alias: given[name]} if name in given else found


def kind_of(node: Node) -> str:
    """The name of a node's class."""
    return type(node).__name__


class _Place:
    """The innermost ``statement`` that begins at or before a line, and what it takes to get there.

    ``conditions`` are the tests of the ``if`` around it, in its ``function``; ``depends``: something else
    decides too, such as an exception that is handled, or a ``return`` before it.
    """

    def __init__(self, body: list[Node], line: int) -> None:
        self.line = line
        self.conditions: list[Node] = []
        self.depends = False
        self.owner = ""  # the class whose method the function is
        self.function: Node = None
        self.statement: Node = None
        self._enter(body)

    def _enter(self, body: list[Node]) -> None:
        last: Node = None
        for node in body:
            if getattr(node, "lineno", self.line) <= self.line:
                last = node
        blocks = [block for block in _blocks(last) if block[0].lineno <= self.line]
        if not blocks:
            self.statement = last
            return
        kind = kind_of(last)
        if kind in (*FUNCTIONS, "ClassDef"):
            self.conditions, self.depends = [], False
            self.function = last if kind in FUNCTIONS else self.function
            self.owner = last.name if kind == "ClassDef" else self.owner
        elif kind == "If":
            self.conditions.append(last.test)
        elif kind not in ("Try", "TryStar", "For", "AsyncFor", "With", "AsyncWith"):
            self.depends = True  # a handler of exceptions, a case of a match, a while
        self._enter(max(blocks, key=lambda block: block[0].lineno))

    def called_names(self) -> tuple[str, ...]:
        """The names by which the function is called; a class stands for its ``__init__``."""
        name = getattr(self.function, "name", "")
        return (name, self.owner) if name == "__init__" else (name,)

    def deciding_tests(self) -> list[Node]:
        """What decides whether the statement raises; nothing where it is no raise, assert or ``sys.exit``."""
        kind = kind_of(self.statement)
        if kind not in ("Raise", "Assert") and not is_exit(self.statement):
            return []
        if self.function is not None:
            returns = [
                node for node in walk_nodes([self.function], functions=False) if kind_of(node) == "Return"
            ]
            self.depends = self.depends or any(node.lineno < self.line for node in returns)
        return [*self.conditions, *([self.statement.test] if kind == "Assert" else [])]


def _blocks(statement: Node) -> list[list[Node]]:
    """The lists of statements in a statement; the cases of a ``match`` each have one."""
    found = [getattr(statement, name, None) or [] for name in BLOCKS[:-1]]
    found += [case.body for case in getattr(statement, "cases", ())]
    return [block for block in found if block]


def is_exit(statement: Node) -> bool:
    """Whether it is ``sys.exit(…)``, ``exit(…)`` or ``quit(…)``."""
    call = statement.value if kind_of(statement) == "Expr" else None
    return kind_of(call) == "Call" and _called_name(call) in ("exit", "quit")


def _called_name(call: Node) -> str | None:
    return getattr(call.func, "attr", None) or getattr(call.func, "id", None)


def _given_arguments(call: Node, function: Node) -> list[tuple[str, Node]]:
    """The parameters of the function that a call gives a value, with these; not those behind a ``*``."""
    parameters = [item.arg for item in [*getattr(function.args, "posonlyargs", ()), *function.args.args]]
    if parameters[:1] in (["self"], ["cls"]):
        del parameters[0]
    starred = next((at for at, item in enumerate(call.args) if kind_of(item) == "Starred"), len(call.args))
    found = list(zip(parameters, call.args[:starred]))
    return found + [(word.arg, word.value) for word in call.keywords if word.arg]


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
        called = _called_name(node)
        asks = called == "get" and is_environ(getattr(node.func, "value", None))
        if called == "getenv" or asks or _asks_wrapper(node):
            defaults = node.args[1:] + [word.value for word in node.keywords if word.arg == "default"]
            return constant_text(node.args[0]), not any(_constant(value) for value in defaults)
    if kind_of(node) == "Subscript" and is_environ(node.value):
        index = node.slice.value if kind_of(node.slice) == "Index" else node.slice  # until Python 3.8
        return constant_text(index), True
    if kind_of(node) == "Compare" and is_environ(node.comparators[-1]):
        return constant_text(node.left), True
    return None


def _with_attribute(expressions: list[Node], message: str) -> list[Node]:
    """What was asked for the attribute that the message says None lacks; all where the statement asks none.

    In ``find("cache").open(os.getenv("MODE"))`` it is not the variable that is None.
    """
    lost = _NO_ATTRIBUTE.search(message)
    asked = [
        node.value
        for node in walk_nodes(expressions)
        if lost and kind_of(node) == "Attribute" and node.attr == lost.group(1)
    ]
    return asked or expressions


def _has_default(node: Node) -> bool:
    """Whether it is ``x or "default"``, with a constant that is true."""
    last = node.values[-1] if kind_of(node) == "BoolOp" and kind_of(node.op) == "Or" else None
    return last is not None and _constant(last) is not _ABSENT and bool(_constant(last))


def _asks_wrapper(call: Node) -> bool:
    """Whether a call asks an object or function of the application's own for a variable: ``env("PORT")``,
    ``env.str("PORT")``, ``get_env().get("PORT")``, ``self._env.get("PORT")``."""
    if not NAME.fullmatch(constant_text(call.args[0]) or ""):
        return False
    asked: Node = call.func if kind_of(call.func) == "Name" else getattr(call.func, "value", None)
    if kind_of(asked) == "Call":
        asked = asked.func
    name = getattr(asked, "attr", None) or getattr(asked, "id", None)
    return type(name) is str and WRAPPER.search(name) is not None


def is_environ(node: Node) -> bool:
    """Whether it is ``environ``, of ``os`` or imported."""
    return "environ" in (getattr(node, "attr", None), getattr(node, "id", None))


def _constant(node: Node) -> Node:
    """The value of a constant; something true for every other expression. Python 3.7 calls it Str or Num."""
    for field in ("value", "s", "n"):
        if kind_of(node) in ("Constant", "NameConstant", "Str", "Num", "Bytes") and hasattr(node, field):
            return getattr(node, field)
    return _ABSENT


def constant_text(node: Node) -> str | None:
    """The text of a constant that is one."""
    value = _constant(node)
    return value if type(value) is str else None


def _variables(lookups: Iterator[Lookup], message: str) -> set[str]:
    """The variables asked for without a default; the message's words where the name is no constant."""
    found: set[str] = set()
    for name, no_default in lookups:
        if no_default:
            found.update([name] if name else NAME.findall(message))
    return found


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


def _asks_nothing_else(test: Node, names: Names) -> bool:
    """Whether a condition depends on lookups alone: ``not os.getenv("A") or "B" not in os.environ``."""
    if lookup_of(test) is not None:
        return True
    kind = kind_of(test)
    if kind == "BoolOp":
        return all(_asks_nothing_else(value, names) for value in test.values)
    if kind == "UnaryOp":
        return _asks_nothing_else(test.operand, names)
    if kind == "Compare":
        sides = [side for side in [test.left, *test.comparators] if _constant(side) is _ABSENT]
        return bool(sides) and all(_asks_nothing_else(side, names) for side in sides)
    if kind == "Call" and not test.args:
        return _asks_nothing_else(getattr(test.func, "value", None), names)  # .strip(), .lower()
    # An attribute's name alone does not tell whose it is.
    name = "{}.{}".format(getattr(test.value, "id", None), test.attr) if kind == "Attribute" else ""
    return bool(names.get(name or getattr(test, "id", "")))
