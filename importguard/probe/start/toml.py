"""Reads strings from tables of TOML files: by ``tomllib`` where it is there, else by lines."""

from __future__ import annotations

from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_toml(path: str, table: str) -> dict[str, Any]:
    """What stands in a table, given by its dotted name; nothing where it can't be read."""
    text = read_text(path)
    if not text:
        return {}
    try:
        from tomllib import loads  # Python 3.11
    except ImportError:
        return _by_lines(text, table)
    try:
        value: Any = loads(text)
        for part in table.split("."):
            value = value.get(part, {})
    except (ValueError, AttributeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _by_lines(text: str, table: str) -> dict[str, str]:
    """The simple strings of a table."""
    found: dict[str, str] = {}
    current = ""
    for line in text.split("\n"):
        line = line.strip()
        if line.startswith("["):
            current = line.strip("[] ").replace('"', "")
        key, equals, value = line.partition("=")
        value = value.strip()
        if equals and current == table and value[:1] in ("'", '"'):
            found[key.strip().strip("'\"")] = value[1:].split(value[0], 1)[0]
    return found
