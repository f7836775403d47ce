"""What is told of each start command: what it loads, and what a process of its own begins with."""

from __future__ import annotations

import os

from importguard.probe.files import printable_path
from importguard.probe.select.targets import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from importguard.probe.select.finder import Finder
    from importguard.probe.start.start_command import StartCommand
    from importguard.probe.values import EntryPointValues, ScriptValues, StartState


_LOADERS = {
    "celery": ["loader.import_default_modules()", "connection_for_write().transport", "backend"],
}
"""What of its application a worker asks for before it does anything else: what settings, ``include`` and
``autodiscover_tasks`` name (celery.loaders.base.BaseLoader.init_worker), and what speaks to the broker and
keeps the results, by the schemes of their addresses. Nothing is connected to."""


def management_commands(commands: list[StartCommand], modules: Iterable[str]) -> list[Target]:
    """The application's own modules of the management commands (Django's) that are run."""
    found = []
    for command in commands:
        ending = ".management.commands." + command.subcommand
        if command.tool == "django" and command.subcommand:
            names = [name for name in modules if name.endswith(ending)]
            found += [Target(command, name, "Command", False) for name in sorted(names)]
    return found


def describe_entry_point(
    command: StartCommand, text: str | None, target: Target | None, finder: Finder, environ: dict[str, str]
) -> EntryPointValues:
    """One entry point, as the host is told. ``text`` is the target as it is shown."""
    place = target.imported_at if target else None
    return {
        "command": command.text,
        "target": text,
        "module": printable_path(target.module) if target else None,
        "attribute": target.attribute if target else None,
        "is_program": bool(target and target.is_program),
        "runs": _module_that_runs(command, finder),
        "start": {
            **_state_at_start(command, target, finder, environ),
            "script": _script_of(command, target, finder),
            "calls": [
                function + command.arguments
                for module, function in command.called
                if target and place is None and module == target.module
            ],
            "load": _LOADERS.get(command.tool or "", []) if target and place is None else [],
        },
        "imported_at": (printable_path(place[0]), place[1]) if place and place[0] else None,
    }


def _module_that_runs(command: StartCommand, finder: Finder) -> str | None:
    """The module that the command runs as ``__main__``, which is never imported under its own name."""
    found = finder.locate_module(command.runs) if command.runs else None
    return "%s.__main__" % command.runs if found and found.package else command.runs


def _script_of(command: StartCommand, target: Target | None, finder: Finder) -> ScriptValues | None:
    """The file of ``target``, where the command has Python run that file as ``__main__``."""
    if target is None or target.imported_at:
        return None
    found = finder.locate_module(target.module)
    if found is None or found.package or not found.path:
        return None
    as_module = command.runs == target.module
    ran = command.script and os.path.realpath(command.script) == os.path.realpath(found.path)
    if not ran and not as_module:
        return None
    return {"path": found.path, "as_module": as_module, "again": target.runs_again}


def _state_at_start(
    command: StartCommand, target: Target | None, finder: Finder, environ: dict[str, str]
) -> StartState:
    """What this command's own process has: the entries that go first on its import path (those of a
    PYTHONPATH are the interpreter's own doing), ``sys.argv``, the working directory, changed variables.

    Where ``__main__`` imports the target, its code has run before, and has changed the import path. A command
    whose code does so itself prepares itself, too: before that, the settings would not be found. Only
    variables are set for it. A program's own module is loaded before the program adds any folder.
    """
    is_imported = target is not None and target.imported_at is not None
    own_roots = [] if command.is_safe_path() else command.own_roots
    is_program = target is not None and target.is_program
    roots = own_roots if is_program else command.roots + own_roots
    if is_imported:
        roots = command.inserted + roots + command.appended
    argv = list(command.argv)
    if argv[:1] == ["-m"]:
        found = finder.locate_module(_module_that_runs(command, finder) or "")
        argv[:1] = [found.path] if found and found.path else argv[:1]
    return {
        "import_path": unique_texts(roots),
        "argv": argv,
        "directory": command.directory,
        "own_setup": is_program or (not is_imported and bool(command.inserted or command.appended)),
        "environ": {key: value for key, value in command.environ.items() if environ.get(key) != value},
    }


def unique_texts(texts: list[str]) -> list[str]:
    """The same texts in their order, each once."""
    return list(dict.fromkeys(texts))
