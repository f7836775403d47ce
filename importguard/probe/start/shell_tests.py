"""What the tests of a start script come to: ``[ "$1" = web ]``, ``command -v gunicorn``, ``true``.

They are decided by the image's variables and arguments, by what the script has set, and by the files and
programs that are in the image: what is not there can be mounted or made. None stands for what is not known.
"""

from __future__ import annotations

import os

from importguard.probe.files import find_program
from importguard.probe.start.shell_state import Shell
from importguard.probe.start.words import Word

BRACKETS = frozenset(["[", "[[", "test"])
LOOKUPS = frozenset(["-v", "-V", "which", "type", "hash"])  # of ``command -v``, the rest
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_RESULTS = {"true": True, ":": True, "false": False}
ASKS = BRACKETS | LOOKUPS | frozenset(_RESULTS) | {"((", "let", "return"}
"""Commands that start nothing: their exit status is what they are for."""

_FILES: dict[str, Callable[[str], bool]] = {
    "-f": os.path.isfile,
    "-d": os.path.isdir,
    "-e": os.path.exists,
    "-s": lambda path: os.path.isfile(path) and os.path.getsize(path) > 0,
    "-x": lambda path: os.access(path, os.X_OK),
    "-r": lambda path: os.access(path, os.R_OK),
    "-L": os.path.islink,
    "-h": os.path.islink,
}
_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-gt": lambda left, right: left > right,
    "-ge": lambda left, right: left >= right,
    "-lt": lambda left, right: left < right,
    "-le": lambda left, right: left <= right,
}
_NUMBERS.update({"==": _NUMBERS["-eq"], "!=": _NUMBERS["-ne"], ">": _NUMBERS["-gt"], "<": _NUMBERS["-lt"]})
_NUMBERS.update({">=": _NUMBERS["-ge"], "<=": _NUMBERS["-le"]})


def evaluate_test(words: list[Word], shell: Shell) -> bool | None:
    """What a command that asks comes to; None where that is not known."""
    if words[0] in _RESULTS:
        return _RESULTS[words[0]]
    if words[0] in LOOKUPS:
        return _looks_up(words[1:], shell)
    if words[0] == "((":
        return _compare(words[1:-1]) if len(words) == 5 else None
    if words[0] not in BRACKETS:
        return None
    inner = words[1:-1] if words[0] != "test" else words[1:]
    return _evaluate(inner, shell)


def _looks_up(words: list[Word], shell: Shell) -> bool | None:
    names = [word for word in words if not word.startswith("-")]
    if not names or not all(_is_known(name) for name in names):
        return None
    environ = shell.variables
    is_there = all(name in shell.functions or find_program(name, environ, shell.directory) for name in names)
    return True if is_there else None


def _is_known(word: str) -> bool:
    return getattr(word, "is_known", False)


def _evaluate(words: list[Word], shell: Shell) -> bool | None:
    for sign in ("||", "-o"):
        if sign in words[1:-1]:
            return _either(*_evaluate_sides(words, sign, shell))
    for sign in ("&&", "-a"):
        if sign in words[1:-1]:
            return _both(*_evaluate_sides(words, sign, shell))
    if words[:1] == ["!"] and len(words) > 1:
        return negated(_evaluate(words[1:], shell))
    if len(words) == 3:
        return _compare(words) if words[1] in ("=", "==", "!=") or words[1] in _NUMBERS else None
    if len(words) == 2:
        return _unary(str(words[0]), words[1], shell)
    return bool(words[0]) if len(words) == 1 and _is_known(words[0]) else None


def _evaluate_sides(words: list[Word], sign: str, shell: Shell) -> tuple[bool | None, bool | None]:
    at = [str(word) for word in words].index(sign)
    return _evaluate(words[:at], shell), _evaluate(words[at + 1 :], shell)


def negated(result: bool | None) -> bool | None:
    """The opposite of what is known."""
    return None if result is None else not result


def _either(first: bool | None, second: bool | None) -> bool | None:
    if first or second:
        return True
    return None if first is None or second is None else False


def _both(first: bool | None, second: bool | None) -> bool | None:
    return negated(_either(negated(first), negated(second)))


def _unary(operator: str, word: Word, shell: Shell) -> bool | None:
    if not _is_known(word):
        return None
    if operator in ("-n", "-z"):
        return bool(word) is (operator == "-n")
    test = _FILES.get(operator)
    if test is None:
        return None
    try:
        return True if word and test(os.path.join(shell.directory, word)) else None
    except (OSError, ValueError):
        return None


def _compare(words: list[Word]) -> bool | None:
    """``A = B``, where B is a pattern in ``[[``, or a comparison of numbers."""
    left, operator, right = words
    if not (_is_known(left) and _is_known(right)):
        return None
    if left.lstrip("-").isdigit() and right.lstrip("-").isdigit() and operator in _NUMBERS:
        return _NUMBERS[operator](int(left[:9]), int(right[:9]))
    if operator not in ("=", "==", "!="):
        return None
    return _matches(left, right) is (operator != "!=")


def _matches(value: str, pattern: Word) -> bool:
    import fnmatch

    is_pattern = pattern.raw[:1] not in ("'", '"') and "*" in pattern.raw and pattern.count("*") < 4
    return fnmatch.fnmatchcase(value, pattern) if is_pattern else value == pattern
