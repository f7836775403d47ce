"""One pattern of .dockerignore, as the builder matches it (github.com/moby/patternmatcher).

It is Go's ``path/filepath.Match`` that says which patterns are valid, and a translation to a regular
expression that matches: the two differ for odd patterns, and the difference is kept.
"""

from __future__ import annotations

import posixpath
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Match = Callable[[str], bool]

# What Go's unicode.IsSpace says; str.strip() takes four control characters more.
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPED = frozenset(".+()|{}$")
# The letters that Go's regular expressions know after a backslash and that mean the same here.
_LETTERS = {"z": r"\Z", **{letter: "\\" + letter for letter in "dDsSwWbBAafnrtv"}}
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}


class PatternError(ValueError):
    """A pattern that the builder refuses; ``line`` is its line, the message says why."""

    def __init__(self, line: int, text: str, reason: str) -> None:
        super().__init__(f"line {line}: {text!r}: {reason}")
        self.line = line


@dataclass(frozen=True)
class Pattern:
    """A line of the file: ``text`` as written, ``path`` cleaned and without the ``!`` of an exception."""

    line: int
    text: str
    path: str
    exception: bool
    matches: Match


def clean_path(path: str) -> str:
    """Go's ``filepath.Clean``; posixpath's keeps two leading slashes."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def make_pattern(line: int, text: str) -> Pattern:
    """The pattern of a line that is neither empty nor a comment; raises PatternError."""
    inverted = text.startswith("!")
    path = text[1:].strip(SPACE) if inverted else text
    if path:
        path = clean_path(path)
        path = path[1:] if len(path) > 1 and path.startswith("/") else path
    # Read once more as the matcher does, which cleans "!" and what follows together: "!!a" excepts "!a".
    path = clean_path(("!" if inverted else "") + path)
    exception = path.startswith("!")
    path = path[1:] if exception else path
    if not path:
        raise PatternError(line, text, 'illegal exclusion pattern: "!"')
    if not is_valid(path):
        raise PatternError(line, text, "syntax error in pattern")
    try:
        return Pattern(line, text, path, exception, _matcher(path))
    except (re.error, ValueError, OverflowError):
        raise PatternError(line, text, "syntax error in pattern") from None


def is_valid(pattern: str) -> bool:
    """Whether Go's ``filepath.Match`` accepts it: classes are closed and not empty, no backslash is last."""
    position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "\\":
            if position == len(pattern):
                return False
            position += 1
        elif character == "[":
            position = _after_class(pattern, position)
            if position < 0:
                return False
    return True


def _after_class(pattern: str, position: int) -> int:
    """Find the end of the character class that begins at ``position``; -1 where it is not valid."""
    position += pattern.startswith("^", position)
    ranges = 0
    while not (ranges and pattern.startswith("]", position)):
        position = _after_end(pattern, position)
        if position >= 0 and pattern.startswith("-", position):
            position = _after_end(pattern, position + 1)
        if position < 0:
            return -1
        ranges += 1
    return position + 1


def _after_end(pattern: str, position: int) -> int:
    """After one end of a range; -1 where there is none, or nothing comes after it."""
    if pattern[position : position + 1] in ("", "-", "]"):
        return -1
    position += 2 if pattern[position] == "\\" else 1
    return position if position < len(pattern) else -1


def _matcher(path: str) -> Match:
    kind, expression = _translate(path)
    if kind == "exact":
        return path.__eq__
    if kind == "prefix":
        start = path[:-2]
        return lambda name: name.startswith(start)
    if kind == "suffix":
        end = path[2:]
        whole = end[1:] if end.startswith("/") else None
        return lambda name: name.endswith(end) or name == whole
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # "[[" and "--" in classes; Go has no such plans
        search = re.compile(expression + r"\Z", re.ASCII).match
    return lambda name: search(name) is not None


def _translate(path: str) -> tuple[str, str]:
    """Choose how the builder matches ``path``, with the regular expression where it uses one."""
    kind, expression, position = "exact", "", 0
    while position < len(path):
        first, character = position == 0, path[position]
        position += 1
        if path.startswith("**", position - 1):
            position += 1 + path.startswith("/", position + 1)
            if position < len(path):
                kind, expression = "regexp", expression + "(.*/)?"
            elif kind == "exact":
                kind = "prefix"
            else:
                kind, expression = "regexp", expression + ".*"
            kind = "suffix" if first else kind
        elif character in "*?":
            kind, expression = "regexp", expression + ("[^/]*" if character == "*" else "[^/]")
        elif character == "\\":
            kind, expression = "regexp", expression + "\\" + path[position]
            position += 1
        else:
            kind = "regexp" if character in "[]" else kind
            expression += "\\" + character if character in _ESCAPED else character
    return kind, "".join(_from_go(expression)) if kind == "regexp" else ""


def _from_go(expression: str) -> Iterator[str]:
    """Go's regular expression in Python's notation; raises ValueError for what Go does not know."""
    position, start = 0, -1  # start: where the class began that we are in
    while position < len(expression):
        character = expression[position]
        position += 1
        if character == "\\":
            yield _escape(expression[position], in_class=start >= 0)
            position += 1
        elif start >= 0 and character == "[":
            name, closed, _ = expression[position:].partition(":]")
            if name.startswith(":") and closed:
                negated = name.startswith(":^")
                yield _negated(_CLASSES[name[2:]]) if negated else _named(name[1:])
                position += len(name) + 2
            else:
                yield r"\["
        elif start >= 0:
            opening = position - 1 == start
            start = -1 if character == "]" and not opening else start
            yield "\\" + character if character in "&~|" else character
        else:
            if character == "[":
                start = position + expression.startswith("^", position)
                yield "[^" if start > position else "["
                position = start
            else:
                yield character


def _named(name: str) -> str:
    if name not in _CLASSES:
        raise ValueError(name)
    return _CLASSES[name]


def _negated(ranges: str) -> str:
    outside = [chr(code) for code in range(128) if not re.match(f"[{ranges}]", chr(code))]
    return "".join(map(re.escape, outside)) + "\x80-\U0010ffff"


def _escape(character: str, in_class: bool) -> str:
    if character.isalnum() or not character.isascii():
        if character not in _LETTERS or (in_class and character == "b"):
            raise ValueError(f"invalid escape sequence \\{character}")
        return _LETTERS[character]
    return re.escape(character)
