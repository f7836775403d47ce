"""Programs that run a script of the application in their own way: shiny, locust, bokeh, panel, mcp."""

from __future__ import annotations

import os

from importguard.probe.code.main_code import is_express_app
from importguard.probe.files import read_text
from importguard.probe.start.start_command import Options, StartCommand

_SHINY_FLAGS = frozenset("-r --reload --factory -b --launch-browser --dev-mode --no-dev-mode --help".split())
_LOCUST_FLAGS = frozenset(
    "-h --help -V --version -l --list --headless --autostart --worker --master --skip-log-setup "
    "--csv-full-history --print-stats --only-summary --reset-stats --show-task-ratio --show-task-ratio-json "
    "--json --web-login --equal-weights --class-picker --enable-rebalancing --headful --otel".split()
)


def _read_shiny(command: StartCommand, words: list[str]) -> None:
    """``shiny run [APP]``: ``FILE[:NAME]`` or ``MODULE[:NAME]`` (shiny._main._run.resolve_app).

    An Express app is no module: shiny runs its file for each visitor, and no import can.
    """
    if words[:1] != ["run"]:
        command.notes.append("%s runs no application" % command.text)
        return
    options = Options(words[1:], _SHINY_FLAGS)
    target = options.rest[0] if options.rest else "app.py"
    module, _, attribute = target.partition(":")
    folder = command.resolve_path(options.last_value("-d", "--app-dir") or "")
    if "/" not in module and not module.endswith(".py"):
        command.roots.append(folder)
        command.add_entry_point(target, "app")
        return
    path = os.path.normpath(os.path.join(folder, module))
    command.roots.append(os.path.dirname(path))
    if not attribute and is_express_app(read_text(path) or ""):
        command.main_file = path
    else:
        command.add_script(path, attribute or "app")


def _read_locust(command: StartCommand, words: list[str]) -> None:
    """``locust [-f FILE,FILE]``: scripts whose folders come first on the import path (locust.util)."""
    named = Options(words, _LOCUST_FLAGS).last_value("-f", "--locustfile")
    named = named or command.environ.get("LOCUST_LOCUSTFILE") or "locustfile.py"
    command.roots.append(command.directory)
    for item in named.split(","):
        path = command.resolve_path(item.strip())
        if path.endswith(".py") and "://" not in item:
            command.roots.insert(0, os.path.dirname(path))
            command.add_script(path)
        elif item.strip() != "-":
            command.notes.append("%s is not followed" % command.text)


def _read_bokeh(command: StartCommand, words: list[str]) -> None:
    """``serve PATH...``: scripts, and folders with a ``main.py`` (bokeh.command.util, panel's is the same).

    Each runs for every session, with its folder first on the import path.
    """
    if words[:1] != ["serve"]:
        command.notes.append("%s serves nothing" % command.text)
        return
    for path in [command.resolve_path(word) for word in words[1:] if not word.startswith("-")]:
        if os.path.isfile(path + "/main.py"):
            path += "/main.py"
        if path.endswith(".py"):
            command.roots.append(os.path.dirname(path))
            command.add_script(path)


_MCP_FLAGS = frozenset(
    "-m --module --no-banner --reload --no-reload --stateless --skip-env --skip-source --help".split()
)


def _read_mcp(command: StartCommand, words: list[str]) -> None:
    """``mcp run FILE[:NAME]``, and fastmcp, which has ``-m MODULE`` too: that is ``python -m MODULE``.

    The file's folder comes first on the import path (mcp.cli.cli, fastmcp.cli.run).
    """
    options = Options(words[1:], _MCP_FLAGS)
    target = options.rest[0] if options.rest and words[0] == "run" else ""
    path, _, attribute = target.partition(":")
    if target and not {"-m", "--module"}.isdisjoint(options.values):
        command.own_roots.append(command.directory)
        command.add_entry_point(target)
    elif path.endswith(".py"):
        path = command.resolve_path(path)
        command.roots.append(os.path.dirname(path))
        command.add_script(path, attribute.split("(")[0] or None)
    else:
        command.notes.append("%s names no Python file, so it is not followed" % command.text)


READERS = {
    "shiny": _read_shiny,
    "locust": _read_locust,
    "bokeh": _read_bokeh,
    "panel": _read_bokeh,
    "mcp": _read_mcp,
    "fastmcp": _read_mcp,
}
