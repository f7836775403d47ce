"""A program that a project of the source defines is not there: project-not-installed."""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.situation import LIKELY, Situation, location_of, make_diagnosis, place_and_line
from importguard.model import Diagnosis, Location
from importguard.rules.imports import START_PROGRAM
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import ProjectScript

_PROJECT_TOOLS = frozenset({"uv", "poetry", "pdm"})
_WITHOUT_PROJECT = frozenset({"--no-root", "--no-install-project", "--no-self"})


def program_of_project(case: Situation) -> Optional[Diagnosis]:
    """An installer would have written the program, and no line of the Dockerfile installs the project."""
    problem, source = case.evidence.problem, case.source
    if case.rule is not START_PROGRAM or problem is None or problem.why != "absent":
        return None
    if source is None or source.dockerfile is None:
        return None
    name = posixpath.basename(problem.program)
    script = next((one for one in source.scripts if one.name == name), None)
    reason = _why_not_installed(script, source.dockerfile) if script else None
    if script is None or reason is None:
        return None
    why, remedy, location = reason
    return make_diagnosis(
        "project-not-installed",
        LIKELY,
        f"An installer writes {name}, which {place_and_line(script.place)} defines, and {why}.",
        remedy,
        location,
    )


def _why_not_installed(
    script: ProjectScript, dockerfile: Dockerfile
) -> Optional[tuple[str, str, Optional[Location]]]:
    """(why, remedy, line to change); None where a line installs the project. Each stage counts: the final
    one may copy what another installed."""
    tools = [one for one in dockerfile.installs if one.tool in _PROJECT_TOOLS]
    whole = [one for one in dockerfile.installs if one.locals or one.editable]
    if any(script.is_packaged or one not in tools for one in whole):
        return None
    if whole:
        return (
            f"{whole[-1].tool} installs no project that is not packaged",
            f"add a [build-system] to {script.place.path}, and take out 'package = false' or "
            "'package-mode = false' where it stands",
            location_of(script.place),
        )
    if not tools:
        return (
            "no line installs the project",
            "add 'RUN pip install .' below the COPY lines of the project",
            Location(dockerfile.path, dockerfile.stages[dockerfile.final].line),
        )
    install = tools[-1]
    words = " ".join(word for word in install.text.split() if word not in _WITHOUT_PROJECT)
    return (
        f"{dockerfile.path}:{install.line} installs what the project requires, but not the project",
        f"add 'RUN {words}' below the COPY lines of the project",
        Location(dockerfile.path, install.line),
    )
