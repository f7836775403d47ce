"""Reads the words of a shell script: quotes, variables and other expansions (POSIX.1-2017, Shell, 2.6).

A command substitution stays as it is written, but for those by which scripts find their own folder or a
program.
"""

from __future__ import annotations

import os
import re

from importguard.probe.start.shell_parameters import Parameter, parameter, special_parameter, variable
from importguard.probe.start.shell_state import DEEPEST_NESTING, Shell
from importguard.probe.start.words import Word, as_written, spelled_word

ENDS_WORD = " \t\r\n;&|()<>"
_NO_WORD = re.compile(r"\$@\"|\$\{\w*\[?@[^}]*\}\"")
"""What is no word where it stands for nothing: ``"$@"`` and ``"${NAME[@]}"``."""
_ALL_ELEMENTS = re.compile(r"\"?\$\{(\w+)\[[@*]\]\}\"?")
_ALL_ARGUMENTS = frozenset(['"$@"', "$@", '"${@}"', '"$*"', "$*"])


class WordReader:
    """Reads the words of one text, from ``at`` on, with what ``shell`` knows."""

    def __init__(self, text: str, shell: Shell) -> None:
        self.text = text
        self.shell = shell
        self.at = 0
        self.is_known = True

    def read_word(self) -> list[Word]:
        """The next word; unquoted expansions can make none of it, or several."""
        start, self.is_known = self.at, True
        fields = [""]
        kept = False
        while self.at < len(self.text) and self.text[self.at] not in ENDS_WORD:
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
                fields[-1] += self._backquoted()
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
        spelled = self._spelled_apart(raw)
        if spelled and fields == spelled:
            return [spelled_word(item, as_written([item]), self.is_known) for item in spelled]
        return [spelled_word(value, "" if at else raw, self.is_known) for at, value in enumerate(fields)]

    def _spelled_apart(self, raw: str) -> list[str]:
        """The words that are shown as they were given: ``exec "$@"`` of an entrypoint is the image's CMD."""
        if raw in _ALL_ARGUMENTS:
            return self.shell.arguments[1:]
        array = _ALL_ELEMENTS.fullmatch(raw)
        return list(self.shell.arrays.get(array.group(1), {}).values()) if array else []

    def _backquoted(self) -> str:
        self.is_known = False
        return "`%s`" % self._until("`")

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
            for part_index, part in enumerate(_split_fields(value)):
                if part_index:
                    fields.append("")
                fields[-1] += part
        return fields[-1] != ""

    def _double_quoted(self, fields: list[str]) -> bool:
        """Expand a double-quoted text; False where it was empty as ``"$@"`` can be."""
        self.at += 1
        kept = _NO_WORD.match(self.text, self.at) is None
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
                fields[-1] += self._backquoted()
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
            return self._value_of(parameter(inner, self.shell, lambda text: _expand(text, self.shell)))
        if following == "(":
            inner = self._balanced("(", ")")
            known = self._own_folder(inner) or _program_looked_up(inner)
            self.is_known = self.is_known and bool(known)
            return [known or "$(%s)" % inner]
        if following and following in "@*#?$!-0123456789":
            self.at += 2
            return self._value_of(special_parameter(following, self.shell))
        end = self.at + 1
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] == "_"):
            end += 1
        name = self.text[self.at + 1 : end]
        self.at = end
        return self._value_of(variable(name, self.shell)) if name else ["$"]

    def _value_of(self, found: Parameter) -> list[str]:
        self.is_known = self.is_known and found.is_known
        return found.values

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

    def expand_as_double_quoted(self) -> str:
        """The whole text as if it stood in double quotes: the default of ``${NAME:-…}``."""
        fields = [""]
        self.text += '"'
        self.at = -1
        self._double_quoted(fields)
        return " ".join(fields)


def _split_fields(value: str) -> list[str]:
    """The fields of a value, split at blanks, but for those within ``$(…)``, of which nothing is known."""
    if "$(" not in value:
        return value.split()
    fields, depth = [""], 0
    for at, char in enumerate(value):
        depth += (char == "(" and (depth > 0 or value[at - 1 : at] == "$")) - (char == ")" and depth > 0)
        if char.isspace() and depth == 0:
            fields.append("")
        else:
            fields[-1] += char
    return [field for field in fields if field]


def _program_looked_up(inner: str) -> str:
    """The program of ``$(which python3)`` or ``$(command -v python3)``; nothing for others."""
    found = re.fullmatch(r"\s*(?:which|command -v|type -[pP])\s+([\w./+-]+)\s*(?:2>\s*/dev/null\s*)?", inner)
    return found.group(1) if found else ""


def _expand(text: str, shell: Shell) -> str:
    text = text.strip("'\"") if text[:1] in ("'", '"') else text
    if shell.nesting >= DEEPEST_NESTING:
        return text
    shell.nesting += 1
    value = WordReader(text, shell).expand_as_double_quoted()
    shell.nesting -= 1
    return value
