"""How a virtual environment of the image comes into PATH: the ENV to add, and the line where it belongs."""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.situation import Situation, lies_below
from importguard.model import Location

_SYSTEM = ("/usr", "/usr/local")


def environment_of(python: str) -> Optional[str]:
    """The folder of the environment that an executable belongs to; None for the system's own Python."""
    folder, name = posixpath.split(posixpath.dirname(python))
    return folder if name == "bin" and folder not in ("", "/", *_SYSTEM) else None


def path_change(environment: str) -> str:
    """The line that puts the programs of the environment first."""
    return f'ENV PATH="{environment}/bin:$PATH"'


def path_line(environment: str, case: Situation) -> Optional[Location]:
    """The line that sets PATH in the final stage, else the one that brings the environment there."""
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None:
        return None
    stage, lineage = dockerfile.stages[dockerfile.final], dockerfile.lineage()
    if "PATH" in stage.env_lines:
        return case.dockerfile_location(stage.env_lines["PATH"])
    lines = [
        copy.line
        for copy in dockerfile.copies
        if copy.stage in lineage and copy.from_stage is not None and lies_below(environment, copy.destination)
    ]
    lines += [
        install.line
        for install in dockerfile.installs
        if install.stage in lineage and lies_below(install.interpreter or "/", environment)
    ]
    return case.dockerfile_location(max(lines, default=stage.line))
