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

from importguard.probe.workers.failures import chain, deciding, describe, safe_text
from importguard.probe.workers.fresh import _findable, _import
from importguard.probe.workers.namespaces import _MISSING, _modules
from importguard.probe.workers.pauses import Pauses, _get_ident, _sleep
from importguard.probe.workers.recorded_errors import _is_absent, raise_again, record_error
from importguard.probe.workers.state import WATCHED, State
from importguard.probe.workers.visit import (
    Abandon,
    Glimpse,
    Memo,
    Replay,
    Stack,
    Visit,
    _cpu_clock,
    _exc_info,
    _getframe,
    _holds,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Optional, Protocol

    from importguard.probe.workers.state import Taken
    from importguard.probe.workers.visit import Context, Late

    class Observer(Protocol):
        """What is told of each import (``Sweep``)."""

        selected: set[str]

        def begin(self, visit: Visit) -> None: ...
        def stumbled(self, error: Exception) -> None: ...
        def imported(self, visit: Visit, memo: Memo, seconds: float) -> bool: ...
        def end(self, visit: Visit, memo: Memo, seconds: float) -> None: ...
        def resolve(self, memo: Memo) -> Memo: ...


RERUN_SECONDS = 5.0  # that bodies may take which run again as what they have read is something else
CHEAP = 0.5  # seconds of its own that a failing body may take to be run again for each importer
_CERTAIN = (ModuleNotFoundError, SyntaxError, SystemExit)  # failures that no state of the process explains
THREAD_TURNS = 200  # of half a millisecond, that another thread's import is waited for
TOP_FRAMES = 20000  # what the plan itself may nest, between the bodies

_bootstrap: Any = _modules["_frozen_importlib"]
_LOADING = _bootstrap._find_and_load_unlocked.__code__
_current_frames = sys._current_frames
_setrecursionlimit = sys.setrecursionlimit
_release_lock, _acquire_lock = _imp.release_lock, _imp.acquire_lock


def _is_real(module: Any) -> bool:
    """Whether the import system made it: C code and stand-ins put others into sys.modules."""
    return getattr(module, "__spec__", None) is not None


def may_name_one_file(key: str, name: str) -> bool:
    """Whether both may be names of one file, which lies below two folders of the import path."""
    return ("." + key).endswith("." + name) or ("." + name).endswith("." + key)


def _is_importing(frame: Any) -> bool:
    while frame is not None:
        if frame.f_code is _LOADING:
            return True
        frame = frame.f_back
    return False


class Memory:
    """The finder that is asked first for every import: it replays what is known and observes what is not."""

    def __init__(self, fatal: Mapping[str, str], patched: set[str], observer: Observer) -> None:
        self.memos: dict[str, Memo] = {}
        self.patched = patched | set(WATCHED)  # modules, and ".name" for all whose last name that is
        self.patched_names: dict[str, list[str]] = {}  # these modules by their last name
        for name in self.patched:
            self.patched_names.setdefault(name.rpartition(".")[2], []).append(name)
        self.stack = Stack()
        self.late: Late = {}
        self.tentative: list[tuple[int, Memo]] = []
        self.seen: dict[str, Any] = {}
        self.contested: dict[str, bool] = {}  # names that stood for two objects; whether one was a stand-in
        self.fatal = dict(fatal)
        # Modules whose bodies ask what imports them → the modules that they look for in sys.modules.
        self.asking: dict[str, list[str]] = {}
        self.observer = observer
        self.trying_again: set[str] = set()  # modules that are being imported twice more (``fails_again``)
        self.thread = _get_ident()
        self.rerun = 0.0  # seconds that such bodies took
        self.foreign = False  # whether another thread has imported something since it was last looked for
        self.clock = Pauses().clock
        self.raised: Optional[BaseException] = (
            None  # an error of the application's, on its way to the importer
        )
        sys.meta_path.insert(0, self)
        self.state = State()
        self.base = dict(_modules)
        self.recursion = self.base_recursion = sys.getrecursionlimit()
        self.applied = self.recursion  # what the interpreter was told last

    def limit_recursion(self, limit: int, frames: int) -> None:
        """Let the body that begins below ``frames`` frames nest as deep as in an interpreter of its own."""
        self.recursion, self.applied = limit, limit + frames
        try:
            _setrecursionlimit(self.applied)
        except (RecursionError, ValueError, OverflowError):
            self.applied = sys.getrecursionlimit()

    def recursion_now(self) -> int:
        """The recursion limit that the application has set, else the one that it was given."""
        limit = sys.getrecursionlimit()
        return self.recursion if limit == self.applied else limit

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Part of the finder protocol (importlib.abc.MetaPathFinder); answers imports, not questions."""
        if target is not None or _getframe(2).f_code is not _LOADING:
            return None
        memo = self.memos.get(name)
        if _get_ident() != self.thread:
            self.foreign = True
            return self.spec(name, memo.module) if memo and memo.module is not None else None
        handled = _exc_info()[1]
        _release_lock()  # bodies run below: a thread of theirs must be able to import
        try:
            return self.answer(name, memo, handled)
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

    def answer(self, name: str, memo: Optional[Memo], handled: Optional[BaseException]) -> Any:
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
            return self.share(name, owner)
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
            if module is not None and space.get(child) is module and name not in self.known(parent):
                late[parent, child] = (space, module, hidden)
        return late

    def spec(self, name: str, module: Any) -> Any:
        return _bootstrap.ModuleSpec(name, Replay(module))

    def share(self, name: str, owner: int) -> Any:
        """A cycle: ``name``, or its package, is half imported. Let it be seen as it is now."""
        if owner == len(self.stack) - 1:
            return None
        for visit in self.stack[owner + 1 :]:
            visit.low = owner if visit.low is None else min(visit.low, owner)
            for key, module in visit.outer[0].items():
                if key != name:
                    _modules.setdefault(key, module)
            self.bind(visit.outer[1])
        for visit in self.stack[:owner:-1]:
            if name in visit.outer[0]:
                return _bootstrap.ModuleSpec(name, Glimpse(visit.outer[0][name]))
        return None

    # -- contexts

    def let_threads_import(self) -> None:
        """Wait a moment for other threads that are importing: a change of ``sys.modules`` would break that.

        loguru's writer unpickles each message, which imports; its errors end it, and whoever logs then waits
        for ever.
        """
        turns = THREAD_TURNS if self.foreign else 0
        self.foreign = False
        while turns and any(
            _is_importing(frame) for thread, frame in _current_frames().items() if thread != self.thread
        ):
            _sleep(0.0005)
            turns -= 1

    def bind(self, late: Late) -> None:
        for (_, child), (space, module, _) in late.items():
            space[child] = module
        self.late.update(late)

    def unbind(self) -> None:
        for (_, child), (space, module, hidden) in self.late.items():
            if space.get(child) is not module:
                continue
            if hidden is _MISSING:
                del space[child]
            else:
                space[child] = hidden  # the package's own run(), beside its module run
        self.late = {}

    def suspend(self) -> Context:
        """Give the process its baseline; returns what it had."""
        self.let_threads_import()
        outer = dict(_modules), self.late, self.state.take(), self.state.lookups.read
        self.state.lookups.read = set()
        if outer[2] != self.state.base:
            self.state.set(self.state.base, outer[2])
        self.unbind()
        _modules.clear()
        _modules.update(self.base)
        return outer

    def resume(self, outer: Context, now: Optional[Taken] = None) -> None:
        """Give the process back what ``suspend`` returned. ``now`` is its state, where that is known."""
        self.let_threads_import()
        self.state.set(outer[2], now)
        self.state.lookups.read = outer[3]
        self.unbind()
        _modules.clear()
        _modules.update(outer[0])
        self.bind(outer[1])

    # -- observing

    def observe(self, name: str) -> Memo:
        """Import ``name`` on its own, from the baseline; returns its memo."""
        visit = Visit(name, self.suspend(), self.clock())
        self.stack.append(visit)
        self.observer.begin(visit)
        memo = Memo(name)
        recursion = self.recursion_now()
        self.limit_recursion(self.base_recursion, visit.frames)
        try:
            _import(name)
        except BaseException as error:
            memo.error = error
        if self.recursion_now() != self.base_recursion:
            memo.recursion = self.recursion_now()
        self.limit_recursion(recursion, self.stack[-2].frames if len(self.stack) > 1 else TOP_FRAMES)
        seconds = self.clock() - visit.begun - visit.inner
        memo.seconds = seconds
        memo.cpu = _cpu_clock() - visit.cpu - visit.inner_cpu
        self.state.settle()
        if visit.heir:
            self.fatal[name] = "ask"
        self.stack.pop()
        self.record(memo, visit)
        asked = self.observer.imported(visit, memo, seconds)
        # What an exception held may end with it, and run code of its own.
        self.resume(visit.outer, None if asked or memo.error is not None else memo.state)
        self.file(memo, visit)
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
            self.limit_recursion(self.recursion, stack[-1].frames)
            stack[-1].inner += self.clock() - begun
            stack[-1].inner_cpu += _cpu_clock() - cpu
        return memo

    def record(self, memo: Memo, visit: Visit) -> None:
        """Keep in ``memo`` what the process has beyond its baseline."""
        base = self.base
        memo.loaded = loaded = dict(_modules)
        for key, module in base.items():
            if loaded.get(key, _MISSING) is module:
                del loaded[key]
        memo.module = memo.loaded.get(memo.name, base.get(memo.name)) if memo.error is None else None
        memo.late = self.late = {**self.late, **self.bound_here(visit)}
        memo.state = self.state.take()
        memo.effects = self.state.effects(memo.state)
        if memo.error is not None:
            memo.links = record_error(memo.error, visit.handled)
        if memo.error is not None and visit.executing and not _is_absent(memo.error, memo.name):
            memo.body_failed = True
        memo.failed, memo.retried = frozenset(visit.failed), visit.retried
        memo.failures = frozenset(visit.failures)
        memo.sought = frozenset(visit.sought)
        if memo.name in self.observer.selected:
            memo.read = frozenset(self.state.lookups.read)
        memo.depth = visit.depth
        if not loaded.items() <= self.seen.items():
            self.see(loaded)

    def see(self, loaded: Mapping[str, Any]) -> None:
        """Note the modules that are new and whole, and the names that now stand for two objects."""
        for key, module in loaded.items():
            first = self.seen.get(key, _MISSING)
            if first is _MISSING:
                if self.stack.owner(key) is None:
                    self.seen[key] = module
                    self.watch(key, module)
            elif first is not module and (_is_real(first) or _is_real(module)):
                if self.stack.owner(key) is None:
                    self.watch(key, module)  # the first may have been a stand-in
                stand_in = not (_is_real(first) and _is_real(module))
                self.contested[key] = self.contested.get(key) or stand_in

    def watch(self, key: str, module: Any) -> None:
        """From now on, a change in ``module`` is noted, if the application may make one."""
        last = key.rpartition(".")[2]
        named = any(may_name_one_file(key, name) for name in self.patched_names.get(last, ()))
        if named or "." + last in self.patched:
            self.state.watch(key, module)
        else:
            self.state.watch_lazy_names(key, module)

    def known(self, parent: str) -> Mapping[str, Any]:
        """What the import of ``parent`` loads by itself."""
        while parent:
            if parent in self.memos:
                return self.memos[parent].loaded
            if any(visit.name == parent for visit in self.stack):
                return _modules
            parent = parent.rpartition(".")[0]
        return self.base

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
        visit = Visit(memo.name, self.suspend(), self.clock())
        self.stack.append(visit)
        kept, tentative = self.forget({memo.name}, bool(memo.cycle)), self.tentative
        self.tentative = []
        errors: list[BaseException] = [first]
        for _ in range(2):
            visit.executing = False
            try:
                _import(memo.name)
            except BaseException as error:
                errors.append(error)
        self.state.settle()
        self.late = {**self.late, **self.bound_here(visit)}
        for _, member in self.tentative:  # these saw the second attempt half imported, which is over
            self.memos.pop(member.name, None)
        self.memos.update(kept)
        self.tentative = tentative
        self.stack.pop()
        self.resume(visit.outer)
        if len(errors) == 3 and len({(type(error), safe_text(error)) for error in errors}) == 1:
            return "alike"
        if len(errors) == 3 and all(isinstance(error, ImportError) for error in errors):
            return "another"
        return ""

    def file(self, memo: Memo, visit: Visit) -> None:
        """Keep the memo; one that has seen a half-imported module waits until that one is whole."""
        self.memos[memo.name] = memo
        index = len(self.stack)
        if self.stack:
            outer = self.stack[-1]
            outer.depth = max(outer.depth, memo.depth + 1)
            outer.inner += self.clock() - visit.begun
            outer.inner_cpu += _cpu_clock() - visit.cpu
            self.lower(outer, visit.low)
        if visit.low is not None and visit.low < index:
            memo.pending = visit
            self.tentative.append((visit.low, memo))
            return
        members = [member for low, member in self.tentative if low >= index]
        if members:
            self.tentative = [item for item in self.tentative if item[0] < index]
            self.close(memo, members)

    def lower(self, visit: Visit, low: Optional[int]) -> None:
        """Note that the innermost ``visit`` got what has seen the half-imported module of visit ``low``."""
        if low is not None and low < len(self.stack) - 1:
            visit.low = low if visit.low is None else min(visit.low, low)

    def close(self, root: Memo, members: list[Memo]) -> None:
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
        return [name for name, memo in self.memos.items() if name not in members and _holds(memo, members)]

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
        if self.runs_here(memo, visit):
            return self.run_here(memo.name, visit)
        if visit and memo.error is not None and describe(memo.error)[2] is None:
            if self.state.take() != memo.state:
                visit.doubt = visit.doubt or "state"
        self.appear(memo, visit)
        if memo.error is None:
            return self.spec(memo.name, memo.module)
        self.raised = memo.error
        return raise_again(memo, memo.error, handled)

    def take_note(self, visit: Visit, memo: Memo) -> None:
        """Hand on to ``visit`` what was noted while ``memo`` was observed."""
        if type(memo.pending) is Visit:
            self.lower(visit, memo.pending.low)
        visit.depth = max(visit.depth, memo.depth + 1)
        visit.sought |= memo.sought.difference(_modules)
        self.state.lookups.read |= memo.read
        visit.failures |= memo.failures
        if memo.error is not None and not _is_absent(memo.error, memo.name):
            visit.failures.add(memo.name)
        if memo.body_failed or not memo.failed <= visit.failed:
            self.attempted(visit, memo)

    def runs_here(self, memo: Memo, visit: Optional[Visit]) -> bool:
        """Whether the body may do something else now than alone: then it runs as part of what is imported."""
        if visit and (not memo.sought.isdisjoint(_modules) or self.reads_otherwise(memo)):
            # It looks for a module in sys.modules that is there now, or for a variable that is set now. In a
            # cycle, others have met it half imported that it may now be the first to import.
            for entry in self.stack[memo.pending.low or 0 :] if type(memo.pending) is Visit else ():
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
        if memo.name not in self.observer.selected or memo.state is None or self.rerun > RERUN_SECONDS:
            return False
        differs = self.state.is_read_otherwise(memo.read, memo.state)
        self.rerun += memo.seconds if differs else 0.0
        return differs

    def attempted(self, visit: Visit, memo: Memo) -> None:
        """Note the bodies that failed while ``memo`` was imported: another importer runs them again."""
        known = {name for _, name in visit.failed}
        new = memo.failed - visit.failed
        if memo.body_failed and (visit.name, memo.name) not in visit.failed:
            new |= {(visit.name, memo.name)}
        again = [self.memos[name] for _, name in new if name in known and name in self.memos]
        visit.retried = visit.retried or memo.retried or bool(again)
        fails = {memo.name: self.fails_again(memo) for memo in again}
        if "" in fails.values() and visit.doubt is None:
            visit.doubt = "attempts"
        # Code that guards an import takes the one error for the other; what fails by it has other words.
        visit.changeable.update(name for name, way in fails.items() if way != "alike")
        visit.failed |= new

    def appear(self, memo: Memo, visit: Optional[Visit]) -> None:
        """Put the modules into the process that importing ``memo.name`` loads, and do its effects again."""
        loaded = memo.loaded
        if visit and (visit.told_others or self.asking.get(memo.name) == []):
            visit.doubt = "each"
        if self.contested and not loaded.keys().isdisjoint(self.contested):
            for key, module in loaded.items():
                if key != memo.name and _modules.setdefault(key, module) is not module and visit:
                    visit.doubt = "each" if self.contested.get(key) else visit.doubt
        else:
            mine = _modules.get(memo.name, _MISSING)
            _modules.update(loaded)
            if mine is _MISSING:
                _modules.pop(memo.name, None)
        self.bind(memo.late)
        if memo.recursion is not None and visit:
            self.limit_recursion(memo.recursion, visit.frames)
        if memo.effects is not None:
            self.state.add(memo.effects)
            if visit and self.state.tells_others(memo.effects):
                visit.told_others = True
            if memo.effects[2] is None and visit:
                visit.doubt = "each"  # a working directory that is gone can't be entered again

    def lost_now(self, name: str) -> bool:
        """Whether what imports from the baseline can't be found where the path has been shortened."""
        base = self.state.base[1][0]
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
        known = self.memos.get(parent)
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
        changed = memo.state is not None and self.state.differs(memo.state)
        return "." not in name and changed and _findable(name)
