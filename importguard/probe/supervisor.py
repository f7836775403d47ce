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

import marshal
import os
import select
import sys
import time
from collections import deque

from importguard.probe.conclusion import (
    PRIVATE,
    clues_of_failures,
    entrypoint_events,
    has_trouble,
    notes_for_reader,
    scopes_to_read,
)
from importguard.probe.disk import Disk
from importguard.probe.doubts import Doubts
from importguard.probe.leftovers import Leftovers
from importguard.probe.processes import (
    DUMP_SIGNAL,
    TAIL,
    Worker,
    call_in_child,
    read_available,
    worker_program,
)
from importguard.probe.scripts import DUMPED
from importguard.probe.select.discover import discover_application
from importguard.probe.verdicts import FATAL, Verdict, Verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any, Optional

    from importguard.probe.start.launch import Launch
    from importguard.probe.values import Discovered, Preparation, Request, SiteValues, StartState
else:
    import _signal as signal  # Built in. The module around it loads enum, collections and more.

CLUE_SECONDS = 8.0  # when gathering clues, which has a limit of its own, is taken to hang
ASK_ONE = ("fresh", "alone", "where")  # the kinds of workers that import one module
# Failures that another process can cause which runs beside it.
CROWDED = ("OSError", "BlockingIOError", "FileExistsError", "sqlite3.OperationalError")


