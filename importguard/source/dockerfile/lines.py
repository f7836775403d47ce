"""A Dockerfile's instructions with their lines, as BuildKit reads them.

Directives, continuations, comments and empty lines inside of continuations, heredocs. Source: the Dockerfile
reference, and frontend/dockerfile/parser of github.com/moby/buildkit.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Optional

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"(?:^|(?<=\s))\d*<<(-?)(?:([\"'])(.+?)\2|([^\s<\"'|&;()]+))(?=$|[\s|&;()>])")
_WITH_HEREDOCS = ("RUN", "COPY", "ADD")
_FLAG = re.compile(r"--([\w-]+)(?:=(\S*))?(?:\s+|$)")


@dataclass(frozen=True)
class Heredoc:
    """A heredoc: its lines without the terminator, the first of them at ``line``."""

    name: str
    line: int
    text: str


@dataclass(frozen=True)
class Line:
    """One instruction. ``value`` is what follows the keyword and its flags, continuations joined.

    ``spans`` are pairs of an offset into ``value`` and the line of the file where the text from there stands.
    """

    keyword: str
    flags: tuple[tuple[str, str], ...]
    value: str
    text: str
    line: int
    spans: tuple[tuple[int, int], ...]
    heredocs: tuple[Heredoc, ...] = ()

    def flag_value(self, name: str) -> Optional[str]:
        """The value of the last ``--name=value``, "" where it stands without one, None where it is absent."""
        return next((value for key, value in reversed(self.flags) if key == name), None)

    def flag_values(self, name: str) -> list[str]:
        """The values of a flag that can be repeated."""
        return [value for key, value in self.flags if key == name]

    def json_words(self) -> Optional[list[str]]:
        """The words of the JSON form, None where it is not that form."""
        if not self.value.startswith("["):
            return None
        try:
            words = json.loads(self.value)
        except (ValueError, RecursionError):
            return None
        return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def read_lines(text: str) -> tuple[list[Line], str]:
    """The instructions, and the escape character."""
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    escape = _escape_character(lines)
    reader = _Reader(lines, escape)
    found = []
    while reader.position < len(lines):
        line = reader.read_instruction()
        if line is not None:
            found.append(line)
    return found, escape


def _escape_character(lines: list[str]) -> str:
    """The ``escape`` directive; directives end at the first line that is none."""
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.strip())
        if match is None:
            break
        if match[1].lower() == "escape" and match[2] in ("\\", "`"):
            return match[2]
    return "\\"


class _Reader:
    def __init__(self, lines: list[str], escape: str) -> None:
        self.lines = lines
        self.position = 0
        quoted = re.escape(escape)
        self.continuation = re.compile(rf"(^|[^{quoted}]){quoted}[ \t]*$")

    def read_instruction(self) -> Optional[Line]:
        """Read the next instruction; None for an empty line or a comment."""
        first = self.position + 1
        text = ""
        spans: list[tuple[int, int]] = []
        goes_on = True
        while goes_on and self.position < len(self.lines):
            line = self.lines[self.position]
            self.position += 1
            is_blank = not line.strip() or line.lstrip().startswith("#")
            if is_blank and not spans:
                return None
            if is_blank:
                continue
            line = line if spans else line.strip()
            cut = self.continuation.sub(r"\1", line)
            goes_on = cut != line
            spans.append((len(text), self.position))
            text += cut
        return self._parsed(text.rstrip(), first, spans)

    def _parsed(self, text: str, first: int, spans: list[tuple[int, int]]) -> Optional[Line]:
        match = re.match(r"([A-Za-z]+)(?:\s+|$)", text)
        if match is None:
            return None
        keyword, offset = match[1].upper(), match.end()
        flags = []
        while found := _FLAG.match(text, offset):
            flags.append((found[1], _unquoted(found[2] or "")))
            offset = found.end()
        heredocs = self._heredocs(keyword, text[offset:])
        return Line(
            keyword,
            tuple(flags),
            text[offset:],
            text,
            first,
            tuple((max(start - offset, 0), number) for start, number in spans),
            heredocs,
        )

    def _heredocs(self, keyword: str, value: str) -> tuple[Heredoc, ...]:
        if keyword not in _WITH_HEREDOCS or value.startswith("["):
            return ()
        found = []
        for match in _HEREDOC.finditer(value):
            name, first, body = match[3] or match[4], self.position + 1, []
            while self.position < len(self.lines):
                line = self.lines[self.position]
                self.position += 1
                line = line.lstrip("\t") if match[1] else line
                if line == name:
                    break
                body.append(line)
            found.append(Heredoc(name, first, "\n".join(body)))
        return tuple(found)


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
