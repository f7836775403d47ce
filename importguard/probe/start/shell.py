"""Reads as much of the POSIX shell language as start commands and entrypoint scripts are written in.

Nothing is run. Words are expanded with the variables that are known, conditions are not decided: every
branch is read, and its commands are marked as conditional. Source: POSIX.1-2017, Shell Command Language.
"""

from __future__ import annotations

import os
import re

from importguard.probe.files import DEFAULT_PATH, read_text
from importguard.probe.start.words import Word, as_written, is_assignment, spelled_word

_BLANK = " \t\r"
_ENDS_WORD = " \t\r\n;&|()<>"
_ALL_ARGUMENTS = frozenset(['"$@"', "$@", '"${@}"', '"$*"', "$*"])
_OPENS = frozenset(["if", "case", "for", "while", "until", "select"])
_CLOSES = frozenset(["fi", "esac", "done"])
_DROPPED = frozenset(["then", "else", "elif", "do", "{", "}", "!", "time", "command", "builtin", "function"])
_BRANCHES = frozenset(["then", "else", "elif", "do"])
_TESTS = frozenset(["[", "[[", "test", "true", ":", "false"])
_RESULTS = {"true": True, ":": True, "false": False}
_KEPT = frozenset(["case", "for", "select"])
_DECLARES = frozenset(["export", "declare", "local", "readonly", "typeset"])
_DEFINES = re.compile(r"[ \t]*\([ \t]*\)\s*\{")
_NAMED = re.compile(r"[ \t]*([\w.-]+)[ \t]*(?:\([ \t]*\))?\s*\{")
_ARGUMENT = re.compile(r"\"?\$(?:[0-9]|\{[0-9](?::?-[\w.-]*)?\})\"?")
_VARIABLE = re.compile(r"\"?\$\{?(\w+)\}?\"?")
_NESTING = 12
"""How deep ``${A:-${B}}`` and scripts that source scripts are followed: they can be endless."""


class Shell:
    """What a shell knows: variables and which are exported, its directory, its arguments (``$0`` first).

    Not ``decides``: each branch of a ``case`` is read, and each function, whether it is called or not.
    """

    def __init__(self, environ: dict[str, str], directory: str, arguments: list[str]) -> None:
        self.variables = dict(environ)
        self.exported = set(environ)
        self.exports_all = False  # after ``set -a``
        self.directory = directory
        self.arguments = arguments
        self.functions: dict[str, str] = {}
        self.decides = True
        self.nesting = 0

    def command_environment(self) -> dict[str, str]:
        """The environment that a command started now would have."""
        return {name: value for name, value in self.variables.items() if name in self.exported}

    def assign_variable(self, item: str, export: bool = False) -> None:
        """Carry out ``NAME=value``, or ``export NAME``."""
        name, equals, value = item.partition("=")
        if equals:
            self.variables[name] = value
        if export or self.exports_all:
            self.exported.add(name)

    def declare_variables(self, items: list[str], export: bool) -> None:
        """Carry out ``export``, ``local`` and the like."""
        for item in items:
            if not item.startswith("-"):
                self.assign_variable(item, export)

    def set_export_of_all(self, options: list[str]) -> None:
        """Carry out ``set -a`` and ``set -o allexport``, or the same with ``+``, among other options."""
        for at, option in enumerate(options):
            sign, letters = option[:1], option[1:]
            if option == "--":
                break
            if sign not in ("-", "+"):
                continue
            if "a" in letters or ("o" in letters and options[at + 1 : at + 2] == ["allexport"]):
                self.exports_all = sign == "-"

    def change_directory(self, target: str) -> None:
        """Carry out ``cd``."""
        self.directory = os.path.normpath(os.path.join(self.directory, target))


class Step:
    """One command that a script would start: its words, and what it would be started with.

    ``background``: the script goes on at once, as after ``&``.
    """

    def __init__(
        self,
        words: list[str],
        environ: dict[str, str],
        directory: str,
        conditional: bool,
        background: bool = False,
    ) -> None:
        self.background = background
        self.words = words
        self.environ = environ
        self.directory = directory
        self.conditional = conditional


def script_steps(text: str, shell: Shell) -> list[Step]:
    """The commands of a script in the order in which they are written; ``shell`` is left as it would be."""
    found: list[Step] = []
    if shell.nesting < _NESTING:
        shell.nesting += 1
        _Reader(text, shell, found).read_to_end()
        shell.nesting -= 1
    return found


