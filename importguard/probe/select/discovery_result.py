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

    from importguard.probe.select.application_path import Remarks
    from importguard.probe.select.discover import Discovery
    from importguard.probe.start.launch import Launch
    from importguard.probe.values import Discovered, StartProblemValues


def build_scene(search: Discovery) -> Scene:
    """The application in its image, with the environment and the folder of its start command."""
    main = search.commands[0] if search.commands else search
    path = search.path
    scene = Scene(
        search.python, path.finder, path.import_path, main.environ, main.directory, path.platform_roots()
    )
    scene.add_modules(search.selection.modules.items())
    scene.add_modules((name, path) for name, (path, _) in search.selection.skipped.items())
    return scene


def result_for_host(
    launch: Launch,
    remarks: Remarks,
    problem: StartProblemValues | None,
    search: Discovery | None,
    error: str | None,
) -> Discovered:
    """The answer, as the contract between probe and host has it; nothing is found without an interpreter."""
    main = launch.commands[0] if launch.commands else launch
    answer: dict[str, Any] = {
        "interpreter": None,
        "import_path": [],
        "appended_path": [],
        "search_path": [],
        "entrypoints": [],
        "setup": None,
        "by_path": {},
        "modules": [],
        "skipped": [],
        "problem": problem,
        "directory": main.directory,
        "environ": {key: value for key, value in main.environ.items() if launch.environ.get(key) != value},
        "error": error,
    }
    if search is not None:
        answer.update(_findings(search))
    answer["notes"] = unique_texts(remarks.notes)
    answer["details"] = unique_texts(remarks.details)
    told: Discovered = _plain(answer)
    return told


def _findings(search: Discovery) -> dict[str, Any]:
    python, path = search.python, search.path
    modules, skipped = search.selection.modules, search.selection.skipped
    return {
        "interpreter": {
            "executable": python.executable,
            "flags": python.flags,
            "version": python.version,
            "implementation": python.implementation_name,
            "why": printable_path(python.why),
        },
        "import_path": path.import_path,
        "appended_path": path.appended_path,
        "search_path": path.application_roots(),
        "entrypoints": search.entrypoints,
        "setup": search.setup,
        "by_path": search.choice.by_path,
        # Lists, as JSON makes them of the tuples that the type has.
        "modules": [[name, file and printable_path(file)] for name, file in sorted(modules.items())],
        "skipped": [
            [printable_path(name), printable_path(file), reason]
            for name, (file, reason) in sorted(skipped.items())
        ],
    }


def is_told_as_module(search: Discovery, problem: StartProblemValues) -> bool:
    """Whether the program is a tool whose module is missing, too: that is what is to be installed."""
    name = os.path.basename(problem["program"]) if problem["why"] == "absent" else ""
    absent = [target.module for target in search.targets if not search.finder.locate_module(target.module)]
    return bool(name) and MODULE_OF_TOOL.get(name, name) in absent


def _plain(value: Any) -> Any:
    """The same in exact built-in types: ``marshal`` takes no words of a command (a subclass of ``str``)."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
