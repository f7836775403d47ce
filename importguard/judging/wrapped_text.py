"""A text whose long words were wrapped where the line was full, by a terminal or by a frame around it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

# A line's end with what a frame draws around it (rich's tracebacks).
_BREAK = re.compile(r"[ \t]*[│|]?[ \t]*\r?\n[ \t]*[│|]?[ \t]*")


class WrappedText:
    """The text with its lines joined, and where each character of that stands in the text itself."""

    def __init__(self, text: str) -> None:
        breaks = [match.span() for match in _BREAK.finditer(text)]
        self._joined = _BREAK.sub("", text)
        self._starts: list[int] = []  # where a line begins in the joined text
        self._removed: list[int] = []  # how much of the text is removed before that
        removed = 0
        for start, end in breaks:
            self._starts.append(start - removed)
            removed += end - start
            self._removed.append(removed)

    def spans_over_lines(self, word: str) -> Iterator[tuple[int, int]]:
        """Where ``word`` begins and ends in the text, each time that it stands on more than one line."""
        found = self._joined.find(word)
        while found >= 0:
            first, last = self._line_of(found), self._line_of(found + len(word) - 1)
            if first != last:
                end = found + len(word)
                yield found + self._before(first), end + self._before(last)
            found = self._joined.find(word, found + 1)

    def _line_of(self, position: int) -> int:
        return bisect_right(self._starts, position)

    def _before(self, line: int) -> int:
        return self._removed[line - 1] if line else 0
