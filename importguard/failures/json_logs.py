"""Tracebacks that a log holds in one line each, as the lines that the interpreter would have printed.

Loggers of JSON write a traceback as a text (python-json-logger, loguru) or as a list of exceptions with their
frames (structlog's ``dict_tracebacks``); those of ``key=value`` write it with ``\\n`` for its ends of lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

HEADER = "Traceback (most recent call last):"
DIRECT_CAUSE = "The above exception was the direct cause of the following exception:"
WHILE_HANDLED = "During handling of the above exception, another exception occurred:"

_STRUCTURED = '"exc_type"'
_MOST_DEPTH = 4
_ESCAPED = re.compile(r"\\(.)")
_NO_FRAME = {"filename": "<unknown>", "lineno": 0, "name": "<unknown>"}
_ENDS = {"n": "\n", "r": "", "t": "\t"}


def with_whole_tracebacks(lines: Sequence[str], depth: int = _MOST_DEPTH) -> Iterator[str]:
    """The lines, and in place of one that holds a whole traceback the lines of that."""
    for line in lines:
        text = _traceback_of(line) if HEADER in line or _STRUCTURED in line else ""
        if text and depth:
            yield from with_whole_tracebacks(text.splitlines(), depth - 1)
        else:
            yield line


def _traceback_of(line: str) -> str:
    """The traceback that a line holds, of several lines; empty where it holds none, or is its heading."""
    begins = line.find("{")
    if begins >= 0:
        try:
            document, _ = json.JSONDecoder().raw_decode(line, begins)
        except (ValueError, RecursionError):
            document = None
        text = next(_texts(document, _MOST_DEPTH), "")
        if text:
            return text
    return _unescaped(line)


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The tracebacks in a JSON document, as texts."""
    if isinstance(value, str) and HEADER in value:
        yield value
    elif isinstance(value, list) and value and all(map(_is_exception, value)):
        yield _chain_text(value)
    elif isinstance(value, (dict, list)) and depth:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth - 1)


def _is_exception(value: Any) -> bool:
    """Whether it is one of structlog's ``Stack`` (structlog.tracebacks)."""
    return isinstance(value, dict) and "exc_type" in value and isinstance(value.get("frames"), list)


def _chain_text(stacks: Sequence[dict[str, Any]]) -> str:
    """A chain, which structlog tells outermost first, as the interpreter prints it."""
    told: list[str] = []
    for position, stack in reversed(list(enumerate(stacks))):
        told.append(HEADER)
        for frame in filter(lambda one: isinstance(one, dict), stack["frames"]):
            told.append('  File "{filename}", line {lineno}, in {name}'.format_map({**_NO_FRAME, **frame}))
        told.append(f"{stack['exc_type']}: {stack.get('exc_value', '')}")
        if position:
            told += ["", DIRECT_CAUSE if stack.get("is_cause") else WHILE_HANDLED, ""]
    return "\n".join(told)


def _unescaped(line: str) -> str:
    r"""The traceback of ``exc_info="Traceback …:\n  File \"/app/main.py\", …"``, to the quotation mark."""
    begins = line.find(HEADER)
    after = begins + len(HEADER)
    if begins < 0 or not line.startswith("\\n", after):
        return ""
    quote = line[begins - 1 : begins]
    text = line[begins:]
    if quote in ("'", '"'):
        ends = re.search(rf"(?<!\\)(?:\\\\)*{quote}", text)
        text = text[: ends.start()] if ends else text
    return _ESCAPED.sub(lambda found: _ENDS.get(found[1], found[1]), text)
