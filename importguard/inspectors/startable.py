"""Which images of a run can be started, in what order, and what their start says of the import check."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from importguard.engines.base import Engine, Image
from importguard.errors import NoPythonError, NothingToImportError
from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart, StartSettings
from importguard.inspectors.asking import Asker
from importguard.inspectors.inspected import Inspected
from importguard.inspectors.probe_output import image_facts
from importguard.model import Outcome

FAILED = ("failed", "exited", "crashed", "missing_attribute")
"""What breaks a start for certain. A target that does not end may be the program itself, without a guard."""

_RUNS_PYTHON = re.compile(r"(?:^|[\s/])python[\d.]*\s")
_OTHER_SERVERS = frozenset(
    {"nginx", "caddy", "node", "nodejs", "httpd", "httpd-foreground", "apache2", "apachectl", "apache2ctl"}
    | {"lighttpd", "haproxy", "traefik", "envoy", "serve", "http-server", "bun", "deno", "java", "php-fpm"}
)
_BEFORE_A_PROGRAM = frozenset(
    {"tini", "dumb-init", "catatonit", "sh", "bash", "-c", "--", "exec", "docker-entrypoint.sh"}
)
_NO_PYTHON = "There is no Python in the image: it was only started and asked."


def in_waves(inspected: Sequence[Inspected]) -> list[list[int]]:
    """The images so that each comes in a wave after those of the images that it needs. There is no circle."""
    needs = {
        one.config.name: one.config.start.needs for one in inspected if one.config.name and one.config.start
    }

    def depth(needed: Sequence[str]) -> int:
        return max((1 + depth(needs[name]) for name in needed if name in needs), default=0)

    waves: dict[int, list[int]] = {}
    for index, one in enumerate(inspected):
        waves.setdefault(depth(one.config.start.needs if one.config.start else ()), []).append(index)
    return [waves[number] for number in sorted(waves)]


def why_not_started(inspected: Inspected, evidence: Evidence) -> Optional[ServiceStart]:
    """Why it is not started: its program is not there, or what its command loads failed to import."""
    if inspected.config.start_anyway:
        return None
    if evidence.problem is not None:
        program = evidence.problem.program
        why = f"its program {program} cannot be started; --start-anyway tries it all the same"
        return ServiceStart(program, StartSettings(), skipped=why)
    failing = failing_target(evidence)
    if failing is None:
        return None
    why = f"its start command loads {failing.target}, which fails; --start-anyway starts it all the same"
    return ServiceStart(failing.command, StartSettings(), skipped=why)


def failing_target(evidence: Evidence) -> Optional[EntryPoint]:
    """The start command whose target failed to import: the container would end by the same failure."""
    return next((entry for entry in evidence.entrypoints if entry.outcome in FAILED), None)


def with_shown_targets(evidence: Evidence) -> Evidence:
    """Count a target whose import timed out as imported where the started container proved that it runs.

    As ``python3 main.py`` without ``if __name__ == "__main__"``: importing it runs the server. Where Python
    does not run the target itself, only a right answer shows it, and of a command with one target: an open
    port may be another's, and a worker that hangs in an import stays up, too.
    """
    start = evidence.start
    if start is None or not start.held:
        return evidence
    answered = bool(start.http or start.websocket or start.grpc or start.health)
    is_only_one = len({entry.module for entry in evidence.entrypoints}) == 1
    shown = {
        entry.module
        for entry in evidence.entrypoints
        if entry.outcome == "timed_out" and (_RUNS_PYTHON.search(entry.command) or (answered and is_only_one))
    }
    if not shown:
        return evidence
    why = (
        f"Importing {', '.join(sorted(map(str, shown)))} does not end: it is a program, and its start shows "
    )
    return replace(
        evidence,
        modules=tuple(
            replace(one, outcome=Outcome.IMPORTED)
            if one.name in shown and one.outcome == "timed_out"
            else one
            for one in evidence.modules
        ),
        entrypoints=tuple(
            replace(entry, outcome="ok") if entry.module in shown else entry for entry in evidence.entrypoints
        ),
        notes=(*evidence.notes, why + 'that it runs. if __name__ == "__main__": would let it be imported.'),
    )


def asker_of(inspected: Inspected) -> Optional[Asker]:
    """The image itself, where it has a Python that can ask."""
    if inspected.image is None or inspected.evidence is None or not inspected.evidence.executable:
        return None
    return Asker(inspected.image, inspected.evidence.executable)


def why_only_started(inspected: Inspected) -> str:
    """What a report says of an image of which nothing can be imported, and which is started all the same.

    Images of Node bring a Python for their builds, Debian's nginx may have one. Nothing to import is no pass
    where the start command may be Python's.
    """
    if inspected.evidence is not None or inspected.image is None:
        return ""
    if isinstance(inspected.error, NoPythonError):
        return _NO_PYTHON
    server = _other_server(inspected.image, inspected.config.commands)
    if isinstance(inspected.error, NothingToImportError) and server:
        return f"{server} starts the image, which holds nothing to import: it was only started and asked."
    return ""


def _other_server(image: Image, commands: Sequence[str]) -> str:
    """The program of the start command, where that is a known one that is not Python's."""
    text = " ".join([*image.entrypoint, *(commands[:1] or image.cmd)])
    names = (os.path.basename(word) for word in text.split())
    name = next((name for name in names if name not in _BEFORE_A_PROGRAM), "")
    return name if name in _OTHER_SERVERS and "python" not in text else ""


def evidence_without_python(image: Image, engine: Engine, note: str) -> Evidence:
    """The evidence of an image in which nothing can be imported."""
    return Evidence(
        executable="",
        version="",
        implementation="",
        import_path=(),
        modules=(),
        sites=(),
        entrypoints=(),
        preparation=None,
        complete=True,
        error=None,
        notes=(note,),
        details=(),
        seconds=0.0,
        image=image_facts(image, engine.history(image)),
    )
