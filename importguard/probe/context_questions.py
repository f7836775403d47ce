"""Asks a start command's process about modules that need its application, or that one's context.

On their own they fail in any image, though the process that has made the application imports them well.
"""

from __future__ import annotations

import time

from importguard.probe.verdicts import Verdict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import Discovered, Request
    from importguard.probe.worker import Worker
    from importguard.probe.worker_pool import WorkerPool
    from importguard.probe.workers.failures import Failure

_MOST_STARTS = 4
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError", "TabError")
_WANTS_CONTEXT = (
    "outside of application context",  # flask, and quart by now
    "Not within an app context",  # quart
    "push an application context",  # flask_sqlalchemy 2
    "no application bound to current context",  # flask_sqlalchemy 1 and 2
)


_NOT_MADE = "What may need the application that {}:{} makes fails on its own, and was not tried with it: {}"


class ContextQuestions:
    """``imported``: the modules that fail on their own, and that a start command's process imports well.

    Nothing else makes a failure count for less: a factory that raises, hangs or ends its process leaves all
    verdicts as they are, and ``notes`` says so.
    """

    def __init__(self, request: Request, discovery: Discovered, pool: WorkerPool) -> None:
        self.discovery = discovery
        self.pool = pool
        self.verdicts = pool.decisions.verdicts
        # With a network, a factory could change the database that it finds.
        self.may_call = request["isolated"]
        loaded = pool.decisions.loaded
        imported = [name for name in loaded if self.verdicts.final[name].outcome == "imported"]
        self.known = {name for start in imported for name in loaded[start]}
        self.failures = self._failures_of_code()
        self.imported: list[str] = []
        self.notes: list[str] = []

    def _failures_of_code(self) -> dict[str, Failure]:
        """Module that no start has loaded → what it raises, where nothing that it imports is missing."""
        return {
            name: verdict.failure
            for name, verdict in self.verdicts.final.items()
            if verdict.outcome == "failed" and verdict.failure is not None and name not in self.known
            if not _is_of_import(verdict.failure) and not _is_circular(verdict.failure)
        }

    @property
    def wanting(self) -> list[str]:
        """The modules that fail for want of a context, and that no start has imported."""
        return [name for name, failure in self.failures.items() if wants_context(failure)]

    @property
    def culprits(self) -> dict[str, str]:
        """Module that fails → the one whose body raises."""
        return {name: self.verdicts.final[name].culprit or name for name in self.failures}

    def ask_starts(self) -> None:
        """Ask each start command whose module was imported, as long as it may know of what fails."""
        calls = self._calls_by_module()
        for module in sorted(calls, key=lambda module: not calls[module])[:_MOST_STARTS]:
            may_know = self.wanting or not self.known.isdisjoint(self.culprits.values())
            if self.failures and (calls[module] or may_know) and time.monotonic() < self.pool.ends:
                worker = self._ask_start(module, calls[module])
                if worker.timed_out:
                    return  # other starts of the same application would take as long

    def _calls_by_module(self) -> dict[str, list[str]]:
        """Module of an entry point that was imported → the calls by which its application is made."""
        calls: dict[str, list[str]] = {}
        for entry in self.discovery["entrypoints"]:
            module = entry["module"] or ""
            verdict = self.verdicts.final.get(module)
            is_whole = verdict is not None and verdict.outcome == "imported" and not verdict.program
            if is_whole and not entry["imported_at"]:
                found = calls.setdefault(module, [])
                found += entry["start"].get("calls", ()) if self.may_call else ()
        return calls

    def _ask_start(self, module: str, calls: list[str]) -> Worker:
        asked = {"calls": calls, "asked": self.culprits, "in_forks": self.wanting}
        worker = self.pool.start_worker("context", [module], asked)
        self.pool.run_workers()
        is_made, failure = worker.called or (False, None)
        if calls and not is_made:
            why = "{}: {}".format(*failure[:2]) if failure else worker.how_it_ended()[1]
            self.notes.append(_NOT_MADE.format(module, calls[0], why))
        for name, outcome, raised in worker.in_context:
            if outcome == "imported":
                self.imported.append(name)
                del self.failures[name]
            elif raised is not None and _is_of_import(raised) and not _is_circular(raised):
                self._revise(name, raised)
        if failure is not None and _is_of_import(failure) and not _is_circular(failure):
            for name in sorted({frame[3] for frame in failure[3] if frame[2] == "<module>"}):
                if name in self.failures:
                    self._revise(name, failure)
        return worker

    def _revise(self, name: str, failure: Failure) -> None:
        """The module fails in the context, too: for what the image lacks, which is the cause to name."""
        self.verdicts.revise(Verdict(name, "failed", failure))
        del self.failures[name]


def wants_context(failure: Failure) -> bool:
    """Whether a framework says that it failed outside of an application's context."""
    return any(words in cause[1] for cause in failure[4] for words in _WANTS_CONTEXT)


def _is_of_import(failure: Failure) -> bool:
    """Whether a module or a name is missing, or a source cannot be compiled: no context mends that."""
    return failure[2] is not None or any(cause[0] in _IMPORT_ERRORS for cause in failure[4])


def _is_circular(failure: Failure) -> bool:
    """Whether it is in a circle of imports, which another order of imports may not enter so."""
    return any("partially initialized" in cause[1] for cause in failure[4])
