"""Decides which verdicts of workers are final, and which modules are asked again in a fresh interpreter.

It starts no process: it fills the queues from which ``worker_pool`` takes its work.
"""

from __future__ import annotations

from collections import deque

from importguard.probe.doubtful_verdicts import Doubts
from importguard.probe.scripts import DUMPED
from importguard.probe.verdicts import FATAL, Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Optional

    from importguard.probe.values import EntryPointValues, StartState
    from importguard.probe.verdicts import Verdicts
    from importguard.probe.worker import Worker

ASK_ONE = ("fresh", "alone", "where")  # the kinds of workers that import one module
AS_STARTED = (*ASK_ONE, "context")  # those that are started as a start command's own process is
# Failures that another process can cause which runs beside it.
CROWDED = ("OSError", "BlockingIOError", "FileExistsError", "sqlite3.OperationalError")


class VerdictDecisions:
    """What is still to be imported, and what became of the rest: ``verdicts`` are those that are final."""

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts
        self.attributes: dict[str, list[str]] = {}  # module of an entry point → what it must have
        # module of an entry point → how its command starts it; only fresh workers judge these
        self.starts: dict[str, StartState] = {}
        # Modules of cycles that were not tried as the entry: it would take long.
        self.only_read: list[str] = []
        # What is still to be imported: in the sweep, in fresh workers side by side, with nothing beside it.
        self.sweep: deque[str] = deque()
        self.fresh: deque[str] = deque()
        self.alone: deque[str] = deque()
        self.where: deque[Verdict] = deque()  # to settle when it is known where the process ended
        self.ended: dict[str, Verdict] = {}  # all of these
        self.suspect: Optional[str] = None  # with which the sweep died: it goes on when that one is judged
        self.deaths: dict[str, int] = {}  # of the sweep, by module
        self.fatal: dict[str, str] = {}  # modules that the sweep must not import, and why
        self.doubts = Doubts()
        self.loaded: dict[str, list[str]] = {}  # entry point's module → what its import loads
        self.lost: dict[str, list[str]] = {}  # entry point's module → attributes that it lacks

    def note_entry_points(self, entrypoints: Iterable[EntryPointValues]) -> None:
        """Note how start commands start their modules, and what these must have."""
        for entry in entrypoints:
            if entry["module"]:
                wanted = self.attributes.setdefault(entry["module"], [])
                if entry["attribute"]:
                    wanted.append(entry["attribute"])
                start = self.starts.setdefault(entry["module"], entry.get("start") or {})
                script = start.get("script")
                if script:
                    self.verdicts.scripts[entry["module"]] = script["path"]

    def clear_queues(self) -> None:
        """Ask nothing more."""
        for queue in (self.sweep, self.fresh, self.alone, self.where):
            queue.clear()

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

    def take_worker_death(self, worker: Worker, others: Iterable[Worker]) -> None:
        """A worker has ended: whatever it was asked and did not answer is asked again, or judged.

        ``others`` are the workers that run on.
        """
        if worker.verdict is not None:
            worker.verdict.frames = worker.frames
            self.settle_fresh_verdict(worker.verdict)
            return
        if worker.ended or worker.kind in ("prepare", "context"):
            return
        outcome, detail = worker.how_it_ended()
        if worker.kind == "sweep":
            asked = [other.modules[0] for other in others if other.kind in ASK_ONE]
            self.blame_nested_import(worker.current or list(self.sweep)[:1], asked)
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

    def blame_nested_import(self, imports: list[str], asked: Sequence[str] = ()) -> None:
        """The sweep died during nested ``imports``: ask the innermost, else the outermost that is not judged.

        What passes on its own can end a process together with something else: two libraries that each bring
        their own OpenMP. About the modules ``asked``, a fresh interpreter is asked already.
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
        if name not in self.fresh and name not in asked:
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
