"""What importing a module did to its process, remembered and done again: each body runs once.

The verdict on a module is what a fresh interpreter gives. A fresh interpreter's state is its *baseline* (what
is there after start-up and preparation) plus whatever the imports of the module itself bring about. So each
import is observed on its own, from the baseline: the modules that it loads, the attributes that it binds on
packages, and what it changes elsewhere (``State``). That is its *memo*. Where another module imports it, the
memo is replayed instead: the same module objects appear, or the same error is raised.

Everything here works while application code has the process: it holds on to the built-in functions that it
needs before any of that code runs.
"""

from __future__ import annotations

import _imp
import sys

from importguard.probe.workers.failures import describe
from importguard.probe.workers.fresh import _import
from importguard.probe.workers.loaders import Abandon, Glimpse, Replay
from importguard.probe.workers.memo import Memo, holds_any_of
from importguard.probe.workers.namespaces import _MISSING, _modules
from importguard.probe.workers.pauses import Pauses, _get_ident
from importguard.probe.workers.process import _LOADING, Process, _bootstrap
from importguard.probe.workers.recorded_errors import _is_absent, raise_again, record_error
from importguard.probe.workers.reruns import Reruns
from importguard.probe.workers.seen_modules import SeenModules
from importguard.probe.workers.visit import Stack, Visit, _cpu_clock, _exc_info, _getframe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Protocol

    from importguard.probe.workers.memo import Late

    class Observer(Protocol):
        """What is told of each import (``Sweep``)."""

        selected: set[str]

        def begin(self, visit: Visit) -> None: ...
        def stumbled(self, error: Exception) -> None: ...
        def imported(self, visit: Visit, memo: Memo, seconds: float) -> bool: ...
        def end(self, visit: Visit, memo: Memo, seconds: float) -> None: ...
        def resolve(self, memo: Memo) -> Memo: ...


TOP_FRAMES = 20000  # what the plan itself may nest, between the bodies

_release_lock, _acquire_lock = _imp.release_lock, _imp.acquire_lock


