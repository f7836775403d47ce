"""Reads as much of the POSIX shell language as start commands and entrypoint scripts are written in.

The commands are read here, their words in ``shell_words.py``; ``shell_control.py`` follows the blocks around
them. Nothing is run. Words are expanded with the variables that are known, and conditions decided by them
where they can be (``shell_tests.py``). Every branch is read all the same, and the commands of those that may
not run are marked as conditional. Source:
POSIX.1-2017, Shell Command Language.
"""

from __future__ import annotations

import os
import re

from importguard.probe.files import DEFAULT_PATH, read_text
from importguard.probe.start.shell_control import CLOSING_WORDS, OPENING_WORDS, OTHER_WORDS, ControlFlow, Step
from importguard.probe.start.shell_state import DEEPEST_NESTING, Shell
from importguard.probe.start.shell_tests import ASKS, evaluate_test
from importguard.probe.start.shell_words import ENDS_WORD, WordReader
from importguard.probe.start.words import Word, is_assignment, spelled_word

_BLANK = " \t\r"
_KEPT = frozenset(["case", "for", "select"])
_SEARCHES = frozenset(["grep", "egrep", "pgrep"])
_DECLARES = frozenset(["export", "declare", "local", "readonly", "typeset"])
_DEFINES = re.compile(r"[ \t]*\([ \t]*\)\s*\{")
_NAMED = re.compile(r"[ \t]*([\w.-]+)[ \t]*(?:\([ \t]*\))?\s*\{")
_ARGUMENT = re.compile(r"\"?\$(?:[0-9]|\{[0-9](?::?-[\w.-]*)?\})\"?")
_ARRAY = re.compile(r"([A-Za-z_]\w*)(\+?)=")
_ARITHMETIC = re.compile(r"\(\(\s*([^\s<>=!&|()]+)\s*(==|!=|>=|<=|<|>)\s*([^\s<>=!&|()]+)\s*\)\)")


class _HereDocument:
    """A ``<<`` whose text follows on the next lines, and the command that reads it."""

    def __init__(self, delimiter: Word) -> None:
        self.delimiter = delimiter
        self.step: Step | None = None


def _sign(text: str) -> Word:
    return spelled_word(text, text, is_known=True)


def script_steps(text: str, shell: Shell) -> list[Step]:
    """The commands of a script in the order in which they are written; ``shell`` is left as it would be."""
    found: list[Step] = []
    if shell.nesting < DEEPEST_NESTING:
        shell.nesting += 1
        _CommandReader(text, shell, found).read_to_end()
        shell.nesting -= 1
    return found


