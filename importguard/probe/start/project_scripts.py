"""Scripts that project managers run by name: ``pdm run serve``, ``poetry run serve``, ``hatch run serve``."""

from __future__ import annotations

import os

from importguard.probe.start.toml import read_toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TABLES = {
    "poetry": ("pyproject.toml", "tool.poetry.scripts"),
    "pdm": ("pyproject.toml", "tool.pdm.scripts"),
    "rye": ("pyproject.toml", "tool.rye.scripts"),
    "hatch": ("pyproject.toml", "tool.hatch.envs.%s.scripts"),
    "pipenv": ("Pipfile", "scripts"),
}


def script_of(manager: str, directory: str, words: list[str]) -> list[str] | None:
    """The words that a script of this name stands for; None where the project has none of it."""
    if manager not in _TABLES:
        return None
    file, table = _TABLES[manager]
    name = words[0]
    if manager == "hatch":
        environment, _, name = name.rpartition(":")
        table = table % (environment or "default")
    script = read_toml(os.path.join(directory, file), table).get(name)
    if manager == "hatch" and isinstance(script, str):
        script = script.replace("{args}", "")
    return _words(manager, script, words[1:])


def _words(manager: str, script: Any, arguments: list[str]) -> list[str] | None:
    if isinstance(script, dict):
        call = script.get("call") or script.get("callable") or script.get("reference")
        composite = script.get("composite") or script.get("chain")
        script = script.get("cmd") or script.get("shell") or composite
        if call:
            return _call(call)
    if isinstance(script, list):
        whole = all(isinstance(item, str) for item in script) and script
        return ["sh", "-c", " ; ".join(script)] if whole else None
    if not isinstance(script, str) or not script:
        return None
    is_call = manager == "poetry" or (":" in script and " " not in script and "/" not in script)
    return _call(script) if is_call else ["sh", "-c", script + ' "$@"', "sh", *arguments]


def _call(target: str) -> list[str]:
    """``module:function`` as Poetry and PDM call it."""
    module, _, function = target.partition("(")[0].partition(":")
    return ["python", "-c", "from %s import %s" % (module, function.split(".")[0])]