class _Block:
    """An ``if``, loop or ``case`` that is open. Of a ``case`` over an argument it is known which branch runs.

    ``arguments`` are those of the shell before it, ``value`` what a ``case`` compares, where it is known.
    ``set_value`` is that, and ``test`` what a condition comes to, by the variables that the image sets: where
    those are not changed, one branch is ``sure`` to run. The others are read all the same.
    """

    def __init__(self, kind: str, arguments: list[str]) -> None:
        self.kind = kind
        self.arguments = arguments
        self.value: str | None = None
        self.in_pattern = False
        self.in_condition = kind in ("if", "while", "until")
        self.matched = False
        self.runs = True
        self.set_value: str | None = None
        self.test: bool | None = None
        self.sure = False

    def take_pattern(self, pattern: str) -> None:
        """Take in one pattern of a branch: the first branch that has the value runs."""
        import fnmatch

        if self.matched:
            return
        if self.value is not None and fnmatch.fnmatchcase(self.value, pattern):
            self.matched = self.runs = True
        elif self.set_value is not None and fnmatch.fnmatchcase(self.set_value, pattern):
            self.matched = self.sure = True

    def begin_branch(self, word: str) -> None:
        """``then``, ``else`` or ``elif``: the first branch whose condition holds runs; ``do`` of a loop."""
        self.in_condition = word == "elif"
        if word == "do":
            self.sure = self.test is (self.kind == "while")
        elif word == "elif":
            self.matched = self.matched or self.test is not False
            self.test, self.sure = None, False
        elif word == "then":
            self.sure = self.test is True and not self.matched
        else:
            self.sure = self.test is False and not self.matched

    def end_branch(self) -> None:
        """The next is a pattern; its branch does not run until it has matched."""
        self.in_pattern = True
        self.runs, self.sure = self.value is None, False


