"""Bodies that run once more, as they may do something else now than when they were observed alone."""

from __future__ import annotations

import sys

from importguard.probe.workers.failures import chain, deciding, describe, safe_text
from importguard.probe.workers.fresh import _findable, _import
from importguard.probe.workers.namespaces import _modules
from importguard.probe.workers.visit import Visit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional

    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.memory import Memory

RERUN_SECONDS = 5.0  # that bodies may take which run again as what they have read is something else
CHEAP = 0.5  # seconds of its own that a failing body may take to be run again for each importer
_CERTAIN = (ModuleNotFoundError, SyntaxError, SystemExit)  # failures that no state of the process explains


class Reruns:
    """Decides which memos are not replayed, and how what failed fails when it is imported once more."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.seconds = 0.0  # that bodies took which ran again as what they have read is something else
        self.trying_again: set[str] = set()  # modules that are being imported twice more (``fails_again``)

    def runs_here(self, memo: Memo, visit: Optional[Visit]) -> bool:
        """Whether the body may do something else now than alone: then it runs as part of what is imported."""
        if visit and (not memo.sought.isdisjoint(_modules) or self.reads_otherwise(memo)):
            # It looks for a module in sys.modules that is there now, or for a variable that is set now. In a
            # cycle, others have met it half imported that it may now be the first to import.
            for entry in self.memory.stack[memo.pending.low or 0 :] if type(memo.pending) is Visit else ():
                entry.doubt = "each"
            return True
        if memo.error is None or visit is None:
            return memo.error is None and self.lost_now(memo.name)
        if self.may_pass_now(memo):
            return True
        missing = describe(memo.error)[2]
        return missing is not None and self.findable_now(missing, memo)

    def reads_otherwise(self, memo: Memo) -> bool:
        """Whether ``memo``, of the application, has read what its importer has changed meanwhile."""
        if (
            memo.name not in self.memory.observer.selected
            or memo.state is None
            or self.seconds > RERUN_SECONDS
        ):
            return False
        differs = self.memory.process.state.is_read_otherwise(memo.read, memo.state)
        self.seconds += memo.seconds if differs else 0.0
        return differs

    def lost_now(self, name: str) -> bool:
        """Whether what imports from the baseline can't be found where the path has been shortened."""
        base = self.memory.process.state.base[1][0]
        return (
            sys.path != base
            and any(entry not in sys.path for entry in base)
            and not _findable(name.partition(".")[0])
        )

    def may_pass_now(self, memo: Memo) -> bool:
        """Whether `memo` may have failed by the state that it ran in, and running it again is cheap.

        Its importer may have configured what it needs: pushed a context, set a default.
        """
        if any(name in _modules for _, name in memo.failed):
            return memo.seconds < CHEAP  # a module that failed, half imported by another, is there now
        if memo.cycle:
            return False  # what it would find half-imported then is whole in the memos
        parent = memo.name.rpartition(".")[0]
        known = self.memory.memos.get(parent)
        if known is not None and known.error is not None and parent in _modules:
            return True  # it failed by its package, which passes now
        decider = deciding(chain(memo.error)) if memo.error is not None else None
        if isinstance(decider, _CERTAIN):
            return False
        return memo.body_failed and memo.seconds < CHEAP

    def findable_now(self, name: str, memo: Memo) -> bool:
        """Whether the module ``name``, absent from the baseline, is there in the present context."""
        if name in _modules:
            return True
        changed = memo.state is not None and self.memory.process.state.differs(memo.state)
        return "." not in name and changed and _findable(name)

    def note_attempts(self, visit: Visit, memo: Memo) -> None:
        """Note the bodies that failed while ``memo`` was imported: another importer runs them again."""
        known = {name for _, name in visit.failed}
        new = memo.failed - visit.failed
        if memo.body_failed and (visit.name, memo.name) not in visit.failed:
            new |= {(visit.name, memo.name)}
        again = [self.memory.memos[name] for _, name in new if name in known and name in self.memory.memos]
        visit.retried = visit.retried or memo.retried or bool(again)
        fails = {memo.name: self.fails_again(memo) for memo in again}
        if "" in fails.values() and visit.doubt is None:
            visit.doubt = "attempts"
        # Code that guards an import takes the one error for the other; what fails by it has other words.
        visit.changeable.update(name for name, way in fails.items() if way != "alike")
        visit.failed |= new

    def fails_again(self, memo: Memo) -> str:
        """How a second import in the same process fails: "alike" as most do, for "another" want, or not at
        all ("").

        A process that imports it twice runs its body twice: the first attempt may have left something behind.
        """
        if memo.error is None or memo.seconds > CHEAP:
            return "alike"  # it failed half-way through a cycle only, or takes long to run twice more
        if memo.name in self.trying_again:
            # What its body imports has met it again, and has a new memo of it: trying that would never end.
            return ""
        if memo.again is None:
            self.trying_again.add(memo.name)
            memo.again = self.compare_attempts(memo, memo.error)
            self.trying_again.discard(memo.name)
        return memo.again

    def compare_attempts(self, memo: Memo, first: BaseException) -> str:
        """Import what failed with the error ``first`` twice more; returns what ``fails_again`` says of it."""
        visit = Visit(memo.name, self.memory.process.suspend(), self.memory.clock())
        self.memory.stack.append(visit)
        kept, tentative = self.memory.forget({memo.name}, bool(memo.cycle)), self.memory.tentative
        self.memory.tentative = []
        errors: list[BaseException] = [first]
        for _ in range(2):
            visit.executing = False
            try:
                _import(memo.name)
            except BaseException as error:
                errors.append(error)
        self.memory.process.state.settle()
        self.memory.process.late = {**self.memory.process.late, **self.memory.bound_here(visit)}
        for _, member in self.memory.tentative:  # these saw the second attempt half imported, which is over
            self.memory.memos.pop(member.name, None)
        self.memory.memos.update(kept)
        self.memory.tentative = tentative
        self.memory.stack.pop()
        self.memory.process.resume(visit.outer)
        if len(errors) == 3 and len({(type(error), safe_text(error)) for error in errors}) == 1:
            return "alike"
        if len(errors) == 3 and all(isinstance(error, ImportError) for error in errors):
            return "another"
        return ""
