"""Reads as much of the POSIX shell language as start commands and entrypoint scripts are written in.

The commands are read here, their words in ``shell_words.py``. Nothing is run. Words are expanded with the
variables that are known, conditions are not decided: every branch is read, and its commands are marked as
conditional. Source: POSIX.1-2017, Shell Command Language.
"""

from __future__ import annotations

import os
import re

from importguard.probe.files import DEFAULT_PATH, read_text
from importguard.probe.start.shell_blocks import Block
from importguard.probe.start.shell_state import DEEPEST_NESTING, Shell
from importguard.probe.start.shell_words import ENDS_WORD, WordReader
from importguard.probe.start.words import Word, is_assignment, spelled_word

_BLANK = " \t\r"
_OPENS = frozenset(["if", "case", "for", "while", "until", "select"])
_CLOSES = frozenset(["fi", "esac", "done"])
_DROPPED = frozenset(["then", "else", "elif", "do", "{", "}", "!", "time", "command", "builtin", "function"])
_BRANCHES = frozenset(["then", "else", "elif", "do"])
_TESTS = frozenset(["[", "[[", "test", "true", ":", "false", "-v", "-V"])  # of ``command -v``, the rest
_ASKS = _TESTS | {"grep", "egrep", "pgrep", "which", "type", "hash"}
_RESULTS = {"true": True, ":": True, "false": False}
_KEPT = frozenset(["case", "for", "select"])
_DECLARES = frozenset(["export", "declare", "local", "readonly", "typeset"])
_DEFINES = re.compile(r"[ \t]*\([ \t]*\)\s*\{")
_NAMED = re.compile(r"[ \t]*([\w.-]+)[ \t]*(?:\([ \t]*\))?\s*\{")
_ARGUMENT = re.compile(r"\"?\$(?:[0-9]|\{[0-9](?::?-[\w.-]*)?\})\"?")
_VARIABLE = re.compile(r"\"?\$\{?(\w+)\}?\"?")


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
    if shell.nesting < DEEPEST_NESTING:
        shell.nesting += 1
        _CommandReader(text, shell, found).read_to_end()
        shell.nesting -= 1
    return found


class _CommandReader(WordReader):
    """Reads one text, one simple command after the other, and carries out what changes the shell."""

    def __init__(self, text: str, shell: Shell, found: list[Step]) -> None:
        super().__init__(text, shell)
        self.found = found
        self.words: list[str] = []
        self.blocks: list[Block] = []
        self.heredocs: list[str] = []
        self.is_alternative = False  # of ``a || b``, b runs where a fails
        self.is_guarded = False  # of ``[ a ] && b``, b runs where a holds

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
                self._add(self.read_word())
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
        count, words = len(self.found), self.words
        self._finish(background)
        self._pass_on_conditions(char, words)
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

    def _pass_on_conditions(self, char: str, words: list[str]) -> None:
        """Note what the command ``words``, which ``char`` ends, makes of those behind it."""
        if words:
            self.is_alternative = False
            if char != "&" or not self.text.startswith("&", self.at):
                self.is_guarded = False
            elif words[0] in _ASKS:
                self.is_guarded = self.is_guarded or self._test_of(words) is not True
        if char == "(":
            self._open_group("(")
        elif char == ")":
            self._close_group("(")

    def _open_group(self, sign: str) -> None:
        """``{`` or ``(``: what stands before it is a condition of all that is in it."""
        group = Block(sign, list(self.shell.arguments))
        group.sure = not (self.is_guarded or self.is_alternative)
        self.blocks.append(group)
        self.is_guarded = self.is_alternative = False

    def _close_group(self, sign: str) -> None:
        if self.blocks and self.blocks[-1].kind == sign:
            self.blocks.pop()

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
        target = self.read_word() if self.at < len(self.text) and self.text[self.at] not in ENDS_WORD else []
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
            self.blocks.append(Block(raw, list(self.shell.arguments)))
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
        if word == "{":
            self._open_group(word)
        elif word == "}":
            self._close_group("{")
        elif self.blocks and word in _BRANCHES:
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
        self._add_steps(called)

    def _add_steps(self, steps: list[Step]) -> None:
        """Add the commands of another text, which run where the one that reads it does."""
        for step in steps:
            step.conditional = step.conditional or self._is_conditional()
        self.found.extend(steps)

    def _is_conditional(self) -> bool:
        in_branch = any(block.value is None and not block.sure for block in self.blocks)
        return in_branch or self.is_alternative or self.is_guarded

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
        elif words[0] in _TESTS:
            if self.blocks and self.blocks[-1].in_condition:
                self.blocks[-1].test = self._test_of(words)
        elif words[0] not in _KEPT and not self._builtin(words[0], words[1:]):
            environ = self.shell.command_environment()
            for item in assignments:
                environ[item.partition("=")[0]] = item.partition("=")[2]
            conditional = self._is_conditional()
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
            self._add_steps(script_steps(" ".join(rest), shell))
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
        self._add_steps(script_steps(read_text(path) or "", self.shell))