class _Reader:
    """Reads one text, one simple command after the other, and carries out what changes the shell."""

    def __init__(self, text: str, shell: Shell, found: list[Step]) -> None:
        self.text = text
        self.shell = shell
        self.found = found
        self.at = 0
        self.words: list[str] = []
        self.blocks: list[_Block] = []
        self.heredocs: list[str] = []
        self.is_alternative = False  # of ``a || b``, b runs where a fails

    def read_to_end(self) -> None:
        """Read to the end of the text."""
        while self.at < len(self.text):
            char = self.text[self.at]
            if char in _BLANK:
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif char == "#":
                self.at = self._line_end()
            elif char in "<>" or self.text.startswith("&>", self.at):
                self._redirection()
            elif char in "\n;&|()":
                self._separator(char)
            else:
                self._add(self._word())
        self._finish()

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _separator(self, char: str) -> None:
        background = (
            char == "&" and "&" not in self.text[self.at - 1 : self.at] + self.text[self.at + 1 : self.at + 2]
        )
        self.at += 1
        block = self.blocks[-1] if self.blocks else None
        if block and block.in_pattern and char in "(|)":
            for pattern in self.words:
                block.take_pattern(pattern)
            self.words = []
            block.in_pattern = char != ")"
            return
        count, is_command = len(self.found), bool(self.words)
        self._finish(background)
        self.is_alternative = self.is_alternative and not is_command
        if char == "|" and self.text.startswith("|", self.at):
            for step in self.found[count:]:
                step.conditional = True  # the start goes on without it
            self.is_alternative = True
        if block and block.kind == "case" and char == ";" and self.text.startswith(";", self.at):
            block.end_branch()
        if char == "\n":
            for delimiter in self.heredocs:
                self._skip_heredoc(delimiter)
            self.heredocs = []

    def _skip_heredoc(self, delimiter: str) -> None:
        while self.at < len(self.text):
            end = self._line_end()
            line = self.text[self.at : end]
            self.at = end + 1
            if line.strip("\t") == delimiter:
                return

    def _redirection(self) -> None:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] in "<>&|":
            self.at += 1
        operator = self.text[start : self.at]
        if operator == "<<" or operator.endswith("&"):
            if self.text.startswith("-", self.at):
                self.at += 1
                if operator.endswith("&"):
                    return
        while self.at < len(self.text) and self.text[self.at] in _BLANK:
            self.at += 1
        target = self._word() if self.at < len(self.text) and self.text[self.at] not in _ENDS_WORD else []
        if operator == "<<" and target:
            self.heredocs.append(target[0])

    def _add(self, fields: list[Word]) -> None:
        raw = fields[0].raw if fields else ""
        next_char = self.text[self.at : self.at + 1]
        if raw.isdigit() and next_char and next_char in "<>":
            return
        if not self.words and (raw == "function" or _DEFINES.match(self.text, self.at)):
            if self._define(raw):
                return
        if len(self.words) == 2 and self.words[0] == "case" and raw == "in" and self.blocks:
            is_known = _ARGUMENT.fullmatch(getattr(self.words[1], "raw", ""))
            self.blocks[-1].value = str(self.words[1]) if is_known and self.shell.decides else None
            self.blocks[-1].set_value = str(self.words[1]) if self._is_set(self.words[1]) else None
            self.blocks[-1].end_branch()
            self.words = []
            return
        if not self.words and raw in _OPENS:
            self.blocks.append(_Block(raw, list(self.shell.arguments)))
            if raw not in _KEPT:
                return
        elif not self.words and raw in _CLOSES | _DROPPED:
            self._end_part(raw)
            return
        if is_assignment(raw) and all(is_assignment(item) for item in self.words):
            fields = [spelled_word(" ".join(fields), raw)]
        self.words.extend(fields)

    def _end_part(self, word: str) -> None:
        """A branch has ended: its ``shift`` is undone; ``set -- tool "$@"`` before bare options stays."""
        if self.blocks and word in _BRANCHES:
            self.blocks[-1].begin_branch(word)
        elif self.blocks and word in _CLOSES:
            arguments = self.blocks.pop().arguments
            if arguments[1:] and not arguments[1].startswith("-"):
                self.shell.arguments = arguments

    def _define(self, name: str) -> bool:
        """Note a function; its text is read where it is called. False where it is none after all."""
        head = (_NAMED if name == "function" else _DEFINES).match(self.text, self.at)
        if head is None or not self.shell.decides:
            return False
        name = head.group(1) if name == "function" else name
        start = end = head.end()
        depth, quote = 1, ""
        while end < len(self.text) and depth:
            char = self.text[end]
            if char == "\\":
                end += 1
            elif quote:
                quote = "" if char == quote else quote
            elif char in "'\"":
                quote = char
            elif char == "#" and self.text[end - 1] in " \t\n":
                end = (self.text + "\n").index("\n", end) - 1
            else:
                depth += (char == "{") - (char == "}")
            end += 1
        self.shell.functions[name] = self.text[start : end - 1]
        self.at = end
        return True

    def _call(self, words: list[str]) -> None:
        """Read the function that is called, with its arguments."""
        shell = self.shell
        arguments = shell.arguments
        shell.arguments = [*arguments[:1], *words[1:]]
        called = script_steps(shell.functions[words[0]], shell)
        shell.arguments = arguments
        for step in called:
            step.conditional = step.conditional or self._is_conditional()
        self.found.extend(called)

    def _is_conditional(self) -> bool:
        return any(block.value is None and not block.sure for block in self.blocks)

    def _is_set(self, word: str) -> bool:
        """Whether a word is a variable that the image or the script sets."""
        variable = _VARIABLE.fullmatch(getattr(word, "raw", ""))
        return variable is not None and variable.group(1) in self.shell.variables

    def _test_of(self, words: list[str]) -> bool | None:
        """What ``true``, or ``[ "$ROLE" = web ]`` of a variable that the image sets, comes to; else None."""
        if words[0] in _RESULTS:
            return _RESULTS[words[0]]
        if len(words) not in (4, 5) or not self._is_set(words[1]) or "$" in getattr(words[3], "raw", ""):
            return None
        same = words[1] == words[3]
        return {"=": same, "==": same, "!=": not same}.get(words[2])

    def _finish(self, background: bool = False) -> None:
        """A command has ended: carry it out, or note it as one that would be started."""
        words, self.words = self.words, []
        if not all(block.runs for block in self.blocks):
            return
        count = 0
        while count < len(words) and is_assignment(getattr(words[count], "raw", "")):
            count += 1
        assignments, words = words[:count], words[count:]
        if not words:
            for item in assignments:
                self.shell.assign_variable(item)
        elif words[0] in self.shell.functions:
            self._call(words)
        elif words[0] in _TESTS and self.blocks and self.blocks[-1].in_condition:
            self.blocks[-1].test = self._test_of(words)
        elif words[0] not in _KEPT and not self._builtin(words[0], words[1:]):
            environ = self.shell.command_environment()
            for item in assignments:
                environ[item.partition("=")[0]] = item.partition("=")[2]
            conditional = self._is_conditional() or self.is_alternative
            self.found.append(Step(words, environ, self.shell.directory, conditional, background))

    def _builtin(self, name: str, rest: list[str]) -> bool:
        """Carry out a built-in that changes the shell; False where ``name`` is none."""
        shell = self.shell
        if name in _DECLARES:
            shell.declare_variables(rest, export=name == "export")
        elif name in ("cd", "pushd"):
            targets = [item for item in rest if not item.startswith("-")]
            shell.change_directory(targets[0] if targets else shell.variables.get("HOME", "/"))
        elif name == "unset":
            shell.variables = {key: value for key, value in shell.variables.items() if key not in rest}
        elif name == "set":
            shell.set_export_of_all(rest)
            if "--" in rest:
                shell.arguments[1:] = rest[rest.index("--") + 1 :]
        elif name == "shift":
            del shell.arguments[1 : 1 + (int(rest[0]) if rest and rest[0].isdigit() else 1)]
        elif name == "eval":
            self.found.extend(script_steps(" ".join(rest), shell))
        elif name in (".", "source"):
            self._source(rest[0] if rest else "")
        else:
            return False
        return True

    def _source(self, target: str) -> None:
        """``. bin/activate`` puts its virtual environment first; of another script the text is read."""
        path = os.path.normpath(os.path.join(self.shell.directory, target))
        if os.path.basename(path) == "activate":
            folder = os.path.dirname(path)
            self.shell.assign_variable("VIRTUAL_ENV=" + os.path.dirname(folder), export=True)
            search = self.shell.variables.get("PATH", DEFAULT_PATH)
            self.shell.assign_variable("PATH=%s:%s" % (folder, search), export=True)
            return
        self.found.extend(script_steps(read_text(path) or "", self.shell))

    # Words

    def _word(self) -> list[Word]:
        """The next word; unquoted expansions can make none of it, or several."""
        start = self.at
        fields = [""]
        kept = False
        while self.at < len(self.text) and self.text[self.at] not in _ENDS_WORD:
            char = self.text[self.at]
            if char == "$":
                kept = self._unquoted_expansion(fields) or kept
                continue
            kept = True
            if char == "'":
                fields[-1] += self._until("'")
            elif char == '"':
                kept = self._double_quoted(fields)
            elif char == "`":
                fields[-1] += "`%s`" % self._until("`")
            elif char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                fields[-1] += "" if following == "\n" else following
                self.at += 2
            else:
                fields[-1] += char
                self.at += 1
        if fields[-1] == "" and not (kept and len(fields) == 1):
            fields.pop()
        raw = self.text[start : self.at]
        if raw in _ALL_ARGUMENTS:
            raw = as_written(self.shell.arguments[1:])  # ``exec "$@"`` of an entrypoint is the image's CMD
        return [spelled_word(value, "" if index else raw) for index, value in enumerate(fields)]

    def _until(self, quote_char: str) -> str:
        """The text up to the closing quote of the one that is next."""
        end = self.text.find(quote_char, self.at + 1)
        end = len(self.text) if end < 0 else end
        inner = self.text[self.at + 1 : end]
        self.at = end + 1
        return inner

    def _unquoted_expansion(self, fields: list[str]) -> bool:
        """Expand ``$…`` and split its value into fields; whether the word stays even when it is empty."""
        if self.text.startswith("$'", self.at):
            self.at += 1
            fields[-1] += self._until("'")
            return True
        if self.text.startswith("$(", self.at):
            fields[-1] += self._dollar()[0]
            return True
        for index, value in enumerate(self._dollar()):
            if index or value[:1].isspace():
                fields.append("")
            for part_index, part in enumerate(value.split()):
                if part_index:
                    fields.append("")
                fields[-1] += part
        return fields[-1] != ""

    def _double_quoted(self, fields: list[str]) -> bool:
        """Expand a double-quoted text; False where it was an empty ``"$@"``, which is no word."""
        self.at += 1
        kept = self.text[self.at : self.at + 3] not in ('$@"',)
        while self.at < len(self.text) and self.text[self.at] != '"':
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                following = self.text[self.at + 1]
                fields[-1] += "" if following == "\n" else following
                self.at += 2
            elif char == "$":
                values = self._dollar()
                kept = kept or bool(values)
                fields[-1] += values[0] if values else ""
                fields.extend(values[1:])
            elif char == "`":
                fields[-1] += "`%s`" % self._until("`")
            else:
                fields[-1] += char
                self.at += 1
        self.at += 1
        return kept

    def _dollar(self) -> list[str]:
        """What ``$…`` stands for: one value, or for ``$@`` all arguments. The unknown stays as written."""
        following = self.text[self.at + 1 : self.at + 2]
        if following == "{":
            inner = self._balanced("{", "}")
            return _parameter(inner, self.shell)
        if following == "(":
            inner = self._balanced("(", ")")
            return [self._own_folder(inner) or "$(%s)" % inner]
        if following and following in "@*#?$!-0123456789":
            self.at += 2
            return _special(following, self.shell)
        end = self.at + 1
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] == "_"):
            end += 1
        name = self.text[self.at + 1 : end]
        self.at = end
        return [self.shell.variables.get(name, "") if name else "$"]

    def _own_folder(self, inner: str) -> str:
        """``$(dirname "$0")`` and ``$(cd "$(dirname "$0")" && pwd)`` with variations; nothing for others.

        Most scripts that leave their folder find it so.
        """
        words = inner.replace("BASH_SOURCE[0]", "0").replace("BASH_SOURCE", "0").replace("${0}", "$0")
        words = "".join(char for char in words if char not in "\"'$();&").replace("--", " ")
        parts = words.split()
        known = {
            "cd",
            "dirname",
            "readlink",
            "realpath",
            "-f",
            "-e",
            "-P",
            "pwd",
            "0",
            "/dev/null",
            ">",
            "2>1",
        }
        if parts == ["pwd"]:
            return self.shell.directory
        if "0" not in parts or not ({"dirname"} & set(parts)) or not known.issuperset(parts):
            above = [part for part in parts if part not in known]
            if above not in (["0/.."], ["/.."]) or "dirname" not in parts:
                return ""
        name = (self.shell.arguments or [""])[0]
        folder = os.path.dirname(os.path.join(self.shell.directory, name))
        return os.path.normpath(folder + "/.." if "/.." in words else folder)

    def _balanced(self, opening: str, closing: str) -> str:
        """The text between the brackets after the dollar sign."""
        start = self.at + 2
        depth = 0
        self.at += 1
        while self.at < len(self.text):
            char = self.text[self.at]
            depth += (char == opening) - (char == closing)
            self.at += 1
            if depth == 0:
                return self.text[start : self.at - 1]
        return self.text[start:]

    def expand_text(self) -> str:
        """The whole text as if it stood in double quotes: the default of ``${NAME:-…}``."""
        fields = [""]
        self.text += '"'
        self.at = -1
        self._double_quoted(fields)
        return " ".join(fields)


