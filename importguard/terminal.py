"""Text for a terminal: escaped, styled, wrapped. Every string from an image goes through ``escape_text``."""

from __future__ import annotations

import os
import re
from typing import Optional

# Patterns are compiled when they are first used: a check starts without them.
# Controls (C0, DEL, C1), soft hyphen, zero-width and bidirectional marks, line separators, BOM, lone
# surrogates, tags: what can move the cursor, hide text or reorder it (Unicode TR 36 and TR 9).
_UNSAFE = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f"
    "\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_ESCAPE_SEQUENCE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
_COMMAND = r"(?im)^\s*::|##(?:vso)?\["
# SGR parameters, ECMA-48 section 8.3.117.
STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_PLAIN = {"✓": "OK", "✗": "x", "!": "!", "→": "->", "·": "-", "…": "..."}


def wants_color(refused: bool, is_terminal: bool) -> bool:
    """Whether to write colours: not where ``refused`` or by NO_COLOR, else on a terminal or by FORCE_COLOR.

    https://no-color.org, https://force-color.org: each counts unless it is empty.
    """
    if refused or os.environ.get("NO_COLOR"):
        return False
    return is_terminal or bool(os.environ.get("FORCE_COLOR"))


def escape_text(text: str) -> str:
    """``text`` on one line with nothing that a terminal would obey: ``\\n``, ``\\x1b``, ``\\u202e``."""
    return re.sub(_UNSAFE, lambda match: _escaped(match.group()), text)


def printable_line(text: str) -> str:
    """``text``, such as a line of a log, on one line without what ``escape_text`` would escape.

    Nor does GitHub's runner, which reads standard error too, find a command in it.
    """
    text = re.sub(_ESCAPE_SEQUENCE, "", text).replace("\n", " ").replace("\t", " ")
    return without_pipeline_commands(re.sub(_UNSAFE, "", text).rstrip())


def without_pipeline_commands(text: str) -> str:
    """``text`` in which no pipeline finds a command: ``::`` at the start of a line, ``##[`` or ``##vso[``.

    https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs and, for Azure Pipelines,
    https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands; both read both streams.
    """
    return re.sub(_COMMAND, lambda match: match.group()[:-1] + "\\" + match.group()[-1], text)


def escape_lines(text: str) -> str:
    """Escape each line as ``escape_text`` does; trailing space and empty lines at the ends go.

    A tab is a space: libpq indents with one ("\\tIs the server running on that host").
    """
    lines = re.split("\r\n|\n|\r", text.strip("\r\n"))
    return "\n".join(escape_text(line.replace("\t", " ").rstrip()) for line in lines)


def _escaped(character: str) -> str:
    code = ord(character)
    if character in "\n\r\t":
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}[character]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def style_text(text: str, styles: str, color: bool) -> str:
    """``text`` in ``styles`` ("bold red") where ``color`` is wanted."""
    if not color or not styles:
        return text
    return f"\x1b[{';'.join(STYLES[name] for name in styles.split())}m{text}\x1b[0m"


def wrap_text(text: str, width: int, indent: str = "", hanging: Optional[str] = None) -> list[str]:
    """Lines of at most ``width`` characters; longer words are broken, so that none runs to column 0."""
    import textwrap

    return textwrap.wrap(
        text,
        max(width, len(indent) + 20),
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_on_hyphens=False,
    )


def fit_encoding(text: str, encoding: str) -> str:
    """``text`` in characters that ``encoding`` has: ``->`` for an arrow, backslash escapes for the rest."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for character, plain in _PLAIN.items():
            text = text.replace(character, plain)
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text
