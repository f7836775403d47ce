"""Which programs a Python script starts by ``subprocess`` and ``os.exec…``, read from its statements."""

from __future__ import annotations

import os

from importguard.probe.code.imports import child_nodes, import_sites, parse_module, truth_as_main
from importguard.probe.code.nodes import (
    FUNCTIONS,
    called_name,
    constant_of,
    dotted_name,
    expressions_of,
    kind_of,
    walk_nodes,
)
from importguard.probe.code.path_values import PathValues

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import Node

_SUBPROCESS = ("run", "call", "check_call", "check_output", "Popen")
UNKNOWN = "${_}"
"""What stands in a text for a part that is not known; a shell reads it as a variable that is not set."""

_WAITS = ("wait", "communicate", "poll", "join", "sleep", "print", "exit", "terminate", "kill", "SystemExit")
_SIGNS = ("subprocess", "os.exec", "os.system", "os.spawn")


_CHANGES = ("os.chdir", "os.putenv", "os.unsetenv", "os.environ.update", "os.environ.setdefault")
"""What changes the surroundings of the programs that are started."""
_LIST_CHANGES = ("append", "extend", "insert", "pop", "remove", "clear")


class LaunchedProgram:
    """A program that a script starts: its words (None where one is not known), or a line of shell.

    Not ``is_sure``: a condition decides whether it runs. ``waits``: the script goes on when it has ended.
    ``by_import``: an import of the script would start it, too. ``replaces``: it takes the script's place.
    """

    def __init__(self, words: list[str | None], line: str, directory: str) -> None:
        self.words = words
        self.line = line
        self.directory = directory
        self.is_sure = self.waits = self.by_import = True
        self.replaces = False


def starts_programs(text: str) -> bool:
    """Whether a script may start any, at a glance."""
    return any(sign in text for sign in _SIGNS)


class Unclear(Exception):
    """What the script starts, or in which surroundings, can't be told from its statements."""


