"""The process that watches: PID 1 of the container, never importing a line of the application.

Protocol. The host starts ``python -I -S -c BOOT`` in the image. On standard input it sends the probe's files
and the request, and keeps it open; at its end the supervisor ends, and with it everything in the container.
(Not as arguments: an engine copies those many times, and all processes of the container can read them.) What
is found goes to standard output as frames: a newline, the secret of this run, a space, one JSON object, a
newline. The host finds them in one merged stream, whatever else is printed. Events, in order: ``discovery``
(what is to be imported, and how), ``preparation`` where there is one, ``module`` (one for each, as soon as
its verdict is final), ``left`` where files were left behind, ``entrypoint``, ``sites``, ``clues`` (many
pieces, see ``clues.gather_clues``), ``end``. A stream without ``end`` is no verdict.

Two kinds of workers import the application. A *fresh* worker imports one module and is the definition of a
verdict. The *sweep* imports all of them in one process and says where it may be wrong: those are asked again
in fresh workers. A worker that dies is no verdict either: the module that it had announced is asked again.
Where a module ended its process without a word, a *where* worker imports it once more and says where it is.
"""

from __future__ import annotations

import os
import time

from importguard.probe.conclusion import (
    PRIVATE,
    clues_of_failures,
    entrypoint_events,
    has_trouble,
    notes_for_reader,
    scopes_to_read,
)
from importguard.probe.leftovers import Leftovers
from importguard.probe.processes import call_in_child
from importguard.probe.select.discover import discover_application
from importguard.probe.verdicts import Verdict
from importguard.probe.worker_pool import WorkerPool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from importguard.probe.start.launch import Launch
    from importguard.probe.values import Preparation, Request, SiteValues

CLUE_SECONDS = 8.0  # when gathering clues, which has a limit of its own, is taken to hang


