"""Starts the workers that wait to be started, hears what they say, and collects the dead."""

from __future__ import annotations

import marshal
import os
import select
import sys
import time

from importguard.probe.disk import Disk
from importguard.probe.processes import DUMP_SIGNAL, TAIL, Worker, read_available, worker_program
from importguard.probe.verdict_decisions import ASK_ONE, VerdictDecisions
from importguard.probe.verdicts import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any, Callable, Optional

    from importguard.probe.start.launch import Launch
    from importguard.probe.values import Discovered, Preparation, Request, StartState
else:
    import _signal as signal  # Built in. The module around it loads enum, collections and more.


class WorkerPool(VerdictDecisions):
    """The workers that run side by side, and what each of them is asked."""

    launch: Launch

    def __init__(self, request: Request, sources: Mapping[str, str], emit: Callable[..., None]) -> None:
        super().__init__(emit)
        self.request = request
        self.sources = sources
        self.programs: dict[str, str | bytes] = {}
        self.secret: str = request["secret"]
        self.ends: float = time.monotonic() + request["timeout"]
        self.limit: float = request["module_timeout"]
        self.found: Discovered = {}  # what discover_application() found
        self.modules: list[str] = []
        self.stumbled: list[str] = []  # errors of the probe's own
        self.setup: Optional[Preparation] = None
        self.disk = Disk()
        self.broken: Optional[str] = None  # why the check ends before its time
        self.unfinished: dict[str, float] = {}  # module that was being imported when time ran out → seconds
        self.absent: Collection[str] = ()
        # modules whose bodies ask what imports them → the modules that they look for
        self.asking_importers: dict[str, list[str]] = {}
        self.patchable: set[str] = set()  # names of modules that the application may change from outside

    def tell_discovery(self) -> None:
        """Say what was discovered, once: called while the first worker starts."""
        raise NotImplementedError

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