class Supervisor:
    """Runs the workers, decides which verdicts are final, and tells the host."""

    launch: Launch

    def __init__(self, request: Request, sources: Mapping[str, str]) -> None:
        self.request = request
        self.sources = sources
        self.programs: dict[str, str | bytes] = {}
        self.secret: str = request["secret"]
        self.ends: float = time.monotonic() + request["timeout"]
        self.limit: float = request["module_timeout"]
        # Whether another container has looked at the application, and only verdicts are asked for.
        self.is_second_look = bool(request["only"] or request["reverse"])
        self.found: Discovered = {}  # what discover_application() found
        self.introduced = False
        self.modules: list[str] = []
        self.attributes: dict[str, list[str]] = {}  # module of an entry point → what it must have
        # module of an entry point → how its command starts it; only fresh workers judge these
        self.starts: dict[str, StartState] = {}
        # Modules of cycles that were not tried as the entry: it would take long.
        self.only_read: list[str] = []
        self.stumbled: list[str] = []  # errors of the probe's own
        self.setup: Optional[Preparation] = None
        self.workers: dict[int, Worker] = {}
        # What is still to be imported: in the sweep, in fresh workers side by side, with nothing beside it.
        self.sweep: deque[str] = deque()
        self.fresh: deque[str] = deque()
        self.alone: deque[str] = deque()
        self.where: deque[Verdict] = deque()  # to settle when it is known where the process ended
        self.ended: dict[str, Verdict] = {}  # all of these
        self.verdicts = Verdicts(self.write_frame)
        self.suspect: Optional[str] = None  # with which the sweep died: it goes on when that one is judged
        self.deaths: dict[str, int] = {}  # of the sweep, by module
        self.fatal: dict[str, str] = {}  # modules that the sweep must not import, and why
        self.doubts = Doubts()
        self.loaded: dict[str, list[str]] = {}  # entry point's module → what its import loads
        self.disk = Disk()
        self.broken: Optional[str] = None  # why the check ends before its time
        self.unfinished: dict[str, float] = {}  # module that was being imported when time ran out → seconds
        self.lost: dict[str, list[str]] = {}  # entry point's module → attributes that it lacks
        self.absent: Collection[str] = ()
        # modules whose bodies ask what imports them → the modules that they look for
        self.asking_importers: dict[str, list[str]] = {}
        self.patchable: set[str] = set()  # names of modules that the application may change from outside

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

    # -- workers

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

    def program_of_kind(self, kind: str) -> str | bytes:
        """What a worker runs: compiled once for all of them where they are run by this very Python."""
        if kind not in self.programs:
            source, python = worker_program(self.sources, kind), self.found["interpreter"]["executable"]
            same = os.path.realpath(python) == os.path.realpath(sys.executable)
            code = marshal.dumps(compile(source, "<importguard>", "exec")) if same else source
            self.programs[kind] = code
        return self.programs[kind]

    def start_worker(self, kind: str, modules: list[str], find: Iterable[str] = ()) -> Worker:
        """Start one worker of ``kind`` for ``modules``."""
        interpreter = self.found["interpreter"]
        start = self.starts.get(modules[0], {}) if kind in ASK_ONE else {}
        worker = self.launch.start_worker(
            [interpreter["executable"], *interpreter["flags"]], self.place_of(start)
        )
        request = {
            "secret": self.secret + "-worker",
            "import_path": start.get("import_path", self.found["import_path"]),
            "argv": start.get("argv", []),
            "script": start.get("script"),
            "load": start.get("load"),
            "setup": self.setup and {**self.setup, "callable": ""} if start.get("own_setup") else self.setup,
            "by_path": self.found["by_path"],
            "appended_path": self.found["appended_path"],
            "attributes": self.attributes,
            "dump_signal": DUMP_SIGNAL,
            "limit": self.limit,
            "selected": self.modules if kind == "sweep" else [],
            "files": dict(self.found["modules"]) if kind == "sweep" else {},
            "find": list(find),
            "patched": sorted(self.patchable) if kind == "sweep" else [],
            "asking": self.asking_importers if kind == "sweep" else {},
            "fatal": self.fatal if kind == "sweep" else {},
            "whereabouts": kind == "where",
        }
        worker.send_request(
            kind, modules, self.limit, self.program_of_kind("sweep" if kind == "sweep" else "fresh"), request
        )
        worker.script = self.verdicts.scripts.get(modules[0]) if kind in ASK_ONE else None
        self.workers[worker.pid] = worker
        return worker

    def place_of(self, start: StartState) -> tuple[str, dict[str, str]]:
        """The (directory, environment) of the command that an entry point's ``start`` describes."""
        directory, environ = self.launch.place
        return start.get("directory", directory), {**environ, **start.get("environ", {})}

    def run_workers(self) -> None:
        """Run until nothing is left to do, or time has run out."""
        poll = select.poll()
        wake, wake_end = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        while self.start_waiting_work() and not self.is_over():
            self.tell_discovery()  # while the first worker starts
            self.wait_for_event(poll, wake)
            for worker in list(self.workers.values()):
                worker.read_output()
                self.take_messages(worker)
                worker.look_at_processor_time()
            self.collect_dead_processes()
            for worker in self.workers.values():
                worker.stop_if_late()
        self.stop_all()
        signal.set_wakeup_fd(-1)
        os.close(wake)
        os.close(wake_end)

    def is_over(self) -> bool:
        """Whether the check must end: its time is over, or the imports fill the disk."""
        importing = [name for worker in self.workers.values() for name in worker.current[-1:]]
        self.broken = self.broken or self.disk.reason_to_end(importing)
        return self.broken is not None or time.monotonic() >= self.ends

    def stop_all(self) -> None:
        """End what still runs, and forget what is still to be done."""
        for queue in (self.sweep, self.fresh, self.alone, self.where):
            queue.clear()
        for worker in list(self.workers.values()):
            for name in worker.current[-1:]:
                self.unfinished[name] = time.monotonic() - worker.heard
            worker.kill_group()
            os.waitpid(worker.pid, 0)
            del self.workers[worker.pid]
            worker.close_descriptors()

    def start_waiting_work(self) -> bool:
        """Start what may run now; False when all is done."""
        kinds = [worker.kind for worker in self.workers.values()]
        if "alone" in kinds:
            return True
        waits = self.fresh and self.request["jobs"] == 1  # entry points come first
        if self.sweep and "sweep" not in kinds and self.suspect is None and not waits:
            self.start_worker("sweep", list(self.sweep))
        while self.fresh and self.has_room():
            self.start_worker("fresh", [self.fresh.popleft()])
        while self.where and self.has_room():
            verdict = self.where.popleft()
            self.start_worker("where", [verdict.name]).verdict = verdict
        if not self.workers and self.alone:
            self.start_worker("alone", [self.alone.popleft()])
        return bool(self.workers)

    def has_room(self) -> bool:
        """Whether another worker may start.

        One that sleeps, or waits for a server, leaves its place to another, up to twice as many as were asked
        for: each needs memory.
        """
        jobs: int = self.request["jobs"]
        working = [worker for worker in self.workers.values() if not worker.is_waiting]
        return len(working) < jobs and len(self.workers) < (2 * jobs if jobs > 1 else 1)

    def wait_for_event(self, poll: Any, wake: int) -> None:
        """Sleep until a worker says something or dies, the host goes away, or a deadline passes."""
        descriptors = [0, wake]
        for worker in self.workers.values():
            descriptors += [worker.results, worker.output]
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        deadlines = [worker.message_deadline() for worker in self.workers.values()]
        until = min([self.ends, time.monotonic() + 1.0] + deadlines)  # the disk is looked at every second
        try:
            ready = poll.poll(max(0.0, until - time.monotonic()) * 1000 + 1)
        finally:
            for descriptor in descriptors:
                poll.unregister(descriptor)
        if any(descriptor == 0 for descriptor, _ in ready) and not os.read(0, 4096):
            self.stop_all()  # nobody is listening any more
            os._exit(1)
        read_available(wake)

    def take_messages(self, worker: Worker) -> None:
        """Take in what ``worker`` says."""
        for message in worker.read_messages((self.secret + "-worker ").encode("ascii")):
            kind = message[0]
            if kind == "at":
                worker.frames = message[1]
                continue
            worker.heard = time.monotonic()
            if kind == "absent":
                self.absent = message[1]
            elif kind == "stumbled":
                self.stumbled.append(message[1])
            elif kind == "done" and worker.kind != "where":
                if message[1] in worker.current:
                    del worker.current[worker.current.index(message[1]) :]
                verdict, extra = Verdict(*message[1:6]), message[6]
                if worker.kind == "sweep":
                    self.take_sweep_verdict(verdict, extra)
                else:
                    verdict.output = worker.last_words()
                    self.take_fresh_verdict(worker, verdict, extra)
            else:
                worker.note_message(*message)

    def take_fresh_verdict(self, worker: Worker, verdict: Verdict, extra: dict[str, Any]) -> None:
        """A fresh interpreter has given its verdict, which is final if nothing beside it can have a part."""
        name, failure = verdict.name, verdict.failure
        if worker.kind == "fresh" and failure is not None and failure[0] in CROWDED:
            self.alone.append(name)  # a port, a lock or a file that another worker holds
            return
        if name in self.attributes:
            self.loaded[name] = extra["loaded"]
            self.lost[name] = extra["lost"]
        self.settle_fresh_verdict(verdict)

    def take_sweep_verdict(self, verdict: Verdict, extra: dict[str, Any]) -> None:
        """The sweep has given its verdict: final, or to be asked again of a fresh interpreter."""
        name = verdict.name
        if name in self.starts:
            return
        if self.sweep and self.sweep[0] == name:
            self.sweep.popleft()
        elif name in self.sweep:
            self.sweep.remove(name)
        elif name in self.verdicts or name in self.doubts:
            return
        if extra.get("heir") is not None:
            self.share_end(verdict, extra["heir"])
        else:
            if extra.get("only_read"):
                self.only_read.append(name)
            self.take_doubtful_verdict(verdict, extra["doubt"], extra["rests"])

    def share_end(self, verdict: Verdict, reached: str) -> None:
        """The module of ``verdict`` has ``reached`` one that ends the process, and ends as that does."""
        end = self.verdicts.final.get(reached)
        if end is None or end.outcome not in FATAL:
            self.fresh.append(verdict.name)
            return
        verdict.outcome, verdict.detail, verdict.culprit = end.outcome, end.detail, end.culprit
        self.verdicts.make_final(verdict)

    def take_doubtful_verdict(self, verdict: Verdict, reason: Optional[str], rests: Sequence[str]) -> None:
        """Ask a fresh interpreter about a verdict that may be wrong, or wait for another's answer."""
        if reason is None:
            todo = self.doubts.rest_verdict(verdict, rests)
        else:
            todo = self.doubts.add_doubtful_verdict(verdict, reason)
        if todo == "ask":
            self.fresh.append(verdict.name)
        elif todo == "confirmed":
            self.verdicts.make_final(verdict)

    def settle_fresh_verdict(self, verdict: Verdict) -> None:
        """A fresh worker has spoken: its verdict is final, and answers for those that wait for it."""
        name = verdict.name
        self.verdicts.make_final(verdict)
        if self.suspect == name:
            self.suspect = None
            if verdict.outcome in FATAL:
                self.fatal[name] = verdict.outcome
            elif self.deaths[name] > 1:
                self.fatal[name] = "ask"
        confirmed, refuted = self.doubts.take_fresh_verdict(verdict)
        rightly, wrongly = self.doubts.release_resting()
        for other in confirmed + rightly:
            self.verdicts.make_final(other)
        self.fresh.extend(refuted)
        for other in wrongly:
            self.take_doubtful_verdict(other, "rests on what was refuted", ())

    def collect_dead_processes(self) -> None:
        """Collect the dead, orphans of the application among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            worker = self.workers.pop(pid, None)
            if worker is None:
                continue
            worker.status = status
            self.take_messages(worker)
            while worker.read_output():
                if len(worker.tail) >= TAIL:
                    break
            worker.kill_group()
            self.take_worker_death(worker)
            worker.close_descriptors()

    def take_worker_death(self, worker: Worker) -> None:
        """A worker has ended: whatever it was asked and did not answer is asked again, or judged."""
        if worker.verdict is not None:
            worker.verdict.frames = worker.frames
            self.settle_fresh_verdict(worker.verdict)
            return
        if worker.ended or worker.kind == "prepare":
            return
        outcome, detail = worker.how_it_ended()
        if worker.kind == "sweep":
            self.blame_nested_import(worker.current or list(self.sweep)[:1])
            return
        if worker.raised is None and not worker.current:
            detail = "the interpreter did not start: " + detail
        for name in worker.modules:
            if name in self.verdicts:
                continue
            if worker.raised is None and worker.kind == "fresh" and detail.endswith("signal SIGKILL"):
                self.alone.append(name)  # perhaps for want of memory: it counts if it recurs alone
            else:
                self.settle_ended_module(worker, name, outcome, detail)

    def blame_nested_import(self, imports: list[str]) -> None:
        """The sweep died during nested ``imports``: ask the innermost, else the outermost that is not judged.

        What passes on its own can end a process together with something else: two libraries that each bring
        their own OpenMP.
        """
        unjudged = [name for name in imports if name not in self.verdicts]
        if not imports:
            return
        name = imports[-1] if imports[-1] in unjudged else (unjudged or imports)[0]
        if name in self.sweep:
            self.sweep.remove(name)
        if not unjudged:
            outcome = self.verdicts.final[name].outcome
            self.fatal[name] = outcome if outcome in FATAL and name not in self.fatal else "ask"
            return
        self.deaths[name] = self.deaths.get(name, 0) + 1
        self.suspect = name
        asked = [worker.modules for worker in self.workers.values() if worker.kind in ASK_ONE]
        if name not in self.fresh and [name] not in asked:
            self.fresh.appendleft(name)

    def settle_ended_module(self, worker: Worker, name: str, outcome: str, detail: str) -> None:
        """A process has ended by the module's own doing: settle it, at once where the place is known."""
        failure = None
        if worker.raised is not None:
            outcome, failure, detail = *worker.raised, ""
        verdict = Verdict(name, outcome, failure, detail, worker.seconds(), worker.last_words())
        if failure is None and worker.current and outcome != "timed_out" and DUMPED not in verdict.output:
            self.ended[name] = verdict
            self.where.append(verdict)
        else:
            self.settle_fresh_verdict(verdict)


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
