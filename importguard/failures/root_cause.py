"""From a failed import to its root cause: which rule it breaks, and what is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from importguard.evidence.imports import Cause, ImportFailure, ModuleImport
from importguard.failures.dump import printed_lines
from importguard.model import Outcome, Rule
from importguard.rules.imports import (
    IMPORT_CRASHES,
    IMPORT_EXITS,
    IMPORT_HANGS,
    IMPORT_RAISES,
    MISSING_MODULE,
    MISSING_NAME,
    MISSING_SHARED_LIBRARY,
    SYNTAX_ERROR,
)

_NAME = re.compile(r"cannot import name '([^']+)'(?: from (partially initialized module )?'([^']+)')?")
# glibc and musl, in the words of their dynamic linkers; the first group is the library.
_LIBRARY = tuple(
    re.compile(pattern)
    for pattern in (
        r"(\S+): cannot open shared object file",
        r"(\S+): undefined symbol",
        r"(\S+): version [`'][^']+' not found",
        r"(\S+): (?:invalid ELF header|wrong ELF class|file too short|cannot enable executable stack)",
        r"(\S+): (?:cannot allocate memory in static TLS block|failed to map segment)",
        r"Error loading shared library ([^\s:]+)",
        r"Error relocating ([^\s:]+): .*symbol not found",
    )
)
_SYNTAX = frozenset({"SyntaxError", "IndentationError", "TabError"})
_NUL = "source code string cannot contain null bytes"  # a ValueError until Python 3.11
_ENDINGS = {
    Outcome.EXITED: (IMPORT_EXITS, "The process exits while the module is imported"),
    Outcome.CRASHED: (IMPORT_CRASHES, "The interpreter dies while the module is imported"),
    Outcome.TIMED_OUT: (IMPORT_HANGS, "The import does not finish in time"),
}
_OUTPUT_LINES = 5


@dataclass(frozen=True)
class RootCause:
    """The rule that a failure breaks. ``missing``: a module, ``module.name`` or a library; else None."""

    rule: Rule
    message: str
    missing: Optional[str] = None


def type_name(qualified: str) -> str:
    """The class's own name: ``django.core.exceptions.ImproperlyConfigured`` is ``ImproperlyConfigured``."""
    return qualified.rsplit(".", 1)[-1]


def root_cause(item: ModuleImport) -> RootCause:
    """Judge one module that did not import: by how it ended, else by the error that began it."""
    failure = item.failure
    if item.outcome in _ENDINGS:
        rule, ending = _ENDINGS[item.outcome]
        message = f"{ending}: {item.detail}" if item.detail else ending
        return RootCause(rule, _with_output(message, item))
    if failure is None:
        return RootCause(IMPORT_RAISES, _with_output(item.detail or "The import failed", item))
    found = _of_import(failure)
    if found is not None:
        return found
    return RootCause(IMPORT_RAISES, _wrapped(f"{type_name(failure.type)}: {failure.message}", failure, None))


def exception_chain(failure: ImportFailure) -> tuple[Cause, ...]:
    """The chain of exceptions, outermost first, also where the evidence holds only the outermost."""
    return failure.causes or (Cause(failure.type, failure.message, None),)


def _of_import(failure: ImportFailure) -> Optional[RootCause]:
    """The root cause where the import system itself failed: a module, a name, a library, the source."""
    if failure.missing is not None:
        decisive = next((cause for cause in exception_chain(failure) if cause.name == failure.missing), None)
        message = decisive.message if decisive else f"No module named '{failure.missing}'"
        return RootCause(MISSING_MODULE, _wrapped(message, failure, decisive), failure.missing)
    for cause in exception_chain(failure):
        found = _missing_name(cause) or _missing_library(cause)
        if found is not None:
            rule, missing = found
            return RootCause(rule, _wrapped(cause.message, failure, cause), missing)
        if type_name(cause.type) in _SYNTAX or cause.message == _NUL:
            message = f"{type_name(cause.type)}: {cause.message}"
            return RootCause(SYNTAX_ERROR, _wrapped(message, failure, cause))
    return None


def _missing_name(cause: Cause) -> Optional[tuple[Rule, str]]:
    match = _NAME.match(cause.message) if type_name(cause.type) == "ImportError" else None
    if match is None:
        return None
    module = match.group(3) or cause.name
    return MISSING_NAME, f"{module}.{match.group(1)}" if module else match.group(1)


def _missing_library(cause: Cause) -> Optional[tuple[Rule, str]]:
    # ctypes raises OSError where the import system raises ImportError, with the same words.
    if type_name(cause.type) not in ("ImportError", "OSError"):
        return None
    for pattern in _LIBRARY:
        match = pattern.search(cause.message)
        if match is not None:
            return MISSING_SHARED_LIBRARY, match.group(1).rsplit("/", 1)[-1]
    return None


def _wrapped(message: str, failure: ImportFailure, decisive: Optional[Cause]) -> str:
    """Add how the error reached the log, or what it was raised from, where that is another exception."""
    causes = exception_chain(failure)
    if decisive is None and len(causes) > 1:
        inner = causes[-1]
        if inner.type == failure.type:  # as os.environ's KeyError, which replaces another
            return message
        told = f"{type_name(inner.type)}: {_first_line(inner.message)}"
        # Django raises a driver's error again as its own of the same name and words.
        return message if told in message else f"{message} (from {told})"
    if decisive is not None and decisive is not causes[0]:
        # The wrapper's words often end in the wrapped ones, which need not be said twice.
        outer = _first_line(failure.message).replace(decisive.message, "…")
        return f"{message} (raised on as {type_name(failure.type)}: {outer})"
    return message


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]


def _with_output(message: str, item: ModuleImport) -> str:
    lines = printed_lines(item.output)[-_OUTPUT_LINES:]
    return "\n".join([f"{message}. It printed:", *lines]) if lines else message