class Supervisor(WorkerPool):
    """Runs the workers, decides which verdicts are final, and tells the host."""

    def __init__(self, request: Request, sources: Mapping[str, str]) -> None:
        super().__init__(request, sources, self.write_frame)
        # Whether another container has looked at the application, and only verdicts are asked for.
        self.is_second_look = bool(request["only"] or request["reverse"])
        self.introduced = False

    # -- to the host

    def write_frame(self, event: str, **values: object) -> None:
        """Write one frame to standard output."""
        import json  # Loaded while the first worker starts.

        frame = "\n{} {}\n".format(self.secret, json.dumps(dict(values, event=event)))
        data = frame.encode("ascii")
        while data:
            data = data[os.write(1, data) :]

    # -- the run

    def run_probe(self) -> None:
        """Discover, import, report; returns when everything has been said."""
        found, self.scene = discover_application(self.request, self.launch)
        self.found = self.verdicts.found = found
        if found["error"]:
            self.tell_discovery()
            self.launch.end_asked_worker()
            self.write_frame("end", complete=False, error=found["error"])
            return
        only = self.request["only"]
        self.modules = [name for name, _ in found["modules"] if not only or name in only]
        leftovers = Leftovers(os.getcwd(), os.environ)
        self.setup = found["setup"]
        for entry in found["entrypoints"]:
            if entry["module"]:
                wanted = self.attributes.setdefault(entry["module"], [])
                if entry["attribute"]:
                    wanted.append(entry["attribute"])
                start = self.starts.setdefault(entry["module"], entry.get("start") or {})
                script = start.get("script")
                if script:
                    self.verdicts.scripts[entry["module"]] = script["path"]
        if self.setup:
            self.judge_preparation(self.setup)
        self.judge_modules()
        readers = [] if self.is_second_look else leftovers.modules_naming_new_files(dict(found["modules"]))
        if readers:
            self.write_frame("left", readers=readers)
        self.tell_conclusion()

    def tell_discovery(self) -> None:
        """Say what was discovered, once."""
        if not self.introduced:
            self.introduced = True
            told = {key: value for key, value in self.found.items() if key not in PRIVATE}
            environ = self.launch.environ.items()
            existing = [name for name, value in environ if value[:1] == "/" and os.path.exists(value)]
            self.write_frame("discovery", existing=existing, **told)

    def judge_preparation(self, setup: Preparation) -> None:
        """Judge the preparation on its own; where it fails, the modules are judged with its variables only.

        A start sets DJANGO_SETTINGS_MODULE before it imports anything: without it, a package's celery.py that
        names other settings by default made every module that reads settings fail.
        """
        worker = self.start_worker("prepare", [])
        self.run_workers()
        ended, detail = worker.how_it_ended()
        outcome, raised, detail = worker.prepared or (ended, None, detail)
        failure = self.verdicts.failure_values(raised)
        told = {"description": setup["description"], "outcome": outcome, "detail": detail}
        self.write_frame("preparation", failure=failure, **told)
        if outcome != "imported":
            self.verdicts.failures.append(failure)
            self.setup = {**setup, "callable": ""}

    def judge_modules(self) -> None:
        """Give every module its verdict."""
        jobs = self.request["jobs"]
        if self.request["exact"] or len(self.modules) <= jobs:
            self.fresh.extend(self.modules)
        else:
            self.fresh.extend(name for name in self.modules if name in self.starts)
            self.plan_sweep()
        self.run_workers()
        self.tell_discovery()
        for name in self.modules:
            if name not in self.verdicts:
                why, seconds = self.broken or "time ran out", self.unfinished.get(name, 0.0)
                unchecked = Verdict(name, "unchecked", None, why, seconds)
                self.verdicts.make_final(self.ended.get(name, unchecked))

    def tell_conclusion(self) -> None:
        """Say what needs all verdicts: the entry points, and what else would not resolve.

        What is known is told as fully as ever when time has run out: this has its own time.
        """
        self.ends = max(self.ends, time.monotonic() + CLUE_SECONDS)
        outcomes = self.verdicts.outcome_by_module
        for event in entrypoint_events(self.found, outcomes, self.loaded, self.lost):
            self.write_frame("entrypoint", **event)
        scopes = scopes_to_read(self.found, outcomes)
        sites = self.tell_unresolved_imports(scopes)
        self.write_frame("sites", sites=sites)
        self.tell_clues([site[1] for site in sites])
        late = any(outcome == "unchecked" for outcome in outcomes.values())
        error = (self.broken or "time ran out") if late else None
        notes = [*self.verdicts.programs, *notes_for_reader(self.only_read, self.stumbled)]
        out_of_time = late and self.broken is None
        self.write_frame("end", notes=notes, complete=not late, error=error, out_of_time=out_of_time)

    def tell_clues(self, unreached: list[str]) -> None:
        """Say what lies around failures; of a sound image what a source is compared with, if anything."""
        scene, seconds = self.scene, self.ends - time.monotonic()
        if scene is None or seconds <= 0 or self.is_second_look:
            return
        failures = self.verdicts.failures
        troubled = has_trouble(self.found, failures, self.lost, unreached)
        if not (troubled or self.request["source"] or scene.has_extensions()):
            return

        def tell() -> None:
            clues = clues_of_failures(
                self.found, scene, self.request, seconds, failures, self.lost, unreached
            )
            for kind, values in clues:
                self.write_frame("clues", kind=kind, values=values)

        if not call_in_child(tell, min(seconds, CLUE_SECONDS)):
            self.write_frame("clues", kind="notes", values=["gathering clues broke off"])

    def tell_unresolved_imports(self, scopes: Mapping[str, list[str]]) -> list[SiteValues]:
        """The imports whose target is not in the image. What a module is known to lack is not said again."""
        if not scopes:
            return []
        from importguard.probe.code.sites import unresolved_imports

        known = {failure["missing"] for failure in self.verdicts.failures if failure}
        return unresolved_imports(scopes, dict(self.found["modules"]), known, self.names_without_finder)

    def names_without_finder(self, names: list[str]) -> Collection[str]:
        """Those of the top-level ``names`` that no finder of the application knows."""
        finder = self.scene.finder if self.scene else None
        names = [name for name in names if finder is None or finder.locate_module(name) is None]
        if names and time.monotonic() < self.ends:
            self.start_worker("find", [], find=names)
            self.run_workers()
        return self.absent

    def plan_sweep(self) -> None:
        """Leave to the sweep what it can judge, and note what it has to watch."""
        from importguard.probe.code.sites import patched_names, sought_modules

        names = reversed(self.modules) if self.request["reverse"] else self.modules
        self.sweep.extend(name for name in names if name not in self.starts)
        for name, path in self.found["modules"]:
            if path and path.endswith(".py"):
                patched = patched_names(name, path)
                self.patchable |= patched
                if "_getframe" in patched:
                    self.asking_importers[name] = sought_modules(path)
                if "putenv" in patched:
                    self.fatal[name] = "ask"  # what it does can't be seen, nor undone


def run(request: Request, launch: Launch | Exception, sources: Mapping[str, str]) -> None:
    """Run the probe for ``request``; ``sources`` are the probe's files by module name.

    ``launch`` is what went wrong, where it could not be read how the container starts.
    """
    supervisor = Supervisor(request, sources)
    try:
        if isinstance(launch, Exception):
            raise launch
        supervisor.launch = launch
        supervisor.run_probe()
    except Exception as error:
        supervisor.write_frame(
            "end", complete=False, error="the probe failed: {!r} {}".format(error, _where(error))
        )
    os._exit(0)


def _where(error: Exception) -> str:
    step: Any = error.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return "({}:{})".format(step.tb_frame.f_code.co_name, step.tb_lineno)
