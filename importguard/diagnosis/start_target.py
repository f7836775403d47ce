"""Where the object of a start command is named: not in the module that lacks it, but in what names it."""

from __future__ import annotations

import re
from typing import Optional

from importguard.diagnosis.situation import CERTAIN, Situation, file_and_line, make_diagnosis
from importguard.evidence.imports import EntryPoint
from importguard.model import Diagnosis, Location
from importguard.source.command_lines import command_line_holding

_CONFIGURATION = re.compile(r"[^\s=,:'\"]+\.(?:ini|py|toml|cfg|conf|json|ya?ml|xml)(?![\w.])")
_DEFAULT_CONFIGURATIONS = {"gunicorn": "gunicorn.conf.py"}
"""The files that a program reads without being told (gunicorn's documentation, "Configuration File")."""


def missing_instance(case: Situation) -> Optional[Diagnosis]:
    """A server looks for any object of a class in the module, and there is none."""
    entry = _lost_entry(case)
    if entry is None or " " not in (entry.attribute or ""):
        return None
    return make_diagnosis(
        "missing-name",
        CERTAIN,
        f"The module '{entry.module}' imports, and binds no {entry.attribute}.",
        f"create one at the top level of '{entry.module}', or name the file that does in the start command",
        case.finding.location,
    )


def naming_place(case: Situation) -> tuple[str, Optional[Location]]:
    """Say where to correct the name, in words and as a place where that is known.

    It is the line that imports it, the Dockerfile's CMD or ENTRYPOINT, or the configuration that the command
    reads: the ``[uwsgi]`` of an ini file, the ``wsgi_app`` of gunicorn.conf.py.
    """
    entry = _lost_entry(case)
    if entry is None:
        return "the start command", None
    if entry.imported_at is not None:
        place = case.source_location(*entry.imported_at)
        return file_and_line(place), place
    named = _CONFIGURATION.findall(entry.command)
    if _is_in_command(entry.attribute, entry) or (not named and _is_in_command(entry.module, entry)):
        dockerfile = case.source.dockerfile if case.source else None
        names = [name for name in (entry.module, entry.attribute) if name and _is_in_command(name, entry)]
        line = command_line_holding(dockerfile, *names)[0] if dockerfile else None
        return (f"the start command at {file_and_line(line)}" if line else "the start command"), line
    program = next((name for name in _DEFAULT_CONFIGURATIONS if name in entry.command), "")
    file = named[-1] if named else _DEFAULT_CONFIGURATIONS.get(program)
    return file or "the configuration that the start command reads", Location(file) if file else None


def _is_in_command(name: Optional[str], entry: EntryPoint) -> bool:
    """Whether the command has the name; ``gunicorn shop`` has the module's, and means its ``application``."""
    return bool(name) and re.search(rf"(?<![\w.]){re.escape(name or '')}\b", entry.command) is not None


def _lost_entry(case: Situation) -> Optional[EntryPoint]:
    """The entry point that the finding is of."""
    return next(
        (
            entry
            for entry in case.evidence.entrypoints
            if entry.outcome == "missing_attribute" and f"{entry.module}.{entry.attribute}" == case.missing
        ),
        None,
    )
