"""Read the probe's frames from the container's output, and turn them into Evidence."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Optional

from importguard.engines.base import Exit, Image
from importguard.errors import InspectionError, NothingToImportError
from importguard.evidence.imports import (
    Cause,
    EntryPoint,
    Frame,
    ImportFailure,
    ImportSite,
    ModuleImport,
    Preparation,
    StartProblem,
    VariableLookup,
)
from importguard.evidence.inspection import MORE_TIME, Evidence, ImageFacts
from importguard.model import Outcome
from importguard.progress import Progress

if TYPE_CHECKING:
    from importguard.inspectors.surroundings import Gathered

_NOTHING = "nothing to import: "  # of ``probe/select/module_choice.py``
LONGEST_FRAME = 64 << 20
LONGEST_NOISE = 2000
LONGEST_MESSAGE = 4000
"""Characters of a message, about twice of what the probe sends: the image can write frames, too."""


class ProbeStream:
    """The probe's frames so far; ``only``: the modules that it was asked for, where not for all."""

    def __init__(self, secret: str, progress: Progress, only: Sequence[str] = ()) -> None:
        self.mark = secret.encode() + b" "
        self.progress = progress
        self.only = only
        self.begun = time.monotonic()
        self.discovery: dict[str, Any] = {}
        self.modules: dict[str, ModuleImport] = {}
        self.entrypoints: list[EntryPoint] = []
        self.sound_programs: set[str] = set()
        self.preparation: Optional[Preparation] = None
        self.sites: list[ImportSite] = []
        self.readers: list[str] = []
        self.clues: Optional[Gathered] = None
        self.end: Optional[dict[str, Any]] = None
        self.too_old = ""
        self.noise = b""

    def read_output(self, output: Iterator[bytes]) -> None:
        """Read the stream to the probe's last frame: what is left of the container is only to be removed."""
        buffer = b""
        for chunk in output:
            *lines, buffer = (buffer + chunk).split(b"\n")
            buffer = buffer[:LONGEST_FRAME] if buffer.startswith(self.mark) else buffer[-LONGEST_NOISE:]
            for line in lines:
                self.take_line(line)
            if self.end is not None:
                return
        self.noise += buffer[-LONGEST_NOISE:]

    def take_line(self, line: bytes) -> None:
        """Take in one line: a frame, or noise."""
        if not line.startswith(self.mark) or len(line) >= LONGEST_FRAME:
            self.noise = (self.noise + line + b"\n")[-LONGEST_NOISE:] if line else self.noise
            return
        try:
            self.take_event(json.loads(line[len(self.mark) :]))
        except (ValueError, LookupError, TypeError):
            self.noise = (self.noise + line + b"\n")[-LONGEST_NOISE:]  # torn by what something else printed

    def _take_entry_point(self, event: dict[str, Any]) -> None:
        self.entrypoints.append(_entrypoint(event))
        if event.get("is_program") and event["outcome"] == "ok":
            self.sound_programs.add(event["module"])

    def take_event(self, event: dict[str, Any]) -> None:
        """Take in one frame."""
        kind = event["event"]
        if kind == "discovery":
            self.discovery = event
        elif kind == "module":
            self.modules[event["name"]] = _module(event, self.module_paths().get(event["name"]))
            self.progress.show_count(len(self.modules), len(self.module_paths()), event["name"])
        elif kind == "entrypoint":
            self._take_entry_point(event)
        elif kind == "preparation":
            failure = _failure(event["failure"])
            self.preparation = Preparation(
                event["description"], Outcome(event["outcome"]), failure, event["detail"]
            )
        elif kind == "sites":
            self.sites = [
                ImportSite(module, target, tuple(names), line, scope, path, resolves=False)
                for module, target, names, line, scope, path in event["sites"]
            ]
        elif kind == "left":
            self.readers = event["readers"]
        elif kind == "clues":
            self._gathered().take_clue_values(event["kind"], event["values"])
        elif kind == "end":
            self.end = event
        elif kind == "too_old":
            self.too_old = f"{event['executable']} is {event['version']}"

    def _gathered(self) -> Gathered:
        """Loaded with the first clue: of a sound image there is none."""
        if self.clues is None:
            from importguard.inspectors.surroundings import Gathered

            self.clues = Gathered()
        return self.clues

    def module_paths(self) -> dict[str, str]:
        """Module name → file, of those that were asked for."""
        if "paths" not in self.discovery:
            found = self.discovery["modules"]
            self.discovery["paths"] = {
                name: path for name, path in found if not self.only or name in self.only
            }
        paths: dict[str, str] = self.discovery["paths"]
        return paths

    def _leave_out_sound_programs(self) -> None:
        """Forget the server's own module where it was imported well: it is no part of the application, unless
        other modules of its package are checked, too."""
        others = {name.partition(".")[0] for name in self.modules if name not in self.sound_programs}
        for name in self.sound_programs:
            if name.partition(".")[0] not in others:
                self.modules.pop(name, None)
                self.entrypoints = [entry for entry in self.entrypoints if entry.module != name]

    def build_evidence(self, ended: Optional[Exit]) -> Evidence:
        """All of it as Evidence; raises InspectionError where there is no verdict on anything."""
        error = self.end["error"] if self.end else _died(ended, self.noise)
        killed = ended is not None and ended.timed_out
        out_of_time = bool(self.end.get("out_of_time")) if self.end else killed
        if self.discovery and (why := str(self.discovery.get("error") or "")).startswith(_NOTHING):
            raise NothingToImportError(why)
        if not self.discovery or (not self.modules and error):
            raise InspectionError(f"{error}. {MORE_TIME}" if out_of_time else error)
        for name, path in self.module_paths().items():
            if name not in self.modules:
                self.modules[name] = ModuleImport(name, path, Outcome.UNCHECKED, detail="the check broke off")
                error = error or f"no verdict on {name} arrived: other output was mixed into the probe's"
        for name, path, reason in self.discovery["skipped"]:
            self.modules.setdefault(name, ModuleImport(name, path, Outcome.SKIPPED, detail=reason))
        self._leave_out_sound_programs()
        interpreter = self.discovery["interpreter"]
        return Evidence(
            executable=interpreter["executable"],
            version=interpreter["version"],
            implementation=interpreter["implementation"],
            import_path=tuple(self.discovery["search_path"]),
            # By name: the order in which verdicts become final is another in each run.
            modules=tuple(sorted(self.modules.values(), key=attrgetter("name"))),
            sites=tuple(self.sites),
            entrypoints=tuple(self.entrypoints),
            preparation=self.preparation,
            complete=bool(self.end and self.end["complete"]) and error is None,
            error=error,
            notes=(*self.discovery["notes"], *(self.end or {}).get("notes", ())),
            details=tuple(self.discovery["details"]),
            seconds=time.monotonic() - self.begun,
            out_of_time=out_of_time,
            clues=self.clues.build_clues() if self.clues else None,
            existing=tuple(self.discovery.get("existing", ())),
            readers=tuple(self.readers),
            in_context=tuple(self.end.get("in_context", ())) if self.end else (),
            problem=_start_problem(self.discovery.get("problem")),
        )


