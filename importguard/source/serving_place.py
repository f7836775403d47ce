"""The line to change where a service listens where it should not: of the Dockerfile, a script or the code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.model import Location
from importguard.source.command_lines import command_line
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import ServingLine, Source

LinePlace = tuple[Optional[Location], Optional[str]]

_NOWHERE: LinePlace = (None, None)
_SERVER = re.compile(
    r"(?:^|[\s/'\"])(?:gunicorn|uvicorn|hypercorn|daphne|flask|waitress(?:-serve)?|fastapi|granian|streamlit|uwsgi"
    r"|runserver|http\.server|sanic|chainlit|gradio|nginx)(?=$|[\s:'\"])"
)
"""Programs that bind what their command, their variables or their configuration say: no line of the code."""

_OWN_CONFIGURATION = re.compile(r"(?:gunicorn|hypercorn|granian)\w*(?:\.\w+)?\.py$")
_INSIDE = re.compile(r"127\.0\.0\.1|localhost|::1")
_NUMBER = r"(?<![\w.]){}(?![\w.])"


def serving_place(
    evidence: Evidence, source: Optional[Source], listener: tuple[str, int], is_loopback: bool
) -> LinePlace:
    """The line that makes the service listen on this port, or on an address of loopback, with its words.

    The command's own words come first, then those of the scripts that it names, then ENV, then the code: but
    not where a server is started by its command. Nothing where several lines may be the one.
    """
    start = evidence.start
    if start is None or source is None:
        return _NOWHERE
    pattern = _INSIDE if is_loopback else re.compile(_NUMBER.format(listener[1]))
    place = _matching_command(start, source, pattern)
    scripts = [line for line in source.serving_lines if line.kind == "script"]
    place = place if place[0] else _only(scripts)
    if place[0] is None and source.dockerfile is not None:
        place = _variable(source.dockerfile, pattern, start)
    if place[0] is not None:
        return place
    code = [line for line in source.serving_lines if line.kind != "script"]
    if _runs_a_server(start):
        configured = _only([one for one in code if _OWN_CONFIGURATION.search(one.place.path)])
        return configured if configured[0] else command_line(start, source)
    place = _of_code(code, evidence, source)
    return place if place[0] or not is_loopback else command_line(start, source)


def _matching_command(start: ServiceStart, source: Source, pattern: re.Pattern[str]) -> LinePlace:
    location, words = command_line(start, source)
    return (location, words) if words and pattern.search(words) else _NOWHERE


def _variable(dockerfile: Dockerfile, pattern: re.Pattern[str], start: ServiceStart) -> LinePlace:
    """The ENV line that sets a variable to it, such as UVICORN_PORT. Cloud Run sets PORT itself."""
    stage = dockerfile.stages[dockerfile.final]
    is_set = {"PORT"} if start.settings.platform == "cloud-run" else set()
    found = [name for name, value in stage.env.items() if name not in is_set and pattern.search(value)]
    lines = [(stage.env_lines[name], name) for name in found if name in stage.env_lines]
    if len(lines) != 1:
        return _NOWHERE
    line, name = lines[0]
    return Location(dockerfile.path, line), f"{name}={stage.env[name]}"


def _runs_a_server(start: ServiceStart) -> bool:
    commands = [start.command, *(process.command for process in start.surroundings.processes)]
    return any(_SERVER.search(command) for command in commands)


def _of_code(lines: Sequence[ServingLine], evidence: Evidence, source: Source) -> LinePlace:
    """Of the code's lines, one of what the start command runs, else one of what that imports, else any.

    A call tells more than a variable: what a variable holds may be meant for others.
    """
    started = {entry.module for entry in evidence.entrypoints if entry.module}
    reached = {name for entry in evidence.entrypoints for name in entry.reaches}
    for names in (started, reached):
        ours = [one for one in lines if _is_of(one, names, evidence, source)]
        place = _first_kind(ours)
        if place[0] is not None:
            return place
    return _first_kind(lines)


def _first_kind(lines: Sequence[ServingLine]) -> LinePlace:
    calls = [one for one in lines if one.kind == "call"]
    return _only(calls or lines)


def _only(lines: Sequence[ServingLine]) -> LinePlace:
    """The place of a single line; where there are several, no word can be said."""
    if len(lines) != 1:
        return _NOWHERE
    place = lines[0].place
    return Location(place.path, place.line), place.text


def _is_of(line: ServingLine, names: set[str], evidence: Evidence, source: Source) -> bool:
    """Whether a line is in a file that is one of these modules in the image."""
    files = {module.path for module in evidence.modules if module.path and module.name in names}
    path = line.place.path
    copied = {destination for destination, origin in source.copied_from.items() if origin == path}
    return bool(files & copied) or (not copied and any(file.endswith(f"/{path}") for file in files))
