"""The commands of a RUN instruction, each with its own line. Enough of the shell to tell which programs run.

Source: POSIX shell command language, sections 2.2 (quoting), 2.3 (tokens) and 2.9 (compound commands).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from importguard.source.dockerfile.lines import Line

_TOKEN = re.compile(
    r"(?P<space>[ \t]+|\\\n)|(?P<comment>#[^\n]*)|(?P<end>&&|\|\||;;?|\||&(?!>)|\n|[(){}](?=\s|$|;|\))|[()])"
    r"|(?P<word>(?:\\.|\"(?:\\.|[^\"\\])*\"?|'[^']*'?|\$\([^)]*\)|`[^`]*`|\$\{[^}]*\}|&>|[^\s;&|()\\\"'`]|\\$)+)",
    re.DOTALL,
)
_RESERVED = ("if", "then", "elif", "else", "fi", "for", "do", "done", "while", "until", "!", "{", "}", "time")
_WRAPPERS = ("sudo", "exec", "env", "command", "nice", "nohup", "eatmydata", "xargs")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_REDIRECTION = re.compile(r"\d*(&>>?|>>?&?|<{1,3}&?)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One simple command: its words, still quoted, the assignments before it, the line where it begins."""

    words: tuple[str, ...]
    assignments: tuple[str, ...]
    line: int

    @property
    def one_line_text(self) -> str:
        """The command as written, on one line."""
        return " ".join((*self.assignments, *self.words))


def shell_commands(line: Line) -> Iterator[Command]:
    """The commands of a RUN in their order; of its heredoc where that is the script."""
    words = line.json_words()
    if words is not None:
        if len(words) > 2 and posixpath.basename(words[0]) in ("sh", "bash") and words[1].startswith("-"):
            yield from _commands(words[2], ((0, line.line),))
        elif words:
            yield Command(tuple(words), (), line.line)
        return
    yield from _commands(line.value, line.spans)
    first = line.value.partition("<<")[0].split()
    if line.heredocs and (not first or posixpath.basename(first[0]) in ("sh", "bash", "ash")):
        for heredoc in line.heredocs:
            lines = heredoc.text.split("\n")
            offsets = [0]
            for one in lines:
                offsets.append(offsets[-1] + len(one) + 1)
            yield from _commands(
                heredoc.text, tuple(zip(offsets, range(heredoc.line, heredoc.line + len(lines))))
            )


def _commands(text: str, spans: tuple[tuple[int, int], ...]) -> Iterator[Command]:
    words: list[str] = []
    start = position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:  # a lone quote or the like: a word of its own
            position += 1
            continue
        if match["end"]:
            yield from _command(words, start, spans)
            words = []
        elif match["word"]:
            start = start if words else position
            words.append(match["word"])
        position = match.end()
    yield from _command(words, start, spans)


def _command(words: list[str], start: int, spans: tuple[tuple[int, int], ...]) -> Iterator[Command]:
    number = max((line for offset, line in spans if offset <= start), default=spans[0][1] if spans else 0)
    assignments: list[str] = []
    rest = list(words)
    while rest:
        word = rest[0]
        if _ASSIGNMENT.fullmatch(word):
            assignments.append(word)
        elif word not in _RESERVED and posixpath.basename(word) not in _WRAPPERS:
            break
        del rest[0]
        while rest and posixpath.basename(word) in _WRAPPERS and rest[0].startswith("-"):
            del rest[0]
    kept = tuple(_without_redirections(rest))
    if kept:
        yield Command(kept, tuple(assignments), number)


def _without_redirections(words: list[str]) -> Iterator[str]:
    is_target = False
    for word in words:
        match = _REDIRECTION.fullmatch(word)
        if match is None and not is_target:
            yield word
        is_target = match is not None and not match[2]