class Memory:
    """The finder that is asked first for every import: it replays what is known and observes what is not."""

    def __init__(self, fatal: Mapping[str, str], patched: set[str], observer: Observer) -> None:
        self.memos: dict[str, Memo] = {}
        self.stack = Stack()
        self.tentative: list[tuple[int, Memo]] = []
        self.fatal = dict(fatal)
        # Modules whose bodies ask what imports them → the modules that they look for in sys.modules.
        self.asking: dict[str, list[str]] = {}
        self.observer = observer
        self.reruns = Reruns(self)
        self.process = Process()
        self.seen = SeenModules(self.process, patched)
        self.clock = Pauses().clock
        # An error of the application's, on its way to the importer.
        self.raised: Optional[BaseException] = None
        sys.meta_path.insert(0, self)
        self.process.take_baseline()

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Part of the finder protocol (importlib.abc.MetaPathFinder); answers imports, not questions."""
        if target is not None or _getframe(2).f_code is not _LOADING:
            return None
        memo = self.memos.get(name)
        if _get_ident() != self.process.thread:
            self.process.foreign = True
            return self.spec_of_replay(name, memo.module) if memo and memo.module is not None else None
        handled = _exc_info()[1]
        _release_lock()  # bodies run below: a thread of theirs must be able to import
        try:
            return self.answer_import(name, memo, handled)
        except BaseException as error:
            if error is self.raised or type(error) is Abandon:
                raise
            self.stumble(error)
            return None
        finally:
            self.raised = None
            _acquire_lock()

    def stumble(self, error: BaseException) -> None:
        """Keep an error of the probe's own out of the application: what is being imported is asked again."""
        if not isinstance(error, Exception):
            raise error
        self.observer.stumbled(error)
        for visit in self.stack:
            visit.doubt = "each"

    def answer_import(self, name: str, memo: Optional[Memo], handled: Optional[BaseException]) -> Any:
        if name in self.fatal:
            for visit in self.stack:
                visit.heir = visit.heir or name
            raise Abandon(name)
        if memo is not None:
            return self.replay(memo, handled)
        asking = self.stack[-1] if self.stack else None
        if asking and asking.name == name and not asking.executing:
            asking.executing = True
            return self.run_here(name, asking)
        owner = self.stack.owner(name)
        if owner is not None:
            return self.share_half_imported(name, owner)
        return self.replay(self.observe(name), handled)

    def run_here(self, name: str, visit: Optional[Visit]) -> None:
        """Let the body of ``name`` run as part of ``visit``.

        Notes what it looks for in ``sys.modules`` and does not find, and what its package has under its name.
        """
        if visit is None:
            return
        visit.sought.update(key for key in self.asking.get(name, ()) if key != name and key not in _modules)
        parent, _, child = name.rpartition(".")
        space = getattr(_modules.get(parent), "__dict__", None)
        if type(space) is dict:
            visit.hidden.setdefault((parent, child), (space, space.get(child, _MISSING)))

    def bound_here(self, visit: Visit) -> Late:
        """The bindings on packages that the bodies which ran as part of ``visit`` have brought."""
        late: Late = {}
        for (parent, child), (space, hidden) in visit.hidden.items():
            name = parent + "." + child
            module = _modules.get(name)
            if module is not None and space.get(child) is module and name not in self.loaded_by(parent):
                late[parent, child] = (space, module, hidden)
        return late

    def spec_of_replay(self, name: str, module: Any) -> Any:
        return _bootstrap.ModuleSpec(name, Replay(module))

    def share_half_imported(self, name: str, owner: int) -> Any:
        """A cycle: ``name``, or its package, is half imported. Let it be seen as it is now."""
        if owner == len(self.stack) - 1:
            return None
        for visit in self.stack[owner + 1 :]:
            visit.low = owner if visit.low is None else min(visit.low, owner)
            for key, module in visit.outer[0].items():
                if key != name:
                    _modules.setdefault(key, module)
            self.process.bind(visit.outer[1])
        for visit in self.stack[:owner:-1]:
            if name in visit.outer[0]:
                return _bootstrap.ModuleSpec(name, Glimpse(visit.outer[0][name]))
        return None

    # -- observing

    def observe(self, name: str) -> Memo:
        """Import ``name`` on its own, from the baseline; returns its memo."""
        visit = Visit(name, self.process.suspend(), self.clock())
        self.stack.append(visit)
        self.observer.begin(visit)
        memo = Memo(name)
        recursion = self.process.recursion_now()
        self.process.limit_recursion(self.process.base_recursion, visit.frames)
        try:
            _import(name)
        except BaseException as error:
            memo.error = error
        if self.process.recursion_now() != self.process.base_recursion:
            memo.recursion = self.process.recursion_now()
        self.process.limit_recursion(recursion, self.stack[-2].frames if len(self.stack) > 1 else TOP_FRAMES)
        seconds = self.clock() - visit.begun - visit.inner
        memo.seconds = seconds
        memo.cpu = _cpu_clock() - visit.cpu - visit.inner_cpu
        self.process.state.settle()
        if visit.heir:
            self.fatal[name] = "ask"
        self.stack.pop()
        self.record(memo, visit)
        asked = self.observer.imported(visit, memo, seconds)
        # What an exception held may end with it, and run code of its own.
        self.process.resume(visit.outer, None if asked or memo.error is not None else memo.state)
        self.keep_memo(memo, visit)
        self.observer.end(visit, memo, seconds)
        return memo

    def observe_apart(self, name: str) -> Memo:
        """Import ``name`` as the entry: nothing that is being imported meanwhile is half imported for it."""
        stack, self.stack = self.stack, Stack()
        tentative, self.tentative = self.tentative, []
        # What has seen a module that is half imported now would bring it.
        pending = {key: memo for key, memo in self.memos.items() if type(memo.pending) is Visit}
        for key in pending:
            del self.memos[key]
        begun, cpu = self.clock(), _cpu_clock()
        memo = self.observe(name)
        self.memos.update(pending)
        self.stack, self.tentative = stack, tentative
        for visit in stack if name in self.fatal else ():
            visit.heir = visit.heir or name
        if stack:
            self.process.limit_recursion(self.process.recursion, stack[-1].frames)
            stack[-1].inner += self.clock() - begun
            stack[-1].inner_cpu += _cpu_clock() - cpu
        return memo

    def record(self, memo: Memo, visit: Visit) -> None:
        """Keep in ``memo`` what the process has beyond its baseline."""
        base = self.process.base
        memo.loaded = loaded = dict(_modules)
        for key, module in base.items():
            if loaded.get(key, _MISSING) is module:
                del loaded[key]
        memo.module = memo.loaded.get(memo.name, base.get(memo.name)) if memo.error is None else None
        memo.late = self.process.late = {**self.process.late, **self.bound_here(visit)}
        memo.state = self.process.state.take()
        memo.effects = self.process.state.effects(memo.state)
        if memo.error is not None:
            memo.links = record_error(memo.error, visit.handled)
        if memo.error is not None and visit.executing and not _is_absent(memo.error, memo.name):
            memo.body_failed = True
        memo.failed, memo.retried = frozenset(visit.failed), visit.retried
        memo.failures = frozenset(visit.failures)
        memo.sought = frozenset(visit.sought)
        if memo.name in self.observer.selected:
            memo.read = frozenset(self.process.state.lookups.read)
        memo.depth = visit.depth
        self.seen.note(loaded, self.stack)

    def loaded_by(self, parent: str) -> Mapping[str, Any]:
        """The modules that are there after importing only ``parent``."""
        while parent:
            if parent in self.memos:
                return self.memos[parent].loaded
            if any(visit.name == parent for visit in self.stack):
                return _modules
            parent = parent.rpartition(".")[0]
        return self.process.base

    def keep_memo(self, memo: Memo, visit: Visit) -> None:
        """Keep the memo; one that has seen a half-imported module waits until that one is whole."""
        self.memos[memo.name] = memo
        index = len(self.stack)
        if self.stack:
            outer = self.stack[-1]
            outer.depth = max(outer.depth, memo.depth + 1)
            outer.inner += self.clock() - visit.begun
            outer.inner_cpu += _cpu_clock() - visit.cpu
            self.note_half_imported(outer, visit.low)
        if visit.low is not None and visit.low < index:
            memo.pending = visit
            self.tentative.append((visit.low, memo))
            return
        members = [member for low, member in self.tentative if low >= index]
        if members:
            self.tentative = [item for item in self.tentative if item[0] < index]
            self.close_cycle(memo, members)

    def note_half_imported(self, visit: Visit, low: Optional[int]) -> None:
        """Note that the innermost ``visit`` got what has seen the half-imported module of visit ``low``."""
        if low is not None and low < len(self.stack) - 1:
            visit.low = low if visit.low is None else min(visit.low, low)

    def close_cycle(self, root: Memo, members: list[Memo]) -> None:
        """A cycle is whole: what its first entry loaded is what every other entry loads, if it passes."""
        cycle = [root.name] + [member.name for member in members]
        root.cycle = cycle
        root.sought = root.sought.union(*(member.sought for member in members))
        root.read = root.read.union(*(member.read for member in members))
        for member in members:
            member.sought, member.read = root.sought, root.read
            member.pending = member.cycle = cycle
            if root.error is None and member.error is None:
                member.loaded, member.late, member.effects = root.loaded, root.late, root.effects

    def dependents(self, members: set[str]) -> list[str]:
        """What ran inside a half-imported member, or failed by one: it holds the cycle as it was then."""
        return [
            name for name, memo in self.memos.items() if name not in members and holds_any_of(memo, members)
        ]

    def forget(self, members: set[str], dependents: bool = True) -> dict[str, Memo]:
        """Take away the memos of ``members`` and of what ran inside them: these are imported anew."""
        names = [*members, *(self.dependents(members) if dependents else ())]
        return {name: self.memos.pop(name) for name in names if name in self.memos}

    # -- replaying

    def replay(self, memo: Memo, handled: Optional[BaseException]) -> Any:
        """Do again what importing ``memo.name`` did: a spec that makes it appear, or its error."""
        met = self.stack.met_half_imported(memo)
        if type(memo.pending) is list:
            memo = self.observer.resolve(memo)
            met += self.stack.met_half_imported(memo)
        for entry in met:
            entry.doubt = "each"
        visit = self.stack[-1] if self.stack else None
        if visit:
            self.take_note(visit, memo)
        if self.reruns.runs_here(memo, visit):
            return self.run_here(memo.name, visit)
        if visit and memo.error is not None and describe(memo.error)[2] is None:
            if self.process.state.take() != memo.state:
                visit.doubt = visit.doubt or "state"
        self.appear(memo, visit)
        if memo.error is None:
            return self.spec_of_replay(memo.name, memo.module)
        self.raised = memo.error
        return raise_again(memo, memo.error, handled)

    def take_note(self, visit: Visit, memo: Memo) -> None:
        """Hand on to ``visit`` what was noted while ``memo`` was observed."""
        if type(memo.pending) is Visit:
            self.note_half_imported(visit, memo.pending.low)
        visit.depth = max(visit.depth, memo.depth + 1)
        visit.sought |= memo.sought.difference(_modules)
        self.process.state.lookups.read |= memo.read
        visit.failures |= memo.failures
        if memo.error is not None and not _is_absent(memo.error, memo.name):
            visit.failures.add(memo.name)
        if memo.body_failed or not memo.failed <= visit.failed:
            self.reruns.note_attempts(visit, memo)

    def appear(self, memo: Memo, visit: Optional[Visit]) -> None:
        """Put the modules into the process that importing ``memo.name`` loads, and do its effects again."""
        loaded = memo.loaded
        if visit and (visit.told_others or self.asking.get(memo.name) == []):
            visit.doubt = "each"
        if self.seen.contested and not loaded.keys().isdisjoint(self.seen.contested):
            for key, module in loaded.items():
                if key != memo.name and _modules.setdefault(key, module) is not module and visit:
                    visit.doubt = "each" if self.seen.contested.get(key) else visit.doubt
        else:
            mine = _modules.get(memo.name, _MISSING)
            _modules.update(loaded)
            if mine is _MISSING:
                _modules.pop(memo.name, None)
        self.process.bind(memo.late)
        if memo.recursion is not None and visit:
            self.process.limit_recursion(memo.recursion, visit.frames)
        if memo.effects is not None:
            self.process.state.add(memo.effects)
            if visit and self.process.state.tells_others(memo.effects):
                visit.told_others = True
            if memo.effects[2] is None and visit:
                visit.doubt = "each"  # a working directory that is gone can't be entered again
