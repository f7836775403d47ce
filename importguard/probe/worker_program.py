"""The programs that workers run: files of ``workers/`` as one text, whose namespace is nobody's module."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PLAN, RESULTS = 3, 4  # a worker's descriptors: what it is asked, what it answers
_FRESH = ("workers.failures", "workers.main_body", "workers.fresh")
WORKER_FILES = {
    "fresh": _FRESH,
    "context": (*_FRESH, "workers.in_context"),
    "sweep": (
        *_FRESH,
        "code.imports",
        "workers.statements",
        "workers.simulation",
        "workers.namespaces",
        "workers.recorded_variables",
        "workers.state",
        "workers.pauses",
        "workers.memo",
        "workers.visit",
        "workers.loaders",
        "workers.recorded_errors",
        "workers.process",
        "workers.seen_modules",
        "workers.reruns",
        "workers.memory",
        "workers.doubts",
        "workers.cycle_reader",
        "workers.cycles",
        "workers.sweep",
    ),
}
# An import of the probe's own, on one line or in parentheses.
OWN_IMPORT = re.compile(r"^from (importguard\.probe|__future__)\b[^(\n]*(\([^)]*\))?\n", re.MULTILINE)


def in_unnamed_namespace(code: str) -> str:
    """A statement that runs ``code`` in a namespace that is nobody's module.

    It has builtins of its own: the application may replace those of the interpreter.
    """
    space = "{'__name__': '<importguard>', '__builtins__': dict(vars(__import__('builtins')))}"
    return "exec(compile({!r}, '<importguard>', 'exec'), {})\n".format(code, space)


# What a worker does first. All that it is asked is read before any application code runs.
WAITS = in_unnamed_namespace(
    """
import marshal, posix
parts = [posix.read({0}, 1 << 20)]
while parts[-1]:
    parts.append(posix.read({0}, 1 << 20))
posix.close({0})
PROGRAM, REQUEST = marshal.loads(b"".join(parts))
exec(marshal.loads(PROGRAM) if type(PROGRAM) is bytes else compile(PROGRAM, "<importguard>", "exec"))
""".format(PLAN)
)


def worker_program(sources: Mapping[str, str], kind: str) -> str:
    """What a worker does: its files in one namespace, called with the request and where to answer."""
    files = [OWN_IMPORT.sub("", sources["importguard.probe." + name]) for name in WORKER_FILES[kind]]
    call = "run_{}(REQUEST, {})".format(kind, RESULTS)
    return "\n".join(["from __future__ import annotations", *files, call])
