"""Which environment variables the statement that raised looks up, read from its source without running it.

``int(os.getenv("PORT"))`` fails for want of PORT, and its traceback does not say so. Pure, as ``imports`` is:
``compile`` gives the nodes, of any Python from 3.7 on.
"""

from __future__ import annotations

import re

from importguard.probe.code.environment_lookups import NAME, assigned_names, lookup_of, lookups_in
from importguard.probe.code.imports import absolute_target, parse_module
from importguard.probe.code.nodes import (
    NOT_CONSTANT,
    called_name,
    constant_of,
    expressions_of,
    kind_of,
    walk_nodes,
)
from importguard.probe.code.statement_place import StatementPlace, given_arguments
from importguard.probe.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from importguard.probe.code.environment_lookups import Lookup, Names
    from importguard.probe.values import Node, UnsetVariable

    Statement = tuple[str, int]  # the module and the line of a statement


_NO_ATTRIBUTE = re.compile(r"'NoneType' object has no attribute '(\w+)'")


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
    ) -> tuple[StatementPlace | None, Names]:
        """The place of a line, and the names that it knows, with the lookups that they come from."""
        tree = self.read_tree(module)
        if tree is None:
            return None, {}
        place = StatementPlace(tree.body, line)
        names = {**self._imported(tree, module), **assigned_names(tree)}
        if place.function is not None:
            for parameter in walk_nodes([place.function.args]):
                names.pop(getattr(parameter, "arg", ""), None)
            names.update(self._arguments(place, callers))
            names.update(assigned_names(place.function))
        return place, names

    def _arguments(self, place: StatementPlace, callers: tuple[Statement, ...]) -> Names:
        """The parameters of the function at ``place``, with the lookups that its caller gave them.

        Nothing where a library called it, or the caller's statement does not name it.
        """
        caller, names = self._place_and_names(*callers[0], callers[1:]) if callers else (None, {})
        statement = caller.statement if caller else None
        for node in walk_nodes(expressions_of(statement)) if statement else ():
            if kind_of(node) == "Call" and called_name(node) in place.called_names():
                given = given_arguments(node, place.function)
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


def _variables(lookups: Iterator[Lookup], message: str) -> set[str]:
    """The variables asked for without a default; the message's words where the name is no constant."""
    found: set[str] = set()
    for name, no_default in lookups:
        if no_default:
            found.update([name] if name else NAME.findall(message))
    return found


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
        sides = [side for side in [test.left, *test.comparators] if constant_of(side) is NOT_CONSTANT]
        return bool(sides) and all(_asks_nothing_else(side, names) for side in sides)
    if kind == "Call" and not test.args:
        return _asks_nothing_else(getattr(test.func, "value", None), names)  # .strip(), .lower()
    # An attribute's name alone does not tell whose it is.
    name = "{}.{}".format(getattr(test.value, "id", None), test.attr) if kind == "Attribute" else ""
    return bool(names.get(name or getattr(test, "id", "")))
