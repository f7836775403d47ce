"""Circular imports: each member is judged as a fresh interpreter does that imports it first."""

from __future__ import annotations

import posix

from importguard.probe.workers.cycle_reader import CycleReader
from importguard.probe.workers.fresh import _close, _exit, _open, _write

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any

    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.sweep import Sweep
else:
    import _signal as signal  # Built in. The module around it could be the application's.

_fork, _pipe, _read, _waitpid = posix.fork, posix.pipe, posix.read, posix.waitpid
_listdir, _readlink, _dup2 = posix.listdir, posix.readlink, posix.dup2
_handle, _alarm, _SIGALRM, _SIG_DFL = signal.signal, signal.alarm, signal.SIGALRM, signal.SIG_DFL
TRIAL_SECONDS = 10.0  # that all members of a cycle may take to be tried; a longer one is read first
TRIAL_LIMIT = 30  # when a trial is taken to hang


class Silence:
    """The channel of a fork that only tries something out."""

    def send(self, *message: Any) -> None:
        pass


class Cycles:
    """Finds what importing each member of a cycle does when it is the entry."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.memory = sweep.memory
        self.reader = CycleReader(sweep.memory, sweep.files, self.resolve)
        self.resolving: list[str] = []  # the members that are being run as the entry
        self.tangled: set[str] = set()  # those whose run as the entry needs that of one which needs theirs
        # Members of cycles that were imported as the entry: what their memos say then is what a fresh
        # interpreter does, whatever else is half imported when they are wanted again.
        self.entries: dict[str, Memo] = {}

    def resolve(self, memo: Memo) -> Memo:
        """The memo of a member of a cycle, with that member as the entry.

        What code does while modules are half-imported (calls, decorators, annotations, ``__getattr__``) no
        reading tells, so each member is tried. Only where trying all would take too long, reading decides.
        """
        cycle = memo.pending
        if type(cycle) is not list:
            return memo
        if memo.name in self.entries:
            self.memory.memos[memo.name] = self.entries[memo.name]
            return self.entries[memo.name]
        if memo.name in self.resolving:
            self.tangled.update(self.resolving)
            return memo
        self.resolving.append(memo.name)
        memo.pending = None
        try:
            return memo if self.comes_with_package(memo) else self.resolve_entry(memo, cycle)
        finally:
            self.resolving.pop()

    def resolve_entry(self, memo: Memo, cycle: list[str]) -> Memo:
        """The memo of a member of ``cycle`` that its package does not bring."""
        whole = self.is_whole(cycle)
        if self.cost(cycle) * len(cycle) > TRIAL_SECONDS:
            answer = self.reader.read(memo, cycle)
            if answer == "fails":
                return memo
            if answer == "passes" and whole:
                memo.only_read = True
                return memo
        # A fork leaves nothing: in it, a trial of another member needs no fork of its own.
        tried = whole and type(self.sweep.channel) is not Silence
        return memo if tried and self.trial(memo, cycle) else self.run_as_entry(memo, cycle)

    def comes_with_package(self, memo: Memo) -> bool:
        """Whether a package above brings the module, or fails: then its import is the package's."""
        parts = memo.name.split(".")
        for count in range(1, len(parts)):
            known = self.memory.memos.get(".".join(parts[:count]))
            above = self.resolve(known) if known is not None else None
            if above is None or (above.error is None and memo.name not in above.loaded):
                continue
            memo.loaded, memo.late, memo.effects = above.loaded, above.late, above.effects
            memo.error, memo.links, memo.state = above.error, above.links, above.state
            memo.lead, memo.only_read = above.lead, above.only_read
            memo.module = above.loaded.get(memo.name)
            return True
        return False

    def is_whole(self, cycle: list[str]) -> bool:
        """Whether no member of the cycle failed when it was first imported."""
        memos = [self.memory.memos.get(name) for name in cycle]
        return all(memo is not None and memo.error is None for memo in memos)

    def cost(self, cycle: list[str]) -> float:
        """Seconds of processor time that the bodies of a cycle take, with those that ran inside them."""
        members = set(cycle)
        memos = self.memory.memos
        names = members.union(self.memory.dependents(members))
        return sum(memos[name].cpu for name in names if name in memos)

    def trial(self, memo: Memo, cycle: list[str]) -> bool:
        """Whether the cycle passes with this member as the entry: run in a fork, which leaves nothing."""
        self.sweep.channel.send("busy")
        try:
            answer, answer_end = _pipe()
            child = _fork()
            if child == 0:
                self.try_entry(memo.name, cycle, answer_end)
            _close(answer_end)
            passed = _read(answer, 1) == b"1"
            _close(answer)
            _waitpid(child, 0)
            return passed
        except Exception:
            return False

    def try_entry(self, name: str, cycle: list[str], answer_end: int) -> None:
        """In the fork: import ``name`` with the cycle unknown, and say whether all its members pass."""
        self.sweep.channel = Silence()
        _leave_pipes(answer_end)
        # Forked beside threads, it may wait for a lock that nobody holds.
        _handle(_SIGALRM, _SIG_DFL)
        _alarm(TRIAL_LIMIT)
        memory = self.memory
        memory.forget(set(cycle))
        memo = memory.observe_apart(name)
        passed = memo.error is None and memo.doubt is None and name not in self.tangled
        _write(answer_end, b"1" if passed and self.is_whole(cycle) else b"0")
        _exit(0)

    def run_as_entry(self, memo: Memo, members: list[str]) -> Memo:
        """Run the cycle for real with this one as the entry; what was known of the others stays."""
        self.sweep.channel.send("busy")
        memory = self.memory
        kept = memory.forget(set(members))
        held, self.sweep.reported = self.sweep.reported, self.sweep.reported | kept.keys()
        fresh = memory.observe_apart(memo.name)
        self.sweep.reported = held
        memory.memos.update(kept)
        memory.memos.update({name: entry for name, entry in self.entries.items() if name in kept})
        memory.memos[memo.name] = fresh
        fresh.pending, fresh.cycle = None, members
        if memo.name not in memory.fatal:
            self.entries[memo.name] = fresh
        if memo.name in self.sweep.selected:
            doubt = "each" if memo.name in self.tangled else self.sweep.doubts.of_verdict(fresh, fresh.doubt)
            self.sweep.tell(fresh, doubt, 0.0)
        return fresh


def _leave_pipes(kept: int) -> None:
    """In a fork: let go of what the process that was forked reads and writes, but for ``kept``.

    A logger that is configured anew tells its thread to end, through a pipe (loguru with ``enqueue``): it
    would be the other process's thread.
    """
    nowhere = _open("/dev/null", posix.O_RDWR)
    for number in _listdir("/proc/self/fd"):
        descriptor = int(number)
        try:
            target = _readlink("/proc/self/fd/" + number)
        except OSError:
            continue  # the one that listed them
        if descriptor > 2 and descriptor != kept and target.startswith(("pipe:", "socket:")):
            _dup2(nowhere, descriptor)
