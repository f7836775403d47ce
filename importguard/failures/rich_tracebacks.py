"""Tracebacks that the library rich has drawn, as typer and faststream do by default, in CPython's own form.

rich draws a box with the frames and writes the exception below it, wrapped at the width of the console
(``rich.traceback.Traceback``). In the log of a handler all of it stands in a column of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_TOP = re.compile(r"╭─* Traceback \(most recent call last\) ─*╮")
_FRAME = re.compile(r"(/.*|<.*>):(\d+) in (\S+)")
_SYNTAX_ERROR_AT = re.compile(r"(/.*):(\d+)")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def with_plain_tracebacks(lines: Sequence[str]) -> list[str]:
    """Return the lines without colours, and plain tracebacks in place of those that rich drew."""
    plain: list[str] = []
    lines = [_COLOUR.sub("", line) if "\x1b" in line else line for line in lines]
    position = 0
    while position < len(lines):
        top = _TOP.search(lines[position]) if "╭" in lines[position] else None
        if top is None:
            plain.append(lines[position])
            position += 1
            continue
        column, width = top.start(), len(top.group())
        plain.append("Traceback (most recent call last):")
        while position < len(lines) and lines[position][column:].startswith("╭"):
            box, position = _read_box(lines, position + 1, column)
            plain += _plain_frames(box, width - 4)
        message, position = _read_exception(lines, position, column, width)
        plain.append(message)
    return plain


def _read_box(lines: Sequence[str], position: int, column: int) -> tuple[list[str], int]:
    """The text in the box whose first line is at ``position``, and where the lines below it begin."""
    box: list[str] = []
    while position < len(lines) and lines[position][column : column + 1] == "│":
        box.append(lines[position][column + 1 :].rstrip().rstrip("│").strip())
        position += 1
    is_closed = position < len(lines) and lines[position][column:].startswith("╰")
    return box, position + is_closed


def _plain_frames(box: Sequence[str], width: int) -> Iterator[str]:
    """The frames that a box names: each heads a paragraph; the code and the locals below it are others."""
    for paragraph in _paragraphs(box):
        match = _FRAME.fullmatch(_join_wrapped(paragraph, width))
        if match is not None:
            yield '  File "{}", line {}, in {}'.format(*match.groups())
            continue
        match = _SYNTAX_ERROR_AT.fullmatch(paragraph[0])
        if match is not None:
            yield '  File "{}", line {}'.format(*match.groups())


def _paragraphs(box: Sequence[str]) -> Iterator[list[str]]:
    """The groups of lines between empty ones."""
    paragraph: list[str] = []
    for line in (*box, ""):
        if line:
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []


def _read_exception(lines: Sequence[str], position: int, column: int, width: int) -> tuple[str, int]:
    """The line of the exception in one piece, and where the lines after it begin."""
    wrapped: list[str] = []
    while position < len(lines) and _continues(wrapped, lines[position][column:].strip(), width):
        wrapped.append(lines[position][column:].strip())
        position += 1
    return _join_wrapped(wrapped, width), position


def _continues(wrapped: Sequence[str], line: str, width: int) -> bool:
    """Whether ``line`` goes on where the last one had no room for its first word."""
    if not wrapped or not line:
        return not wrapped
    room = width - len(wrapped[-1])
    return 0 <= room <= len(line.split()[0])


def _join_wrapped(wrapped: Sequence[str], width: int) -> str:
    """The text of wrapped lines: only a word that is wider than the line is cut within."""
    joined = ""
    for line in wrapped:
        is_cut = " " not in line and len(line) >= width
        joined += line if is_cut else f"{line} "
    return joined.rstrip()
