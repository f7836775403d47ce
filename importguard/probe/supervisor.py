"""The process that watches: PID 1 of the container, never importing a line of the application.

Protocol. The host starts ``python -I -S -c BOOT`` in the image. On standard input it sends the probe's files
and the request, and keeps it open; at its end the supervisor ends, and with it everything in the container.
(Not as arguments: an engine copies those many times, and all processes of the container can read them.) What
is found goes to standard output as frames: a newline, the secret of this run, a space, one JSON object, a
newline. The host finds them in one merged stream, whatever else is printed. Events, in order: ``discovery``
(what is to be imported, and how), ``preparation`` where there is one, ``module`` (one for each, as soon as
its verdict is final, and again where the application's process names another cause), ``left`` where files
were left behind, ``entrypoint``, ``sites``, ``clues`` (many pieces, see ``clues.gather_clues``), ``end``. A
stream without ``end`` is no verdict.

Two kinds of workers import the application. A *fresh* worker imports one module and is the definition of a
verdict. The *sweep* imports all of them in one process and says where it may be wrong: those are asked again
in fresh workers. A worker that dies is no verdict either: the module that it had announced is asked again.
Where a module ended its process without a word, a *where* worker imports it once more and says where it is.
"""

from __future__ import annotations

import os
import time

from importguard.probe.child_processes import call_in_child
from importguard.probe.conclusion import (
    PRIVATE,
    clues_of_failures,
    entrypoint_events,
    has_trouble,
    notes_for_reader,
)
from importguard.probe.leftovers import Leftovers
from importguard.probe.select.discover import discover_application
from importguard.probe.verdict_decisions import VerdictDecisions
from importguard.probe.verdicts import Verdict, Verdicts
from importguard.probe.worker_pool import WorkerPool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from importguard.probe.select.scene import Scene
    from importguard.probe.start.launch import Launch
    from importguard.probe.values import Discovered, Preparation, Request, SiteValues

CLUE_SECONDS = 20.0  # when gathering clues, which has limits of its own, is taken to hang


class Host:
    """The machine that asks, which hears frames on standard output."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.knows_discovery = False

    def write_frame(self, event: str, **values: object) -> None:
        """Write one frame."""
        import json  # Loaded while the first worker starts.

        frame = "\n{} {}\n".format(self.secret, json.dumps(dict(values, event=event)))
        data = frame.encode("ascii")
        while data:
            data = data[os.write(1, data) :]

    def tell_discovery(self, discovery: Discovered, environ: Mapping[str, str]) -> None:
        """Say what was discovered, once; ``environ`` is the container's."""
        if not self.knows_discovery:
            self.knows_discovery = True
            told = {key: value for key, value in discovery.items() if key not in PRIVATE}
            existing = [name for name, value in environ.items() if value[:1] == "/" and os.path.exists(value)]
            self.write_frame("discovery", existing=existing, **told)