class _CommandReader(ControlFlow):
    """Reads one text, one simple command after the other, and carries out what changes the shell."""

    def __init__(self, text: str, shell: Shell, found: list[Step]) -> None:
        super().__init__(text, shell, found)
        self.words: list[Word] = []
        self.heredocs: list[_HereDocument] = []

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
            elif self._is_in_brackets():
                self._bracket_word(char)
            elif char in "<>" or self.text.startswith("&>", self.at):
                self._redirection()
            elif char == "(" and not self.words and self._arithmetic():
                pass
            elif char in "\n;&|()":
                self._separator(char)
            else:
                self._add(self.read_word())
        self._finish()

    def _is_in_brackets(self) -> bool:
        """Whether what follows belongs to an open ``[[``, in which ``&&``, ``<`` and ``(`` are words."""
        return self.words[:1] == ["[["] and self.words[-1] != "]]"

    def _bracket_word(self, char: str) -> None:
        if char not in "\n;&|()<>":
            self.words.extend(self.read_word() or [spelled_word("", "", self.is_known)])
        elif char in "\n;" and self.words[-1] not in ("&&", "||"):
            self._separator(char)  # it was none after all
        else:
            sign = self.text[self.at : self.at + 2]
            sign = sign if sign in ("&&", "||") else char
            self.words.append(_sign(sign))
            self.at += len(sign)

    def _arithmetic(self) -> bool:
        """``((A > B))``: a comparison of two values; False where it is another expression, or a subshell."""
        match = _ARITHMETIC.match(self.text, self.at)
        if match is None:
            return False
        self.at = match.end()
        left, operator, right = match.groups()
        values = ["$" + text if text.isidentifier() else text for text in (left, right)]
        read = [WordReader(value, self.shell).read_word() or [spelled_word("", "")] for value in values]
        self.words = [_sign("(("), read[0][0], _sign(operator), read[1][0], _sign("))")]
        return True

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _separator(self, char: str) -> None:
        sign = self.text[self.at : self.at + 2] if self.text[self.at : self.at + 2] in ("&&", "||") else char
        self.at += len(sign)
        block = self.blocks[-1] if self.blocks else None
        if block and block.in_pattern and sign in ("(", "|", ")"):
            for pattern in self.words:
                block.take_pattern(pattern)
            self.words = []
            if sign == ")":
                block.begin_case_branch()
                self.save_where_dead(block)
            return
        count = len(self.found)
        self._finish(background=sign == "&")
        self.pass_on_conditions(sign, count)
        if block and block.kind == "case" and sign == ";" and self.text.startswith(";", self.at):
            self.leave_branch(block)
            block.end_branch()
        if char == "\n":
            for document in self.heredocs:
                self._read_heredoc(document)
            self.heredocs = []

    def _read_heredoc(self, document: _HereDocument) -> None:
        lines = []
        while self.at < len(self.text):
            end = self._line_end()
            line = self.text[self.at : end]
            self.at = end + 1
            if line.strip("\t") == document.delimiter:
                break
            lines.append(line)
        if document.step is not None:
            text = "\n".join(lines) + "\n"
            is_quoted = not document.delimiter.raw.isidentifier()
            document.step.stdin = text if is_quoted else self._with_variables(text)

    def _with_variables(self, text: str) -> str:
        known = self.shell.variables
        return re.sub(r"\$\{?([A-Za-z_]\w*)\}?", lambda match: known.get(match.group(1), ""), text)

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
            self.heredocs.append(_HereDocument(target[0]))

    def _add(self, fields: list[Word]) -> None:
        raw = fields[0].raw if fields else ""
        next_char = self.text[self.at : self.at + 1]
        self.has_command = True
        if raw.isdigit() and next_char and next_char in "<>":
            return
        if not self.words and (raw == "function" or _DEFINES.match(self.text, self.at)):
            if self._define(raw):
                return
        if next_char == "(" and _ARRAY.fullmatch(raw):
            self._read_array(raw)
        elif len(self.words) == 2 and self.words[0] == "case" and raw == "in" and self.blocks:
            self._begin_case(self.words[1])
        elif not self.words and raw in OPENING_WORDS:
            self.open_block(raw)
            self.words.extend(fields if raw in _KEPT else [])
        elif not self.words and raw in CLOSING_WORDS | OTHER_WORDS:
            self.carry_out_reserved_word(raw)
        elif is_assignment(raw.replace("+=", "=", 1)) and all(is_assignment(item) for item in self.words):
            self.words.append(spelled_word(" ".join(fields), raw, self.is_known))
        else:
            self.words.extend(fields)

    def _begin_case(self, word: Word) -> None:
        block = self.blocks[-1]
        if _ARGUMENT.fullmatch(word.raw) and self.shell.decides:
            block.value = str(word)
        block.set_value = str(word) if word.is_known else None
        block.end_branch()
        self.words = []

    def _read_array(self, raw: str) -> None:
        """``NAME=(…)`` and ``NAME+=(…)``, over several lines, with comments."""
        values: list[str] = []
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != ")":
            char = self.text[self.at]
            if char == "#":
                self.at = self._line_end()
            elif char in ENDS_WORD or self.text.startswith("\\\n", self.at):
                self.at += 2 if char == "\\" else 1
            else:
                values.extend(self.read_word())
        self.at += 1
        match = _ARRAY.fullmatch(raw)
        if match and all(block.runs for block in self.blocks) and self.conditions.runs is not False:
            self.shell.assign_array(match.group(1), values, is_more=bool(match.group(2)))

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

    def _read_inner(self, text: str) -> list[Step]:
        """Read what another text starts, as surely as this one runs it."""
        shell, is_sure, is_dead = self.shell, not self.is_conditional(), self.is_dead()
        has_ended, in_doubt = shell.has_ended, shell.in_doubt
        shell.in_doubt = in_doubt or not is_sure
        steps = script_steps(text, shell)
        shell.in_doubt = in_doubt
        shell.has_ended = shell.has_ended if is_sure else has_ended
        for step in steps:
            step.conditional = step.conditional or not is_sure
            step.is_dead = step.is_dead or is_dead
        self.found.extend(steps)
        return steps

    def _call(self, words: list[Word]) -> bool:
        """Read the function that is called, with its arguments; whether it starts anything."""
        arguments = self.shell.arguments
        self.shell.arguments = [*arguments[:1], *words[1:]]
        steps = self._read_inner(self.shell.functions[words[0]])
        self.shell.arguments = arguments
        return bool(steps)

    def _finish(self, background: bool = False) -> None:
        """A command has ended: carry it out, or note it as one that would be started."""
        words, self.words = self.words, []
        if not words:
            return
        if not all(block.runs for block in self.blocks):
            self.conditions.end_command(None, is_test=True)
            return
        before = self.shell.copy() if self.conditions.runs is False else None
        count = 0
        while count < len(words) and is_assignment(words[count].raw.replace("+=", "=", 1)):
            count += 1
        if words[count:]:
            result, is_test = self._carry_out(words[:count], words[count:], background)
        else:
            for item in words:
                self.shell.assign_variable(item, is_sure=self.is_sure())
            result, is_test = True, False
        if before is not None:
            self.shell.take_back(before)
        self.conditions.end_command(result, is_test)

    def _carry_out(
        self, assignments: list[Word], words: list[Word], background: bool
    ) -> tuple[bool | None, bool]:
        """A command, and what it comes to: (its result, whether that is what it is for)."""
        name = words[0]
        is_asked = self.is_in_condition()
        if name in self.shell.functions:
            starts = self._call(words)
            return (None if is_asked or not starts else True), not starts
        if name in ASKS:
            if name == "return" and not self.is_conditional():
                self.has_returned = True
            return evaluate_test(words, self.shell), True
        if name == "for" and self.blocks:
            self.begin_for(words)
        elif name in _KEPT:
            self.shell.forget_variable(words[1] if words[1:] else "")
        elif not self._builtin(name, words[1:]):
            self._add_step(assignments, words, background)
            return (None if is_asked or name in _SEARCHES else True), name in _SEARCHES
        return True, False

    def _add_step(self, assignments: list[Word], words: list[Word], background: bool) -> None:
        environ = self.shell.command_environment()
        for item in assignments:
            environ[item.partition("=")[0]] = item.partition("=")[2]
        is_conditional = self.is_conditional()
        step = Step(list(words), environ, self.shell.directory, is_conditional, background)
        step.is_dead = self.is_dead()
        step.has_unknown_path = not self.shell.knows_path(environ)
        self.found.append(step)
        for document in self.heredocs:
            document.step = document.step or step
        is_last = (words[0] == "exec" and words[1:]) or words in (["exit"], ["exit", "0"])
        if is_last and not background and not is_conditional:
            self.shell.has_ended = True

    def _builtin(self, name: str, rest: list[Word]) -> bool:
        """Carry out a built-in that changes the shell; False where ``name`` is none."""
        shell = self.shell
        if name in _DECLARES:
            shell.declare_variables(list(rest), name == "export", self.is_sure())
        elif name in ("cd", "pushd"):
            targets = [item for item in rest if not item.startswith("-")]
            shell.change_directory(targets[0] if targets else shell.variables.get("HOME", "/"))
        elif name in ("unset", "read"):
            for item in rest:
                shell.forget_variable(item)
        elif name == "set":
            shell.set_export_of_all(list(rest))
            if "--" in rest:
                shell.arguments[1:] = rest[list(map(str, rest)).index("--") + 1 :]
        elif name == "shift":
            del shell.arguments[1 : 1 + (int(rest[0]) if rest and rest[0].isdigit() else 1)]
        elif name == "eval":
            self._eval(rest)
        elif name in (".", "source"):
            self._source(rest[0] if rest else "")
        else:
            return False
        return True

    def _eval(self, words: list[Word]) -> None:
        text = " ".join(words)
        if "$(" in text or "`" in text or not all(word.is_known for word in words):
            self.shell.has_unknown_path = True
        self._read_inner(text)

    def _source(self, target: str) -> None:
        """``. bin/activate`` puts its virtual environment first; of another script the text is read."""
        path = os.path.normpath(os.path.join(self.shell.directory, target))
        if os.path.basename(path) == "activate":
            folder = os.path.dirname(path)
            self.shell.assign_variable("VIRTUAL_ENV=" + os.path.dirname(folder), export=True)
            search = self.shell.variables.get("PATH", DEFAULT_PATH)
            self.shell.assign_variable("PATH=%s:%s" % (folder, search), export=True)
            return
        text = read_text(path)
        self.shell.has_unknown_path = self.shell.has_unknown_path or text is None
        self._read_inner(text or "")
