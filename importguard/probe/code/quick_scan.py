"""What a file seems to import, told from its text without parsing it: quick, and a superset.

Text in strings and comments is among it. Whoever needs the truth parses the files that matter. The host
scans a source with it too.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# No two parts that follow one another match the same character: a hostile line takes time by its length.
IMPORT_LINE = re.compile(
    rb"^(?:lazy[ \t]+)?(?:from[ \t]+(?=[.\w])(\.*)(\w[\w.]*)?[ \t]+import\b|import[ \t]+([\w., \t]+))", re.M
)


def mentioned_modules(module: str, path: str) -> set[str]:
    """The absolute names that a file seems to import at its top level: quick to find, a few too many."""
    try:
        with open(path, "rb") as file:
            lines = IMPORT_LINE.findall(file.read())
    except OSError:
        return set()
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    found: set[str] = set()
    for dots, name, names in lines:
        if names:
            found.update(part.split()[0].decode() for part in names.split(b",") if part.strip())
            continue
        parts = package.split(".") if dots else []
        parts = parts[: len(parts) - len(dots) + 1] + ([name.decode()] if name else [])
        found.add(".".join(parts))
    return found


# What follows "import" in a line that may be a statement; in parentheses it goes on over lines.
_NAMES = re.compile(rb"import\b[ \t\\\r\n]*(\([^)]*\)?|[^\n\\]*(?:\\(?:\r?\n)?[^\n\\]*)*)")
_FROM = re.compile(rb"\bfrom[ \t]+([.\w]+)[ \t\\\r\n]+$")
_COMMENT = re.compile(r"#[^\n]*|\\\r?\n|[()]")
_LONGEST_ORIGIN = 300
# Names are read again where "import" stands within those of another, as in a comment. A file where that is
# often so is hostile: of its other imports names are read in part, or it would take the square of its size.
_MOST_READINGS = 8
_LONGEST_PART = 100


def likely_imports(text: bytes, package: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Target and names of what looks like an import; ``package`` is what relative ones are relative to."""
    position, characters_read = text.find(b"import"), 0
    while position >= 0:
        in_part = characters_read > _MOST_READINGS * len(text)
        match = _NAMES.match(text, position, position + _LONGEST_PART if in_part else len(text))
        if match is not None:
            characters_read += len(match[0])
            listed = _COMMENT.sub(" ", match[1].decode("utf-8", "replace")).split(",")
            names = tuple(item.split()[0].rstrip(";") for item in listed if item.strip())
            origin = _FROM.search(text, max(position - _LONGEST_ORIGIN, 0), position)
            if origin is None:
                yield from ((name, ()) for name in names)
            else:
                yield _absolute_origin(origin[1].decode("utf-8", "replace"), package), names
        position = text.find(b"import", position + 6)


def _absolute_origin(origin: str, package: str) -> str:
    level = len(origin) - len(origin.lstrip("."))
    parts = package.split(".")
    if not level or level > len(parts):
        return origin
    return ".".join([*parts[: len(parts) - level + 1], origin[level:]]).strip(".")