class Supervisor:
    """Has the application that was discovered imported by workers, and tells the host what comes of it.

    ``pool`` runs the workers, ``decisions`` says which verdicts are final.
    """

    def __init__(
        self,
        request: Request,
        discovery: Discovered,
        scene: Scene,
        host: Host,
        pool: WorkerPool,
    ) -> None:
        self.request = request
        self.discovery = discovery
        self.scene = scene
        self.host = host
        self.pool = pool
        self.decisions = pool.decisions
        self.verdicts = pool.decisions.verdicts
        # Whether another container has looked at the application, and only verdicts are asked for.
        self.is_second_look = bool(request["only"] or request["reverse"])
        self.notes: list[str] = []
        self.in_context: list[str] = []  # modules that fail on their own, and not in an application's context

    def judge_application(self) -> None:
        """Import, report; returns when everything has been said."""
        only = self.request["only"]
        self.pool.modules = [name for name, _ in self.discovery["modules"] if not only or name in only]
        leftovers = Leftovers(os.getcwd(), os.environ)
        self.decisions.note_entry_points(self.discovery["entrypoints"])
        if self.pool.setup:
            self.judge_preparation(self.pool.setup)
        self.judge_modules()
        files = dict(self.discovery["modules"])
        readers = [] if self.is_second_look else leftovers.modules_naming_new_files(files)
        if readers:
            self.host.write_frame("left", readers=readers)
        if self.verdicts.failures and self.discovery["entrypoints"] and not self.is_second_look:
            self.ask_in_context()
        self.tell_conclusion()

    def judge_preparation(self, setup: Preparation) -> None:
        """Judge the preparation on its own; where it fails, the modules are judged with its variables only.

        A start sets DJANGO_SETTINGS_MODULE before it imports anything: without it, a package's celery.py that
        names other settings by default made every module that reads settings fail.
        """
        worker = self.pool.start_worker("prepare", [])
        self.tell_discovery()
        self.pool.run_workers()
        ended, detail = worker.how_it_ended()
        outcome, raised, detail = worker.prepared or (ended, None, detail)
        failure = self.verdicts.failure_values(raised)
        told = {"description": setup["description"], "outcome": outcome, "detail": detail}
        self.host.write_frame("preparation", failure=failure, **told)
        if outcome != "imported":
            self.verdicts.failures.append(failure)
            self.pool.setup = {**setup, "callable": ""}

    def judge_modules(self) -> None:
        """Give every module its verdict."""
        modules, decisions = self.pool.modules, self.decisions
        if self.request["exact"] or len(modules) <= self.request["jobs"]:
            decisions.fresh.extend(modules)
        else:
            decisions.fresh.extend(name for name in modules if name in decisions.starts)
            self.plan_sweep()
        self.pool.start_waiting_work()
        self.tell_discovery()
        self.pool.run_workers()
        for name in modules:
            if name not in self.verdicts:
                why, seconds = self.why_incomplete(), self.pool.unfinished.get(name, 0.0)
                unchecked = Verdict(name, "unchecked", None, why, seconds)
                self.verdicts.make_final(decisions.ended.get(name, unchecked))

    def ask_in_context(self) -> None:
        """Ask the processes of start commands about what fails on its own for want of their application."""
        from importguard.probe.context_questions import ContextQuestions

        questions = ContextQuestions(self.request, self.discovery, self.pool)
        questions.ask_starts()
        self.notes, self.in_context = questions.notes, questions.imported

    def tell_discovery(self) -> None:
        """Tell the host what was discovered: while the first worker starts, which takes its time."""
        self.host.tell_discovery(self.discovery, self.pool.launch.environ)

    def why_incomplete(self) -> str:
        """Why modules have no verdict."""
        return self.pool.broken or "time ran out"

    def tell_conclusion(self) -> None:
        """Say what needs all verdicts: the entry points, and what else would not resolve.

        What is known is told as fully as ever when time has run out: this has its own time.
        """
        self.pool.ends = max(self.pool.ends, time.monotonic() + CLUE_SECONDS)
        outcomes = self.verdicts.outcome_by_module
        for event in entrypoint_events(self.discovery, outcomes, self.decisions.loaded, self.decisions.lost):
            self.host.write_frame("entrypoint", **event)
        sites = self.unresolved_imports(outcomes) + self.late_imports(outcomes)
        self.host.write_frame("sites", sites=sites)
        self.tell_clues(sites)
        late = any(outcome == "unchecked" for outcome in outcomes.values())
        error = self.why_incomplete() if late else None
        notes = [
            *self.verdicts.programs,
            *self.notes,
            *notes_for_reader(self.decisions.only_read, self.pool.stumbled),
        ]
        out_of_time = late and self.pool.broken is None
        told = {"notes": notes, "in_context": self.in_context, "complete": not late, "error": error}
        self.host.write_frame("end", out_of_time=out_of_time, **told)

    def tell_clues(self, sites: list[SiteValues]) -> None:
        """Say what lies around failures; of a sound image what a source is compared with, if anything."""
        scene, seconds = self.scene, min(CLUE_SECONDS, self.pool.ends - time.monotonic())
        if seconds <= 0 or self.is_second_look:
            return
        failures, lost, unreached = (
            self.verdicts.failures,
            dict(self.decisions.lost),
            [site[1] for site in sites],
        )
        for _, target, names, _, _, _ in sites:
            lost[target] = [*lost.get(target, []), *names]
        troubled = has_trouble(self.discovery, failures, lost, unreached)
        if not (troubled or self.request["source"] or scene.has_extensions()):
            return

        def tell() -> None:
            clues = clues_of_failures(self.discovery, scene, self.request, seconds, failures, lost, unreached)
            for kind, values in clues:
                self.host.write_frame("clues", kind=kind, values=values)

        if not call_in_child(tell, seconds + 1.0):
            self.host.write_frame("clues", kind="notes", values=["gathering clues broke off"])

    def unresolved_imports(self, outcomes: Mapping[str, str]) -> list[SiteValues]:
        """The unguarded imports of failed modules whose target is not in the image.

        What a module is known to lack is not said again.
        """
        failed = [name for name, outcome in outcomes.items() if outcome == "failed"]
        if not failed:
            return []
        from importguard.probe.code.sites import unresolved_imports

        known = {failure["missing"] for failure in self.verdicts.failures if failure}
        return unresolved_imports(failed, dict(self.discovery["modules"]), known, self.names_without_finder)

    def late_imports(self, outcomes: Mapping[str, str]) -> list[SiteValues]:
        """The imports inside functions that ask for what is not in the image."""
        from importguard.probe.code.late_imports import LateImports

        judged = [name for name, outcome in outcomes.items() if outcome in ("imported", "failed")]
        late = LateImports(judged, dict(self.discovery["modules"]))
        return late.absent(self.names_without_finder) + self.tried(
            late.doubtful(self.scene.finder.locate_module)
        )

    def tried(self, sites: list[SiteValues]) -> list[SiteValues]:
        """Those of the ``sites`` that fail in an interpreter, too: each has one name or none."""
        asked = sorted({(site[1], "".join(site[2])) for site in sites})
        if asked and not self.is_second_look and time.monotonic() < self.pool.ends:
            self.pool.start_worker("late", [], {"late": asked})
            self.pool.run_workers()
        return [site for site in sites if (site[1], "".join(site[2])) in self.pool.lacking]

    def names_without_finder(self, names: list[str]) -> Collection[str]:
        """Those of the top-level ``names`` that no finder of the application knows."""
        names = [name for name in names if self.scene.finder.locate_module(name) is None]
        if names and time.monotonic() < self.pool.ends:
            self.pool.start_worker("find", [], {"find": names})
            self.pool.run_workers()
        return self.pool.absent

    def plan_sweep(self) -> None:
        """Leave to the sweep what it can judge, and note what it has to watch."""
        from importguard.probe.code.sites import patched_names, sought_modules

        modules = self.pool.modules
        names = reversed(modules) if self.request["reverse"] else modules
        self.decisions.sweep.extend(name for name in names if name not in self.decisions.starts)
        for name, path in self.discovery["modules"]:
            if path and path.endswith(".py"):
                patched = patched_names(name, path)
                self.pool.patchable |= patched
                if "_getframe" in patched:
                    self.pool.asking_importers[name] = sought_modules(path)
                if "putenv" in patched:
                    self.decisions.fatal[name] = "ask"  # what it does can't be seen, nor undone


