"""Reads the words of a shell script: quotes, variables and other expansions (POSIX.1-2017, Shell, 2.6).

A command substitution stays as it is written, but for those by which scripts find their own folder or a
program.
"""

from __future__ import annotations

import os
import re

from importguard.probe.start.shell_state import DEEPEST_NESTING, Shell
from importguard.probe.start.words import Word, as_written, spelled_word

ENDS_WORD = " \t\r\n;&|()<>"
_ALL_ARGUMENTS = frozenset(['"$@"', "$@", '"${@}"', '"$*"', "$*"])


class WordReader:
    """Reads the words of one text, from ``at`` on, with what ``shell`` knows."""

    def __init__(self, text: str, shell: Shell) -> None:
        self.text = text
        self.shell = shell
        self.at = 0

    def read_word(self) -> list[Word]:
        """The next word; unquoted expansions can make none of it, or several."""
        start = self.at
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
            return [self._own_folder(inner) or _program_looked_up(inner) or "$(%s)" % inner]
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


def _program_looked_up(inner: str) -> str:
    """The program of ``$(which python3)`` or ``$(command -v python3)``; nothing for others."""
    found = re.fullmatch(r"\s*(?:which|command -v|type -[pP])\s+([\w./+-]+)\s*(?:2>\s*/dev/null\s*)?", inner)
    return found.group(1) if found else ""


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
    if shell.nesting >= DEEPEST_NESTING:
        return text
    shell.nesting += 1
    value = WordReader(text, shell).expand_text()
    shell.nesting -= 1
    return value
