"""What a discovery tells the host, and what clues are gathered for later."""

from __future__ import annotations

import os

from importguard.probe.files import printable_path
from importguard.probe.select.entry_points import unique_texts
from importguard.probe.select.scene import Scene
from importguard.probe.start.programs import MODULE_OF_TOOL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from importguard.probe.select.discover import Discovery
    from importguard.probe.values import Discovered, StartProblemValues


def build_scene(search: Discovery) -> Scene | None:
    """The application in its image, with the environment and the folder of its start command."""
    if search.interpreter is None:
        return None
    main = search.commands[0] if search.commands else None
    environ, directory = (main.environ, main.directory) if main else (search.environ, search.directory)
    roots = search.platform_roots()
    scene = Scene(search.interpreter, search.finder, search.import_path, environ, directory, roots)
    scene.add_modules(search.selection.modules.items())
    scene.add_modules((name, path) for name, (path, _) in search.selection.skipped.items())
    return scene


def result_for_host(search: Discovery, error: str | None) -> Discovered:
    """The answer, as the contract between probe and host has it."""
    python = search.interpreter
    main = search.commands[0] if search.commands else None
    changed = {} if main is None else main.environ
    answer = {
        "interpreter": None
        if python is None
        else {
            "executable": python.executable,
            "flags": python.flags,
            "version": python.version,
            "implementation": python.implementation_name,
            "why": printable_path(python.why),
        },
        "import_path": search.import_path,
        "appended_path": search.appended_path,
        "search_path": search.application_roots() if python else [],
        "entrypoints": search.entrypoints,
        "setup": search.setup,
        "by_path": search.by_path,
        "problem": None if _is_told_as_module(search, search.problem) else search.problem,
        "directory": main.directory if main else search.directory,
        "environ": {key: value for key, value in changed.items() if search.environ.get(key) != value},
        "notes": unique_texts(search.notes),
        "details": unique_texts(search.details),
        "error": error,
    }
    told: Discovered = _plain(answer)
    # Lists, as JSON makes them of the tuples that the type has.
    modules: Any = [
        [name, path and printable_path(path)] for name, path in sorted(search.selection.modules.items())
    ]
    skipped: Any = [
        [printable_path(name), printable_path(path), reason]
        for name, (path, reason) in sorted(search.selection.skipped.items())
    ]
    told["modules"], told["skipped"] = modules, skipped
    return told


def _is_told_as_module(search: Discovery, problem: StartProblemValues | None) -> bool:
    """Whether the program is a tool whose module is missing, too: that is what is to be installed."""
    name = os.path.basename(problem["program"]) if problem and problem["why"] == "absent" else ""
    absent = [target.module for target in search.targets if not search.finder.locate_module(target.module)]
    return bool(name) and MODULE_OF_TOOL.get(name, name) in absent


def _plain(value: Any) -> Any:
    """The same in exact built-in types: ``marshal`` takes no words of a command (a subclass of ``str``)."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
