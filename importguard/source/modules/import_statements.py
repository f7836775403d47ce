"""Find what looks like an import statement, without parsing, which would take far longer for a whole tree.

A superset: text in strings and comments is among it. Whoever needs the truth parses the files that matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# What follows "import" in a line that may be a statement; in parentheses it goes on over lines.
_NAMES = re.compile(rb"import\b[ \t\\\r\n]*(\([^)]*\)|[^\n]*(?:\\\r?\n[^\n]*)*)")
_FROM = re.compile(rb"\bfrom[ \t]+([.\w]+)[ \t\\\r\n]+$")
_COMMENT = re.compile(r"#[^\n]*|\\\r?\n|[()]")
_LONGEST_ORIGIN = 300


def likely_imports(text: bytes, package: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Target and names of what looks like an import; ``package`` is what relative ones are relative to."""
    position = text.find(b"import")
    while position >= 0:
        match = _NAMES.match(text, position)
        if match is not None:
            listed = _COMMENT.sub(" ", match[1].decode("utf-8", "replace")).split(",")
            names = tuple(item.split()[0].rstrip(";") for item in listed if item.strip())
            origin = _FROM.search(text, max(position - _LONGEST_ORIGIN, 0), position)
            if origin is None:
                yield from ((name, ()) for name in names)
            else:
                yield _absolute(origin[1].decode("utf-8", "replace"), package), names
        position = text.find(b"import", position + 6)


def _absolute(origin: str, package: str) -> str:
    level = len(origin) - len(origin.lstrip("."))
    parts = package.split(".")
    if not level or level > len(parts):
        return origin
    return ".".join([*parts[: len(parts) - level + 1], origin[level:]]).strip(".")
