"""The classes that a file of logging settings names: a server loads them before the application."""

from __future__ import annotations

import os

from importguard.probe.files import read_text
from importguard.probe.start.start_command import StartCommand, is_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def load_logging_settings(command: StartCommand, path: str, kind: str = "") -> None:
    """Load what the file names. ``kind`` is "json", "yaml" or "ini"; without it, the ending tells it."""
    text = read_text(command.resolve_path(path))
    if text is None:
        command.missing_file = command.missing_file or path
        return
    kind = kind or {".json": "json", ".yaml": "yaml", ".yml": "yaml"}.get(os.path.splitext(path)[1], "ini")
    if kind == "yaml":
        command.workers.append(("yaml", None))
    read = {"json": _names_of_json, "yaml": _names_of_yaml}.get(kind)
    names = read(text) if read else _names_of_sections(command.resolve_path(path))
    for name in sorted(set(names)):
        load_class(command, name)


def load_class(command: StartCommand, dotted: str) -> None:
    """Load a class that is named ``package.module.Class``; the first part in capitals is the class."""
    parts = dotted.replace(":", ".").split(".")
    capitals = [at for at, part in enumerate(parts) if part[:1].isupper()]
    end = capitals[0] if capitals else len(parts) - 1
    module = ".".join(parts[:end])
    if module and is_dotted(module) and parts[0] != "logging":
        command.workers.append((module, parts[end]))


def _names_of_json(text: str) -> Iterator[str]:
    """The names of a dictionary for logging.config.dictConfig; none where it is not one."""
    from json import loads

    try:
        settings = loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(settings, dict) or settings.get("incremental"):
        return
    for group in ("formatters", "filters", "handlers"):
        parts: Any = settings.get(group)
        for part in parts.values() if isinstance(parts, dict) else ():
            name = (part.get("()") or part.get("class")) if isinstance(part, dict) else None
            if isinstance(name, str):
                yield name


def _names_of_yaml(text: str) -> Iterator[str]:
    """The names that stand behind ``class:`` and ``(): `` on a line; the probe has no reader for YAML."""
    for line in text.split("\n"):
        key, colon, value = line.strip().lstrip("{- ").partition(":")
        if colon and key.strip("\"' ") in ("class", "()"):
            name = value.split("#")[0].split(",")[0].strip("\"' }")
            if is_dotted(name.replace(":", ".")):
                yield name


def _names_of_sections(path: str) -> Iterator[str]:
    """The names of a file for logging.config.fileConfig; those that ``logging`` itself has are left out."""
    from importguard.probe.start.process_managers import read_sections

    sections = dict(read_sections(path))
    for group, prefix in (("formatters", "formatter_"), ("handlers", "handler_")):
        for key in sections.get(group, {}).get("keys", "").split(","):
            name = sections.get(prefix + key.strip(), {}).get("class", "")
            if "." in name and not name.startswith("handlers."):
                yield name