def _special(name: str, shell: Shell) -> list[str]:
    if name in "@*":
        return list(shell.arguments[1:])
    if name.isdigit():
        return shell.arguments[int(name) : int(name) + 1] or [""]
    return [str(len(shell.arguments) - 1) if name == "#" else ""]


def _parameter(inner: str, shell: Shell) -> list[str]:
    """``${…}``: a name and what to do where it has no value (POSIX 2.6.2); other operators do nothing."""
    if inner[:1] in ("@", "*"):
        start = inner[2:].split(":")[0]
        return list(shell.arguments[int(start) if start.isdigit() else 1 :])
    if inner[:1].isdigit():
        end = 1
        while inner[end : end + 1].isdigit():
            end += 1
        number = int(inner[:end][:6])
        known = number < len(shell.arguments)
        name, value = "", shell.arguments[number] if known else ""
    else:
        end = 0
        while end < len(inner) and (inner[end].isalnum() or inner[end] == "_"):
            end += 1
        name = inner[:end]
        known = name in shell.variables
        value = shell.variables.get(name, "")
    operator, rest = inner[end : end + 1], inner[end + 1 :]
    if operator == ":":
        known = known and value != ""
        operator, rest = rest[:1], rest[1:]
    if operator == "+":
        return [_expand(rest, shell) if known else ""]
    if known or not operator or operator not in "-=":
        return [value]
    value = _expand(rest, shell)
    if operator == "=" and name:
        shell.variables[name] = value
    return [value]


def _expand(text: str, shell: Shell) -> str:
    text = text.strip("'\"") if text[:1] in ("'", '"') else text
    if shell.nesting >= _NESTING:
        return text
    shell.nesting += 1
    value = _Reader(text, shell, []).expand_text()
    shell.nesting -= 1
    return value
