"""A declared requirement from its text (PEP 508), and where a text stands in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Optional

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from importguard.source.model import Place, Requirement


def parse_requirement(text: str, place: Place, **more: Any) -> Optional[Requirement]:
    """The requirement that ``text`` is; None for what is none. ``more`` are further fields of it."""
    try:
        parsed = Parsed(text)
    except InvalidRequirement:
        return None
    return Requirement(
        name=canonicalize_name(parsed.name),
        text=text,
        place=place,
        specifier=str(parsed.specifier),
        marker=str(parsed.marker or ""),
        url=parsed.url,
        **more,
    )


def parse_requires_dist(lines: Iterable[str]) -> Iterator[Parsed]:
    """The requirements of Requires-Dist lines. What is not valid, as old metadata may be, is passed over."""
    for line in lines:
        try:
            yield Parsed(line)
        except InvalidRequirement:
            continue


class Lines:
    """Finds the line of something in a file that was read by a parser which gives no lines."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = text.split("\n")

    def section_line(self, header: str) -> int:
        """The number of the line that is ``header`` (such as ``[project]``), 0 where there is none."""
        return self.section_after(header, 0)

    def section_after(self, header: str, after: int) -> int:
        """The same after line ``after``; that one where there is none."""
        return self.first_matching_line(rf"\s*{re.escape(header)}\s*(#.*)?", after) or after

    def first_matching_line(self, pattern: str, after: int) -> Optional[int]:
        """The first line after line ``after`` that the whole pattern matches."""
        compiled = re.compile(pattern)
        for number in range(after, len(self.lines)):
            if compiled.fullmatch(self.lines[number].rstrip("\r")):
                return number + 1
        return None

    def place_of_match(self, pattern: str, after: int) -> Place:
        """The place of the first such line, else of line ``after``."""
        number = self.first_matching_line(pattern, after) or max(after, 1)
        return Place(self.path, number, self.lines[number - 1].strip())

    def of_text(self, text: str, after: int) -> Place:
        """The place of a quoted string."""
        escaped = re.escape(text.replace('"', '\\"'))
        return self.place_of_match(rf".*(\"{escaped}\"|'{re.escape(text)}').*", after)

    def of_key(self, key: str, after: int) -> Place:
        """The place of a key of a TOML table."""
        return self.place_of_match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.].*", after)
