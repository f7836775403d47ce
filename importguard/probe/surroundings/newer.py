"""Syntax of a newer Python in a file that this one does not compile, told by the text of its lines.

The interpreter that refuses it cannot parse it either, so this is a table of patterns, each as narrow as the
grammar allows. Sources: "What's New in Python"; PEP 570, 572, 614, 617, 634, 646, 654, 695, 696, 701, 750,
758 and 810.
"""

from __future__ import annotations

import re

from importguard.probe.files import printable_path, read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from importguard.probe.surroundings.values import NewerSyntaxValues

_READ = 4 << 20
_ABOVE = 12  # lines of a parenthesized 'with' before the one that the interpreter complains of
_NAME = r"[A-Za-z_]\w*"
# (version, what it is, pattern of the lines from the one at fault on)
_SYNTAX = (
    ("3.15", "a lazy import", re.compile(r"\s*lazy\s+(?:from|import)\s")),
    ("3.14", "a template string", re.compile(r".*(?<![\w\"'])[tT][rR]?[\"']")),
    (
        "3.14",
        "'except' of several types without parentheses",
        re.compile(r"\s*except\s+[A-Z][\w.]*\s*,\s*[A-Z]"),
    ),
    (
        "3.13",
        "a type parameter with a default",
        re.compile(r"\s*(?:class|type|def|async\s+def)\s+%s\[[^]]*=" % _NAME),
    ),
    ("3.12", "a type parameter", re.compile(r"\s*(?:class|def|async\s+def)\s+%s\[" % _NAME)),
    ("3.12", "a 'type' statement", re.compile(r"\s*type\s+%s\s*(?:\[[^]]*\])?\s*=" % _NAME)),
    ("3.11", "'except*'", re.compile(r"\s*except\s*\*")),
    ("3.11", "an unpacked index", re.compile(r".*\w\[\s*(?:[^][]*,\s*)?\*\w")),
    (
        "3.10",
        "a 'match' statement",
        re.compile(r"\s*match\b[^\n=]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*\s+case\b"),
    ),
    ("3.9", "a decorator that is any expression", re.compile(r"\s*@[^\n]*[\w)]\[")),
    ("3.8", "':='", re.compile(r".*\(?\b%s\s*:=" % _NAME)),
    (
        "3.8",
        "a positional-only parameter",
        re.compile(r"\s*(?:async\s+)?def\s+%s\s*\([^)]*,\s*/\s*[,)]" % _NAME),
    ),
)
_WITH = re.compile(r"\s*(?:async\s+)?with\s*\(\s*(?:#.*)?$")
# What the interpreter says of an f-string that only the tokenizer of 3.12 (PEP 701) accepts.
_MESSAGES = (
    (
        "3.12",
        "a backslash in the braces of an f-string",
        re.compile(r"f-string expression part cannot include a back"),
    ),
    (
        "3.12",
        "a comment in the braces of an f-string",
        re.compile(r"f-string expression part cannot include '#'"),
    ),
)
_SAME_QUOTES = re.compile(r".*[fF][rR]?(\"|')(?:(?!\1).)*\{[^{}\"']*\1[^{}]*\1[^{}]*\}")


def newer_syntax(places: Iterable[tuple[str, int, str]]) -> list[NewerSyntaxValues]:
    """``clues.NewerSyntax`` of each (path, line, message of the SyntaxError) that is no mistake."""
    found: list[NewerSyntaxValues] = []
    for path, line, message in places:
        source = read_bytes(path, _READ)
        lines = (source or b"").decode("utf-8", "replace").splitlines()
        told = _told(lines, line, message) if 0 < line <= len(lines) else None
        if told is not None:
            found.append({"path": printable_path(path), "line": line, "version": told[0], "feature": told[1]})
    return found


def _told(lines: list[str], line: int, message: str) -> tuple[str, str] | None:
    """(version, what it is)."""
    for version, feature, words in _MESSAGES:
        if words.search(message):
            return version, feature
    text = "\n".join(lines[line - 1 : line + 20])
    if _SAME_QUOTES.match(lines[line - 1]) and ("f-string" in message or "invalid syntax" in message):
        return "3.12", "an f-string with its own quotes in the braces"
    for version, feature, pattern in _SYNTAX:
        if pattern.match(text):
            return version, feature
    above = lines[max(0, line - _ABOVE) : line]
    if any(_WITH.match(one) for one in above) and re.search(
        r"\)\s+as\s+\w+\s*[,)]", "\n".join(above) + "\n" + text
    ):
        return "3.9", "a 'with' in parentheses"
    return None
