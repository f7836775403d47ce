"""Which programs a Python script starts by ``subprocess`` and ``os.exec…``, read from its statements."""

from __future__ import annotations

import os

from importguard.probe.code.imports import child_nodes, import_sites, parse_module, truth_as_main
from importguard.probe.code.nodes import FUNCTIONS, constant_of, dotted_name, expressions_of
from importguard.probe.code.path_values import PathValues

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import Node

_SUBPROCESS = ("run", "call", "check_call", "check_output", "Popen")
_SIGNS = ("subprocess", "os.exec", "os.system", "os.spawn")


class LaunchedProgram:
    """A program that a script starts: its words (None where one is not known), or a line of shell.

    Not ``is_sure``: a condition decides whether it runs. ``waits``: the script goes on when it has ended.
    """

    def __init__(self, words: list[str | None], line: str, directory: str) -> None:
        self.words = words
        self.line = line
        self.directory = directory
        self.is_sure = True
        self.waits = True


def starts_programs(text: str) -> bool:
    """Whether a script may start any, at a glance."""
    return any(sign in text for sign in _SIGNS)


class LauncherCode(PathValues):
    """The programs that a script starts (``found``): it follows the statements that run, and those of its own
    functions that they call.

    ``path`` and ``arguments`` are its ``sys.argv``, ``executable`` is its Python. ``lists`` are the lists of
    words that have a name by then, ``origins`` what imported names stand for, ``imported`` the modules that
    it imports without a guard.
    """

    def __init__(self, path: str, arguments: list[str], executable: str, directory: str) -> None:
        super().__init__(path, directory)
        self.arguments: list[str | None] = [*arguments]
        self.executable = executable
        self.lists: dict[str, list[str | None]] = {}
        self.origins: dict[str, str] = {}
        self.functions: dict[str, Node] = {}
        self.imported: list[str] = []
        self.found: list[LaunchedProgram] = []

    def read_text(self, text: str) -> None:
        """Take in the script's text; nothing is found in one that is not valid for this Python."""
        try:
            tree = parse_module(text, self.names["__file__"] or "")
            sites = import_sites(tree, "__main__", False)
            self.imported = [target for target, _, _, scope in sites if scope != "guarded"]
            self.read_statements(tree.body, True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.found = []

    def read_statements(self, body: list[Node], is_sure: bool) -> None:
        """Take in statements; not ``is_sure`` are those that a condition decides about."""
        for node in body:
            kind = type(node).__name__
            if kind in ("Import", "ImportFrom"):
                self._note_import(node)
            elif kind in FUNCTIONS:
                self.functions[node.name] = node
            elif kind != "ClassDef":
                for expression in expressions_of(node):
                    self._read_expression(expression, is_sure)
                self._assign(node, kind, is_sure)
                self._read_blocks(node, kind, is_sure)

    def _note_import(self, node: Node) -> None:
        prefix = node.module + "." if getattr(node, "module", None) else ""
        for alias in node.names:
            self.origins[alias.asname or alias.name] = prefix + alias.name

    def _read_blocks(self, node: Node, kind: str, is_sure: bool) -> None:
        truth: bool | None = True
        if kind == "If":
            truth = truth_as_main(node.test)
        elif kind == "While":
            truth = True if constant_of(node.test) is True else None
        elif kind in ("For", "AsyncFor", "Match"):
            truth = None
        if truth is not False:
            self.read_statements(getattr(node, "body", []), is_sure and truth is True)
        for handler in getattr(node, "handlers", []):
            self.read_statements(handler.body, False)
        if truth is not True or kind != "If":
            self.read_statements(getattr(node, "orelse", []), is_sure and truth is not None)
        self.read_statements(getattr(node, "finalbody", []), is_sure)
        for case in getattr(node, "cases", []):
            self.read_statements(case.body, False)

    def _assign(self, node: Node, kind: str, is_sure: bool) -> None:
        target = node.targets[0] if kind == "Assign" else getattr(node, "target", None)
        name = getattr(target, "id", None)
        if name is None or kind not in ("Assign", "AnnAssign", "AugAssign") or node.value is None:
            return
        words, value = self._words_of(node.value), self.value_of_expression(node.value)
        if kind == "AugAssign":
            self.lists[name] = self.lists.get(name, []) + (words or [])
        elif words is not None:
            self.lists[name] = words
        elif is_sure or self.names.get(name, value) == value:
            self.names[name] = value
        else:
            self.names[name] = None  # a condition decides which of the two it is

    def _read_expression(self, node: Node, is_sure: bool) -> None:
        if not hasattr(node, "_fields") or type(node).__name__ in FUNCTIONS:
            return
        for child in child_nodes(node):
            self._read_expression(child, is_sure)
        if type(node).__name__ != "Call":
            return
        name = dotted_name(node.func)
        if name in self.functions:
            self.read_statements(self.functions.pop(name).body, is_sure)
        first, dot, rest = name.partition(".")
        program = self._started(self.origins.get(first, first) + dot + rest, node)
        if program:
            program.is_sure = is_sure
            self.found.append(program)

    def _started(self, name: str, call: Node) -> LaunchedProgram | None:
        """What the call of a function of the standard library starts."""
        module, _, function = name.rpartition(".")
        if module == "subprocess" and function in _SUBPROCESS:
            return self._by_subprocess(function, call)
        if not call.args or module != "os":
            return None
        if function == "system":
            line = self.value_of_expression(call.args[0])
            return LaunchedProgram([], line, self.directory) if line else None
        if function.startswith("exec"):
            return LaunchedProgram(self._words_of_exec(function, call.args), "", self.directory)
        return None

    def _by_subprocess(self, function: str, call: Node) -> LaunchedProgram | None:
        options = {word.arg: word.value for word in call.keywords}
        given = call.args[0] if call.args else options.get("args")
        if given is None:
            return None
        words, line = self._words_of(given), self.value_of_expression(given)
        is_shell = constant_of(options.get("shell")) is True
        if is_shell or words is None:
            words = [line] if line and not is_shell else []
        if not words and not line:
            return None
        cwd = self.value_of_expression(options.get("cwd"))
        program = LaunchedProgram(words, (line or "") if is_shell else "", self.directory)
        program.directory = os.path.join(self.directory, cwd or "")
        program.waits = function != "Popen"
        return program

    def _words_of_exec(self, function: str, arguments: list[Node]) -> list[str | None]:
        """``execv(path, [argv0, …])`` or ``execl(path, argv0, …)``; those with "e" last have ``env`` last."""
        first = self.value_of_expression(arguments[0])
        if function.startswith("execv"):
            words = self._words_of(arguments[1]) if len(arguments) > 1 else None
            return [first, *(words or [])[1:]]
        last = len(arguments) - (1 if function.endswith("e") else 0)
        return [first, *map(self.value_of_expression, arguments[2:last])]

    def _words_of(self, node: Node) -> list[str | None] | None:
        """The words of a list; None where an expression is not known to be one."""
        kind = type(node).__name__
        if kind in ("List", "Tuple"):
            words: list[str | None] = []
            for item in node.elts:
                if type(item).__name__ == "Starred":
                    words += self._words_of(item.value) or []
                else:
                    words.append(self.value_of_expression(item))
            return words
        if kind == "Name":
            return self.lists.get(node.id)
        if kind == "BinOp" and type(node.op).__name__ == "Add":
            left = self._words_of(node.left)
            return None if left is None else left + (self._words_of(node.right) or [])
        if kind == "Subscript" and dotted_name(node.value) == "sys.argv":
            return self.arguments if type(node.slice).__name__ == "Slice" else None
        if kind == "Call" and dotted_name(node.func) == "list" and node.args:
            return self._words_of(node.args[0])
        return None

    def value_of_expression(self, node: Node) -> str | None:
        """As the base class has it; and ``sys.executable``."""
        if dotted_name(node) == "sys.executable":
            return self.executable
        return super().value_of_expression(node)
