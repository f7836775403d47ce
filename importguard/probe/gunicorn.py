"""gunicorn's configuration file, read without running it: the settings that are written out as strings."""

from __future__ import annotations

from importguard.probe.imports import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

READ = frozenset(["chdir", "pythonpath", "wsgi_app", "worker_class"])
"""The settings that say what is loaded, and from where (docs.gunicorn.org, "Settings")."""

WORKERS = {
    "gevent": "gunicorn.workers.ggevent.GeventWorker",
    "gevent_wsgi": "gunicorn.workers.ggevent.GeventPyWSGIWorker",
    "gevent_pywsgi": "gunicorn.workers.ggevent.GeventPyWSGIWorker",
    "eventlet": "gunicorn.workers.geventlet.EventletWorker",
    "tornado": "gunicorn.workers.gtornado.TornadoWorker",
}
"""Short names of worker classes that need more than gunicorn itself (gunicorn.workers.SUPPORTED_WORKERS)."""

_SCOPES = frozenset(["FunctionDef", "AsyncFunctionDef", "ClassDef", "Lambda"])


def literal_settings(text: str) -> tuple[dict[str, str], set[str]]:
    """(settings that are plain strings, names of those that are set in another way).

    Raises SyntaxError or ValueError for what is no Python, RecursionError or MemoryError for too much of it.
    """
    found: dict[str, str] = {}
    unknown: set[str] = set()
    for statement in parse(text, "gunicorn.conf.py").body:
        name, value = _plain(statement)
        if name in READ and isinstance(value, str):
            found[name] = value
            unknown.discard(name)
        elif name in READ and value is None and _is_constant(statement.value):
            found.pop(name, None)  # None is the default
            unknown.discard(name)
        else:
            unknown.update(READ.intersection(_bound(statement)))
    return {name: value for name, value in found.items() if name not in unknown}, unknown


def _plain(statement: Any) -> tuple[str, Any]:
    """(name, value) of ``name = "value"``; the name is empty for any other statement."""
    kind = type(statement).__name__
    targets = statement.targets if kind == "Assign" else [statement.target] if kind == "AnnAssign" else []
    if len(targets) != 1 or type(targets[0]).__name__ != "Name" or not _is_constant(statement.value):
        return "", None
    constant = statement.value
    return targets[0].id, getattr(constant, "value", getattr(constant, "s", None))


def _is_constant(node: Any) -> bool:
    """``Str`` and ``NameConstant`` are Python 3.7's."""
    return type(node).__name__ in ("Constant", "Str", "NameConstant")


def _bound(statement: Any) -> Iterator[str]:
    """The names that a statement binds in the module, in whatever block, and those that it might."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        kind = type(node).__name__
        if kind in _SCOPES:
            yield getattr(node, "name", "")
            continue
        if kind == "Name" and type(node.ctx).__name__ != "Load":
            yield node.id
        elif kind == "alias":
            yield from READ if node.name == "*" else [node.asname or node.name]
        for field in getattr(node, "_fields", ()):
            value = getattr(node, field, None)
            waiting.extend(value if isinstance(value, list) else [value])
