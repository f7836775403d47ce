"""Where in its module a statement stands: its function, the conditions around it, and what calls give it."""

from __future__ import annotations

from importguard.probe.code.nodes import BLOCKS, FUNCTIONS, called_name, kind_of, walk_nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import Node


class StatementPlace:
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
    return kind_of(call) == "Call" and called_name(call) in ("exit", "quit")


def given_arguments(call: Node, function: Node) -> list[tuple[str, Node]]:
    """The parameters of the function that a call gives a value, with these; not those behind a ``*``."""
    parameters = [item.arg for item in [*getattr(function.args, "posonlyargs", ()), *function.args.args]]
    if parameters[:1] in (["self"], ["cls"]):
        del parameters[0]
    starred = next((at for at, item in enumerate(call.args) if kind_of(item) == "Starred"), len(call.args))
    found = list(zip(parameters, call.args[:starred]))
    return found + [(word.arg, word.value) for word in call.keywords if word.arg]
