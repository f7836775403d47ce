"""Modules that fail on their own, imported in the process that a start command makes of its application.

``current_app.config`` in a module's body raises where no application's context was entered (Flask, Quart),
and other modules need what the application's factory sets up. A server that has made its application imports
them well.
"""

from __future__ import annotations

import posix
import sys

from importguard.probe.workers.failures import PROBE_FILE
from importguard.probe.workers.fresh import (
    Channel,
    _exit,
    _getpid,
    _import,
    attempt,
    import_as_started,
    prepared_worker,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import ModuleType
    from typing import Any
else:
    import _signal as signal  # Built in. The module around it could be the application's.

_fork_context, _wait_for = posix.fork, posix.waitpid
_set_handler, _set_alarm, _ALARM, _DEFAULT = signal.signal, signal.alarm, signal.SIGALRM, signal.SIG_DFL
CONTEXT_SECONDS = 30  # when an import in a fork is taken to hang: one beside threads can wait for a lock


def run_context(request: dict[str, Any], descriptor_out: int) -> None:
    """Import the start command's module, make its application, enter its context, and try modules there.

    Says "called" with what that raised, then "context" with the outcome and failure of each module that was
    tried. ``asked`` are modules that fail on their own, each with the one whose body raises. Those that are
    loaded by then are imported. Others are imported in a fork, so that none finds what another one has left
    behind: those of ``in_forks``, and those that fail by a module which is loaded by then.
    """
    channel = prepared_worker(request, descriptor_out)
    (name,) = request["modules"]
    if import_as_started(channel, name, request)[0] != "imported":
        _exit(0)
    outcome, failure, _, _ = attempt(channel, enter_context, name, request)
    channel.send("called", outcome == "imported", failure)
    if outcome == "imported":
        loaded = [asked for asked in request["asked"] if is_loaded(asked)]
        for asked in loaded:
            channel.send("context", asked, "imported", None)
        for asked, culprit in request["asked"].items():
            if asked not in loaded and (asked in request["in_forks"] or is_loaded(culprit)):
                if import_in_fork(channel, asked) & 0x7F == _ALARM:
                    break  # the next would wait for the same lock
    channel.send("end")
    _exit(0)


def enter_context(name: str, request: dict[str, Any]) -> None:
    """Make the application of the module ``name``, and enter its context, where it has one.

    Raises what the factory raises.
    """
    module = sys.modules.get(name) or sys.modules["__main__"]
    application = make_application(module, request["attributes"].get(name, []), request["calls"])
    if is_application(application):
        application.app_context().push()


def make_application(module: ModuleType, attributes: list[str], calls: list[str]) -> Any:
    """The application that a server finds in ``module``, or what its factory returns; None if there is none.

    It is looked for as Flask's command does (flask.cli.find_best_app). Where the command names a factory,
    another application beside it is not what is served.
    """
    values = [getattr(module, attribute, None) for attribute in attributes or ("app", "application")]
    if not (attributes and calls):
        values.extend(list(vars(module).values()))
    for value in values:
        if is_application(value):
            return value
    for call in calls:
        if hasattr(module, call.partition("(")[0]):
            made = eval(compile(call, PROBE_FILE, "eval", 0, True), vars(module))
            if not callable(made):  # WSGI and ASGI applications are
                raise TypeError("it returns no application")
            return made
    return None


def is_application(value: object) -> bool:
    """Whether it is a Flask or Quart application, and not a proxy for the one of the context."""
    return hasattr(type(value), "app_context")


def is_loaded(name: str) -> bool:
    """Whether a module was imported as a whole."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return spec is not None and not getattr(spec, "_initializing", False)


def import_in_fork(channel: Channel, name: str) -> int:
    """Import one module in a child of this process, which says what became of it; the status of its end."""
    child = _fork_context()
    if child == 0:
        try:
            channel.process = _getpid()
            _set_handler(_ALARM, _DEFAULT)
            _set_alarm(CONTEXT_SECONDS)
            outcome, failure, _, _ = attempt(channel, _import, name)
            channel.send("context", name, outcome, failure)
        finally:
            _exit(0)  # Whatever is raised here must not go on with the work of the parent.
    return _wait_for(child, 0)[1]