def _start_problem(plain: Optional[dict[str, str]]) -> Optional[StartProblem]:
    if plain is None:
        return None
    return StartProblem(plain["program"], plain["path"], plain["why"], plain["interpreter"])


def _died(ended: Optional[Exit], noise: bytes) -> str:
    if ended is not None and ended.timed_out:
        return "time ran out: the probe did not end in time"
    message = "the probe ended without a verdict"
    if ended is not None:
        message += f" (exit code {ended.code})"
        message += "; it ran out of memory, give it more with --memory" if ended.out_of_memory else ""
        message += "; an import started more processes than a check may have" * ended.too_many_processes
    said = noise.decode("utf-8", "backslashreplace").strip()
    return f"{message}. Its last words: {said[-500:]}" if said else message


def _failure(plain: Optional[dict[str, Any]]) -> Optional[ImportFailure]:
    if plain is None:
        return None
    return ImportFailure(
        plain["type"],
        plain["message"][:LONGEST_MESSAGE],
        plain["missing"],
        tuple(Frame(*frame) for frame in plain["frames"]),
        tuple(Cause(kind, text[:LONGEST_MESSAGE], *more) for kind, text, *more in plain["causes"]),
        tuple(VariableLookup(*lookup) for lookup in plain.get("lookups", ())),
        plain.get("named_from", ""),
        tuple(map(str, plain.get("required", ()))),
    )


def _entrypoint(event: dict[str, Any]) -> EntryPoint:
    return EntryPoint(
        event["command"],
        event["target"],
        event["module"],
        event["attribute"],
        event["outcome"],
        tuple(event["reaches"]),
        tuple(event["imported_at"]) if event.get("imported_at") else None,
    )


def _module(event: dict[str, Any], path: Optional[str]) -> ModuleImport:
    return ModuleImport(
        event["name"],
        path,
        Outcome(event["outcome"]),
        failure=_failure(event["failure"]),
        seconds=event["seconds"],
        culprit=event["culprit"],
        detail=event["detail"],
        output=event["output"],
        frames=tuple(Frame(*frame) for frame in event.get("frames", ())),
    )


def image_facts(image: Image, history: Sequence[str] = ()) -> ImageFacts:
    """The engine's facts of the image, without the values of its variables."""
    variables = dict(item.partition("=")[::2] for item in image.env)
    return ImageFacts(
        created=image.created,
        workdir=image.workdir,
        user=image.user,
        environment=tuple(sorted(variables)),
        empty_variables=tuple(sorted(name for name, value in variables.items() if not value)),
        python_path=variables.get("PYTHONPATH", ""),
        volumes=image.volumes,
        entrypoint=image.entrypoint,
        cmd=image.cmd,
        history=tuple(history),
    )