def run(request: Request, launch: Launch | Exception, sources: Mapping[str, str]) -> None:
    """Run the probe for ``request``; ``sources`` are the probe's files by module name.

    ``launch`` is what went wrong, where it could not be read how the container starts.
    """
    host = Host(request["secret"])
    try:
        if isinstance(launch, Exception):
            raise launch
        run_probe(request, launch, sources, host)
    except Exception as error:
        host.write_frame(
            "end", complete=False, error="the probe failed: {!r} {}".format(error, _where(error))
        )
    os._exit(0)


def run_probe(request: Request, launch: Launch, sources: Mapping[str, str], host: Host) -> None:
    """Discover, import, report; returns when everything has been said."""
    ends = time.monotonic() + request["timeout"]
    discovery, scene = discover_application(request, launch)
    if discovery["error"] or scene is None:
        host.tell_discovery(discovery, launch.environ)
        launch.end_asked_worker()
        host.write_frame("end", complete=False, error=discovery["error"])
        return
    decisions = VerdictDecisions(Verdicts(discovery, host.write_frame))
    pool = WorkerPool(request, sources, launch, discovery, decisions, ends)
    Supervisor(request, discovery, scene, host, pool).judge_application()


def _where(error: Exception) -> str:
    step: Any = error.__traceback__
    while step.tb_next is not None:
        step = step.tb_next
    return "({}:{})".format(step.tb_frame.f_code.co_name, step.tb_lineno)
