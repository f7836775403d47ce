"""Starts the workers that wait to be started, hears what they say, and collects the dead."""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

from importguard.probe.child_processes import read_available
from importguard.probe.disk import Disk
from importguard.probe.verdict_decisions import AS_STARTED, ASK_ONE
from importguard.probe.verdicts import Verdict
from importguard.probe.worker import DUMP_SIGNAL, TAIL, Worker
from importguard.probe.worker_program import WORKER_FILES, worker_program

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Collection, Mapping
    from typing import Any, Optional

    from importguard.probe.start.launch import Launch
    from importguard.probe.values import Discovered, Request, StartState
    from importguard.probe.verdict_decisions import VerdictDecisions
else:
    import _signal as signal  # Built in. The module around it loads enum, collections and more.

FULL_SECONDS = 10.0
"""How long no process may be startable while none of ours runs: what a module left behind is being ended."""


class WorkerPool:
    """The workers that run side by side, and what each of them is asked.

    The queues of ``decisions`` say what is to be asked, and it is told what each worker answers. ``ends`` is
    when the time of the check is over.
    """

    def __init__(
        self,
        request: Request,
        sources: Mapping[str, str],
        launch: Launch,
        discovery: Discovered,
        decisions: VerdictDecisions,
        ends: float,
    ) -> None:
        self.jobs = request["jobs"]
        self.secret = request["secret"] + "-worker"
        self.limit = request["module_timeout"]
        self.sources = sources
        self.launch = launch
        self.discovery = discovery
        self.decisions = decisions
        self.ends = ends
        self.setup = discovery["setup"]
        self.modules: list[str] = []  # the names that the sweep observes
        # modules whose bodies ask what imports them → the modules that they look for
        self.asking_importers: dict[str, list[str]] = {}
        self.patchable: set[str] = set()  # names of modules that the application may change from outside
        self.programs: dict[str, str | bytes] = {}
        self.workers: dict[int, Worker] = {}
        self.disk = Disk()
        self.broken: Optional[str] = None  # why the check ends before its time
        self.unfinished: dict[str, float] = {}  # module that was being imported when time ran out → seconds
        self.full_since = 0.0  # the time from which no process could be started, or 0
        self.stumbled: list[str] = []  # errors of the probe's own
        self.absent: Collection[str] = ()
        self.lacking: list[tuple[str, str]] = []  # (module, name) of late imports that were tried and fail

    def program_of_kind(self, kind: str) -> str | bytes:
        """What a worker runs: compiled once for all of them where they are run by this very Python."""
        if kind not in self.programs:
            source, python = worker_program(self.sources, kind), self.discovery["interpreter"]["executable"]
            same = os.path.realpath(python) == os.path.realpath(sys.executable)
            code = marshal.dumps(compile(source, "<importguard>", "exec")) if same else source
            self.programs[kind] = code
        return self.programs[kind]

    def start_worker(
        self, kind: str, modules: list[str], asked: Optional[Mapping[str, Any]] = None
    ) -> Worker:
        """Start one worker of ``kind`` for ``modules``; ``asked`` is what its program reads besides."""
        interpreter = self.discovery["interpreter"]
        start = self.decisions.starts.get(modules[0], {}) if kind in AS_STARTED else {}
        worker = self.launch.start_worker(
            [interpreter["executable"], *interpreter["flags"]], self.place_of(start)
        )
        request = {
            "secret": self.secret,
            "import_path": start.get("import_path", self.discovery["import_path"]),
            "argv": start.get("argv", []),
            "script": start.get("script"),
            "load": start.get("load"),
            "setup": self.setup and {**self.setup, "callable": ""} if start.get("own_setup") else self.setup,
            "by_path": self.discovery["by_path"],
            "appended_path": self.discovery["appended_path"],
            "attributes": self.decisions.attributes,
            "dump_signal": DUMP_SIGNAL,
            "limit": self.limit,
            "selected": self.modules if kind == "sweep" else [],
            "files": dict(self.discovery["modules"]) if kind == "sweep" else {},
            "find": [],
            "late": [],
            "patched": sorted(self.patchable) if kind == "sweep" else [],
            "asking": self.asking_importers if kind == "sweep" else {},
            "fatal": self.decisions.fatal if kind == "sweep" else {},
            "whereabouts": kind == "where",
            **(asked or {}),
        }
        program = self.program_of_kind(kind if kind in WORKER_FILES else "fresh")
        worker.send_request(kind, modules, self.limit, program, request)
        worker.script = self.decisions.verdicts.scripts.get(modules[0]) if kind in ASK_ONE else None
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
        self.decisions.clear_queues()
        for worker in list(self.workers.values()):
            for name in worker.current[-1:]:
                self.unfinished[name] = time.monotonic() - worker.heard
            worker.kill_group()
            os.waitpid(worker.pid, 0)
            del self.workers[worker.pid]
            worker.close_descriptors()

    def start_waiting_work(self) -> bool:
        """Start what may run now; False when all is done.

        Where the processes of a module fill the container's limit, the rest waits: they end with the module.
        """
        try:
            self._start_what_may_run()
        except BlockingIOError:
            self.full_since = self.full_since or time.monotonic()
            if not self.workers and time.monotonic() - self.full_since > FULL_SECONDS:
                raise
            return True
        self.full_since = 0.0
        return bool(self.workers)

    def _start_what_may_run(self) -> None:
        queues, kinds = self.decisions, [worker.kind for worker in self.workers.values()]
        if "alone" in kinds:
            return
        waits = queues.fresh and self.jobs == 1  # entry points come first
        if queues.sweep and "sweep" not in kinds and queues.suspect is None and not waits:
            self.start_worker("sweep", list(queues.sweep))
        while queues.fresh and self.has_room():
            self.start_worker("fresh", [queues.fresh[0]])
            queues.fresh.popleft()
        while queues.where and self.has_room():
            verdict = queues.where[0]
            self.start_worker("where", [verdict.name]).verdict = verdict
            queues.where.popleft()
        if not self.workers and queues.alone:
            self.start_worker("alone", [queues.alone[0]])
            queues.alone.popleft()

    def has_room(self) -> bool:
        """Whether another worker may start.

        One that sleeps, or waits for a server, leaves its place to another, up to three times as many as were
        asked for: each needs memory.
        """
        working = [worker for worker in self.workers.values() if not worker.is_waiting]
        return len(working) < self.jobs and len(self.workers) < (3 * self.jobs if self.jobs > 1 else 1)

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
        for message in worker.read_messages((self.secret + " ").encode("ascii")):
            kind = message[0]
            if kind == "at":
                worker.frames = message[1]
                continue
            worker.heard = time.monotonic()
            if kind == "absent":
                self.absent = message[1]
            elif kind == "lacks":
                self.lacking.append(message[1:3])
            elif kind == "stumbled":
                self.stumbled.append(message[1])
            elif kind == "done" and worker.kind != "where":
                if message[1] in worker.current:
                    del worker.current[worker.current.index(message[1]) :]
                verdict, extra = Verdict(*message[1:6]), message[6]
                if worker.kind == "sweep":
                    self.decisions.take_sweep_verdict(verdict, extra)
                else:
                    verdict.output = worker.last_words()
                    self.decisions.take_fresh_verdict(worker, verdict, extra)
            else:
                worker.note_message(*message)

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
            self.decisions.take_worker_death(worker, self.workers.values())
            worker.close_descriptors()