class LauncherCode(PathValues):
    """The programs that a script starts (``found``; none where that is unclear): it follows the statements
    that run, and those of its own functions that they call.

    ``path`` and ``arguments`` are its ``sys.argv``, ``executable`` is its Python. ``lists`` are the lists of
    words that have a name by then, ``origins`` what imported names stand for, ``imported`` the modules that
    it imports without a guard. ``is_done``: when it has started them all, it only waits for them.
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
        self.by_import = True
        self.is_done = False

    def read_text(self, text: str) -> None:
        """Take in the script's text; nothing is found in one that is not valid for this Python."""
        try:
            tree = parse_module(text, self.names["__file__"] or "")
            sites = import_sites(tree, "__main__", False)
            self.imported = [target for target, _, _, scope in sites if scope != "guarded"]
            self._read_body(tree.body)
        except (SyntaxError, ValueError, RecursionError, MemoryError, Unclear):
            self.found = []

    def _read_body(self, body: list[Node]) -> None:
        last = len(body)
        for at, node in enumerate(body):
            count = len(self.found)
            self.read_statements([node], True)
            last = at if len(self.found) > count else last
        self.is_done = all(_only_waits(node) for node in body[last + 1 :])

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
        before = self.by_import
        self.by_import = before and not (kind == "If" and truth is True)
        if truth is not False:
            self.read_statements(getattr(node, "body", []), is_sure and truth is True)
        self.by_import = before
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
        if self._full_name(getattr(target, "value", None)) == "os.environ":
            raise Unclear
        if name is None or kind not in ("Assign", "AnnAssign", "AugAssign") or node.value is None:
            return
        words, value = self._words_of(node.value), self.value_of_expression(node.value)
        if name in self.lists and (not is_sure or words is None):
            raise Unclear  # a condition decides which words it has, or they are not known
        if kind == "AugAssign":
            self._add_to(name, words, value)
        elif words is not None:
            self.lists[name] = words
        elif is_sure or self.names.get(name, value) == value:
            self.names[name] = value
        else:
            self.names[name] = None  # a condition decides which of the two it is

    def _add_to(self, name: str, words: list[str | None] | None, value: str | None) -> None:
        if name in self.lists:
            self.lists[name] = self.lists[name] + (words or [])
        elif self.names.get(name) is not None:
            self.names[name] = None if value is None else (self.names[name] or "") + value

    def _full_name(self, node: Node) -> str:
        """The dotted name of an expression, by where its first part was imported from."""
        first, dot, rest = dotted_name(node).partition(".")
        return self.origins.get(first, first) + dot + rest

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
        owner, _, method = name.rpartition(".")
        if self._full_name(node.func) in _CHANGES or (owner in self.lists and method in _LIST_CHANGES):
            raise Unclear
        program = self._started(self._full_name(node.func), node)
        if program:
            program.is_sure, program.by_import = is_sure, self.by_import
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
            if function.endswith("e"):
                raise Unclear  # it gives the program other variables
            program = LaunchedProgram(self._words_of_exec(function, call.args), "", self.directory)
            program.replaces = True
            return program
        return None

    def _by_subprocess(self, function: str, call: Node) -> LaunchedProgram | None:
        options = {word.arg: word.value for word in call.keywords}
        given = call.args[0] if call.args else options.get("args")
        if given is None:
            return None
        if "env" in options and self._full_name(options["env"]) != "os.environ":
            raise Unclear
        words, line = self._words_of(given), self.value_of_expression(given)
        is_shell = constant_of(options.get("shell")) is True
        if is_shell or words is None:
            words = [line] if line and not is_shell else []
        if not words and not line:
            raise Unclear
        cwd = self.value_of_expression(options.get("cwd"))
        program = LaunchedProgram(words, (line or "") if is_shell else "", self.directory)
        program.directory = os.path.join(self.directory, cwd or "")
        program.waits = function != "Popen"
        return program

    def _words_of_exec(self, function: str, arguments: list[Node]) -> list[str | None]:
        """``execv(path, [argv0, …])`` or ``execl(path, argv0, …)``."""
        first = self.value_of_expression(arguments[0])
        if function.startswith("execv"):
            words = self._words_of(arguments[1]) if len(arguments) > 1 else None
            if words is None:
                raise Unclear
            return [first, *words[1:]]
        return [first, *map(self.value_of_expression, arguments[2:])]

    def _words_of(self, node: Node) -> list[str | None] | None:
        """The words of a list; None where an expression is not known to be one."""
        kind = type(node).__name__
        if kind in ("List", "Tuple"):
            words: list[str | None] = []
            for item in node.elts:
                if type(item).__name__ == "Starred":
                    more = self._words_of(item.value)
                    if more is None:
                        return None
                    words += more
                else:
                    words.append(self.value_of_expression(item))
            return words
        if kind == "Name":
            return self.lists.get(node.id)
        if kind == "BinOp" and type(node.op).__name__ == "Add":
            left, right = self._words_of(node.left), self._words_of(node.right)
            return None if left is None or right is None else left + right
        if kind == "Subscript" and dotted_name(node.value) == "sys.argv":
            return self.arguments if type(node.slice).__name__ == "Slice" else None
        if kind == "Call":
            return self._split_words(node)
        return None

    def _split_words(self, call: Node) -> list[str | None] | None:
        """The words of ``list(words)``, ``line.split()`` and ``shlex.split(line)``."""
        name = dotted_name(call.func)
        if name == "list" and call.args:
            return self._words_of(call.args[0])
        is_method = name != "shlex.split" and getattr(call.func, "attr", "") == "split" and not call.args
        line = call.func.value if is_method else call.args[0] if name == "shlex.split" and call.args else None
        text = self.value_of_expression(line)
        return None if text is None else [*text.split()]

    def value_of_expression(self, node: Node) -> str | None:
        """As the base class has it; and ``sys.executable``."""
        if dotted_name(node) == "sys.executable":
            return self.executable
        value = super().value_of_expression(node)
        if value is None and type(node).__name__ == "JoinedStr":
            values = [super(LauncherCode, self).value_of_expression(_formatted(part)) for part in node.values]
            return "".join(UNKNOWN if value is None else value for value in values)
        return value


def _only_waits(statement: Node) -> bool:
    """Whether a statement calls nothing but what waits for other processes, ends, or prints."""
    calls = [node for node in walk_nodes([statement]) if kind_of(node) == "Call"]
    is_plain = kind_of(statement) in ("Expr", "Assign", "For", "If", "Raise", "Try", "While")
    return is_plain and all(called_name(call) in _WAITS for call in calls)


def _formatted(part: Node) -> Node:
    """What a part of an f-string says, or inserts."""
    return part.value if type(part).__name__ == "FormattedValue" else part
