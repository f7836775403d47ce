"""Words of a Dockerfile: quotes, escapes and variables, as BuildKit's shell package replaces them.

Source: "Environment replacement" in the Dockerfile reference. What a variable holds that neither the
Dockerfile nor the build's arguments set comes from the base image, and is not known.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Optional

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-]")


class Words:
    """Replaces variables by ``values``; ``unknown`` says whether one was met that can't be told.

    A value of None means a variable that is set to something unknown. An unknown variable stays as written.
    """

    def __init__(self, values: Mapping[str, Optional[str]], escape: str = "\\") -> None:
        self.values = values
        self.escape = escape
        self.unknown = False

    def expand_word(self, word: str) -> str:
        """``word`` without its quotes and with its variables replaced."""
        self._text, self._position = word, 0
        return self._until("")

    def _until(self, ends: str) -> str:
        """Up to one of the characters ``ends``, which is left; in double quotes where that is the end."""
        found, quoted = "", ends == '"'
        while self._position < len(self._text) and self._text[self._position] not in (ends or "\0"):
            character = self._text[self._position]
            self._position += 1
            if character == "$":
                found += self._variable()
            elif character == self.escape and self._position < len(self._text):
                following = self._text[self._position]
                self._position += 1
                found += following if not quoted or following in '"$' + self.escape else character + following
            elif character == "'" and not quoted:
                end = self._text.find("'", self._position)
                end = len(self._text) if end < 0 else end
                found += self._text[self._position : end]
                self._position = end + 1
            elif character == '"' and not quoted:
                found += self._until('"')
                self._position += 1
            else:
                found += character
        return found

    def _variable(self) -> str:
        start = self._position
        if self._text[start : start + 1] != "{":
            match = _NAME.match(self._text, start)
            if match is None:
                return "$"
            self._position = match.end()
            return self._value(match[0], "$" + match[0])
        match = _NAME.match(self._text, start + 1)
        if match is None:
            self.unknown = True
            return "$"
        self._position = match.end()
        operator = re.compile(r":[-+?]|[-+?]|##?|%%?|//?|").match(self._text, self._position)
        assert operator is not None
        self._position = operator.end()
        argument = self._until("}")
        self._position += 1
        written = "$" + self._text[start : self._position]
        return self._modified(match[0], operator[0], argument, written)

    def _value(self, name: str, written: str) -> str:
        value = self.values.get(name)
        if value is None:
            self.unknown = True
            return written
        return value

    def _modified(self, name: str, operator: str, argument: str, written: str) -> str:
        value = self.values.get(name)
        if operator in (":-", "-", ":+", "+") and value is None:
            # A base image may set it; that it does not is what the author of a default expects.
            self.unknown = self.unknown or name in self.values
            return argument if "-" in operator else ""
        value = self._value(name, written)
        if operator in (":-", ":+"):
            return (value or argument) if operator == ":-" else (argument if value else "")
        if operator == "+":
            return argument
        if operator[:1] in ("#", "%") and value != written:
            return _stripped(value, argument, operator)
        if operator[:1] == "/" and value != written:
            old, _, new = argument.partition("/")
            return value.replace(old, new, -1 if operator == "//" else 1)
        return value


def _stripped(value: str, pattern: str, operator: str) -> str:
    """``${x#pattern}`` and ``%``: the shortest match goes, doubled the longest."""
    lengths = range(len(value) + 1) if len(operator) == 1 else range(len(value), -1, -1)
    for length in lengths:
        part = value[:length] if operator[0] == "#" else value[len(value) - length :]
        if fnmatch.fnmatchcase(part, pattern):
            return value[length:] if operator[0] == "#" else value[: len(value) - length]
    return value


def split_words(text: str, escape: str = "\\") -> list[str]:
    """The words of ``text``, still quoted: no white space in quotes or after an escape divides them."""
    escaped = re.escape(escape)
    return re.findall(
        rf"(?:{escaped}.|\"(?:{escaped}.|[^\"])*\"?|'[^']*'?|[^\s\"'{escaped}]|{escaped}$)+", text
    )
