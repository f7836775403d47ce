"""Expands ``${…}`` and the like (POSIX.1-2017, Shell, 2.6.2; Bash's manual, "Shell Parameter Expansion")."""

from __future__ import annotations

import re

from importguard.probe.start.shell_state import Shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    Expand = Callable[[str], str]

_NAME = re.compile(r"([A-Za-z_]\w*|[0-9]+|[@*#?])(?:\[([^\]]*)\])?")
_LONGEST = 1000
"""The longest value of which parts are removed: patterns can be slow."""


class Parameter:
    """What a ``${…}`` stands for: its ``values``, several for all arguments or elements of an array.

    ``is_known``: whether the image, the script or the arguments say so, and nothing that runs.
    """

    def __init__(self, values: list[str], is_known: bool) -> None:
        self.values = values
        self.is_known = is_known


def special_parameter(name: str, shell: Shell) -> Parameter:
    """``$1``, ``$@``, ``$#`` and their kind."""
    if name in "@*":
        return Parameter(list(shell.arguments[1:]), shell.decides)
    if name.isdigit():
        return Parameter(shell.arguments[int(name) : int(name) + 1] or [""], shell.decides)
    return Parameter([str(len(shell.arguments) - 1) if name == "#" else ""], name == "#" and shell.decides)


def variable(name: str, shell: Shell) -> Parameter:
    """``$NAME``."""
    return Parameter([shell.variables.get(name, "")], shell.is_known(name))


def parameter(inner: str, shell: Shell, expand: Expand) -> Parameter:
    """``${inner}``; what an unknown operator would do is left out."""
    if inner[:1] == "#" and len(inner) > 1:
        counted, _ = _value_of(inner[1:], shell, expand)
        size = len(counted.values) if _is_many(inner[1:]) else len("".join(counted.values))
        return Parameter([str(size)], counted.is_known)
    if inner[:1] == "!":
        name = shell.variables.get(inner[1:], "")
        return variable(name, shell)
    found, rest = _value_of(inner, shell, expand)
    return _operate(inner, found, rest, shell, expand)


def _value_of(inner: str, shell: Shell, expand: Expand) -> tuple[Parameter, str]:
    """What the name stands for, and what follows it. No values: it is not set."""
    match = _NAME.match(inner)
    if match is None:
        return Parameter([""], False), ""
    name, subscript, rest = match.group(1), match.group(2), inner[match.end() :]
    if name in shell.arrays or subscript is not None:
        array = shell.arrays.get(name)
        if array is None:
            return Parameter([], False), rest
        if subscript in ("@", "*"):
            return Parameter(list(array.values()), name not in shell.unsure), rest
        element = array.get(expand(subscript or "0"))
        return Parameter([] if element is None else [element], name not in shell.unsure), rest
    if name in "@*#?" or name.isdigit():
        found = special_parameter(name[:6], shell)
        is_set = not name.isdigit() or int(name[:6]) < len(shell.arguments)
        return (found if is_set else Parameter([], found.is_known)), rest
    if name not in shell.variables:
        return Parameter([], False), rest
    return variable(name, shell), rest


def _operate(inner: str, found: Parameter, rest: str, shell: Shell, expand: Expand) -> Parameter:
    """Apply the operator behind the name."""
    if rest[:1] == ":" and rest[1:2] not in ("-", "=", "+", "?"):
        return _substring(inner, found, rest[1:])
    is_set = bool(found.values)
    if rest[:1] == ":":
        is_set, rest = any(found.values), rest[1:]
    operator, operand = rest[:1], rest[1:]
    if operator == "+":
        return Parameter([expand(operand) if is_set else ""], found.is_known)
    if operator and operator in "-=" and not is_set:
        value = expand(operand)
        if operator == "=":
            shell.variables[inner.split("=")[0].rstrip(":")] = value
        return Parameter([value], "$(" not in value and "`" not in value)
    if operator and operator in "%#/^,":
        return Parameter([_changed(value, rest, expand) for value in found.values] or [""], found.is_known)
    return found if found.values or _is_many(inner) else Parameter([""], found.is_known)


def _substring(inner: str, found: Parameter, operand: str) -> Parameter:
    """``${NAME:offset:length}``; of ``$@``, which begins with 1, and of arrays, whole values."""
    offset, _, length = operand.partition(":")
    start, count = _number(offset) or 0, _number(length)
    if inner[:1] in "@*":
        start = max(start - 1, 0)
    end = None if count is None else start + count
    if _is_many(inner):
        return Parameter(found.values[start:end], found.is_known)
    return Parameter([value[start:end] for value in found.values] or [""], found.is_known)


def _is_many(inner: str) -> bool:
    """Whether it stands for all arguments, or all elements of an array."""
    return inner[:1] in "@*" or "[@]" in inner or "[*]" in inner


def _number(text: str) -> int | None:
    return int(text.strip()[:6]) if text.strip().lstrip("-").isdigit() else None


def _changed(value: str, rest: str, expand: Expand) -> str:
    """A value without the prefix or suffix, with a text replaced, or in another case."""
    operator = rest[:1]
    if operator in "^,":
        return _other_case(value, operator, len(rest) > 1 and rest[1] == operator)
    doubled = rest[1:2] == operator
    operand = rest[2:] if doubled else rest[1:]
    if len(value) > _LONGEST or operand.count("*") > 3:
        return value
    if operator == "/":
        parts = [part.replace("\\", "") for part in re.split(r"(?<!\\)/", operand, maxsplit=1)]
        pattern, replacement = expand(parts[0]), expand(parts[1] if parts[1:] else "")
        plain = pattern and not any(char in pattern for char in "*?[")
        return value.replace(pattern, replacement, -1 if doubled else 1) if plain else value
    return _without_end(value, operator, expand(operand), doubled)


def _other_case(value: str, operator: str, is_all: bool) -> str:
    changed = value.upper() if operator == "^" else value.lower()
    return changed if is_all else changed[:1] + value[1:]


def _without_end(value: str, operator: str, pattern: str, is_longest: bool) -> str:
    """``${NAME%pattern}`` and ``${NAME#pattern}``."""
    import fnmatch

    lengths = range(len(value), -1, -1) if is_longest else range(len(value) + 1)
    for length in lengths:
        part = value[len(value) - length :] if operator == "%" else value[:length]
        if fnmatch.fnmatchcase(part, pattern):
            return value[: len(value) - length] if operator == "%" else value[length:]
    return value
