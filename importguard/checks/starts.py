"""IG501, IG505 to IG507: how a service ends, how soon it is ready, and whether it hears SIGTERM."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import USUAL_SECONDS_TO_READY, ServiceStart
from importguard.failures.application import application_code
from importguard.failures.frames import frame_location
from importguard.failures.memory import OUT_OF_MEMORY, doubled_memory, memory_in_words
from importguard.failures.service import dumped_frame, logged_finding, service_finding
from importguard.model import Diagnosis, Finding
from importguard.rules.start import MEMORY, SLOW_START, START_EXITS, STOP
from importguard.source.command_lines import command_line
from importguard.source.model import Source

_CODES = {
    0: "by itself: a service keeps running, and so does a worker",
    126: "because the command cannot be executed: it is no program, or lacks the permission",
    127: "because a command is not found",
    132: "by an illegal instruction (SIGILL): something is built for another processor",
    134: "because it aborted itself (SIGABRT)",
    137: "because it was killed (SIGKILL)",
    139: "by a segmentation fault (SIGSEGV)",
    143: "by SIGTERM, which nobody here had sent",
}
_CRASHES = (132, 134, 135, 136, 139)
_SLOW_IMPORT, _MOST_IMPORTS = 0.3, 4
_SHELLS = re.compile(r"(?:/usr)?(?:/bin/)?(?:ba|da|a)?sh -[a-z]*c\b")


def check_container_start(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """Nothing where the image was not started."""
    start = evidence.start
    if start is None or start.skipped or start.error or start.refusal:
        return []
    has_ended = start.ending or start.out_of_memory
    found = [_ended(start, evidence)] if has_ended else list(_files_in_memory(start))
    return [*found, *_warnings(start, evidence, source)] if start.ready is not None else found


def _ended(start: ServiceStart, evidence: Evidence) -> Finding:
    """IG501, or IG506 where memory was the end of it."""
    code = start.ending.code if start.ending else 0
    when = "before it was ready" if start.ready is None else "after it had been ready"
    if start.out_of_memory:
        what = "It" if start.ending else "A process of it"
        message = f"{what} was killed {when}, because it used more memory than it may."
        return service_finding(MEMORY, start.command, message, diagnosis=_memory(start))
    meaning = f" {_CODES[code]}" if code in _CODES else ""
    message = f"It ended with exit code {code} {when}{',' if meaning else ''}{meaning}."
    finding = logged_finding(START_EXITS, start.command, message, start, evidence)
    frame = dumped_frame(start.log, evidence) if code in _CRASHES and finding.location is None else None
    return replace(finding, location=frame_location(frame, application_code(evidence))) if frame else finding


def _files_in_memory(start: ServiceStart) -> Iterator[Finding]:
    """IG506 where the platform's file system is memory, and what was written fits there no more."""
    used = start.memory_held + start.written
    if start.settings.platform == "cloud-run" and start.written and used > start.memory:
        held, written = map(memory_in_words, (start.memory_held, start.written))
        message = f"Its processes hold {held}, and the files that it wrote {written}: memory on Cloud Run."
        yield service_finding(MEMORY, start.command, message, diagnosis=_memory(start))


def _memory(start: ServiceStart) -> Diagnosis:
    """The limit, by whom it was set, and how to raise it: --memory holds where nothing else gives one."""
    is_set, more = start.settings.memory is not None, doubled_memory(start.memory)
    is_cloud_run = start.settings.platform == "cloud-run"
    whose = " that Cloud Run gives unless told otherwise" if is_cloud_run else " (--memory)"
    option = "" if is_set or is_cloud_run else f"--memory {more}, or "
    return Diagnosis(
        OUT_OF_MEMORY,
        f"It has {memory_in_words(start.memory)}{'' if is_set else whose}.",
        f'give it as much as production has ({option}memory = "{more}" in [start]), or let it use less',
        None,
        "certain",
    )


def _slowest_imports(evidence: Evidence) -> str:
    """Which imports take most of the time, as the import check measured them: each with what it imports."""
    slow = sorted(
        (module for module in evidence.modules if module.seconds >= _SLOW_IMPORT),
        key=lambda one: -one.seconds,
    )
    listed = ", ".join(f"{one.name} {one.seconds:.1f} s" for one in slow[:_MOST_IMPORTS])
    return f" Imports that take long: {listed}." if listed else ""


def _warnings(start: ServiceStart, evidence: Evidence, source: Optional[Source]) -> Iterator[Finding]:
    """IG505 and IG507: it runs, but slowly, or deaf."""
    limit, ready = start.settings.max_start_time, start.ready or 0.0
    allowed = f"{limit:g} s are allowed" if limit is not None else ""
    if limit is None and start.settings.has_default_time:
        limit = USUAL_SECONDS_TO_READY
        who = "Cloud Run gives it" if start.settings.platform == "cloud-run" else "it has"
        allowed = f"{who} {start.settings.seconds_to_ready:.0f} s"
    if limit is not None and ready > limit:
        launched = f"its container runs after {start.launched:.1f} s, " if start.launched is not None else ""
        accepted = f"{launched}its port accepts after {start.accepted or 0.0:.1f} s"
        imports = _slowest_imports(evidence)
        message = f"It is ready after {ready:.1f} s, and {allowed}: {accepted}.{imports}"
        yield service_finding(SLOW_START, start.command, message)
    if start.killed:
        first = next((process for process in start.surroundings.processes if process.number == 1), None)
        shell = first is not None and _SHELLS.match(first.command) is not None
        location, quote = command_line(start, source)
        told = Diagnosis(
            "shell-as-first-process" if shell else "sigterm-unheard",
            f"The first process is a shell, which passes no signal on: {first.command[:120]}."
            if shell and first
            else "The first process of a container gets no signal that it has no handler for.",
            "write the command as a list, or with exec: CMD exec …"
            if shell
            else "handle SIGTERM, or put an init before it: tini, or dumb-init",
            location if shell else None,
            "certain" if shell else "likely",
            quote if shell else None,
        )
        message = "SIGTERM did not end it within 10 s: it had to be killed."
        yield service_finding(STOP, start.command, message, diagnosis=told)
