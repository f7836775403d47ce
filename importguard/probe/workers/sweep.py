"""All modules in one process: what ``fresh`` says of each, at the price of one.

Says of a verdict where it could differ from a fresh interpreter's (``doubt``): "each" must be asked again one
by one, any other reason once for all failures with the same words in the same place.
"""

from __future__ import annotations

import posix
import sys

from importguard.probe.code.imports import may_bind, may_bind_unseen, parse_module
from importguard.probe.workers.failures import chain, deciding, describe, safe_text
from importguard.probe.workers.fresh import (
    Channel,
    _close,
    _exit,
    _find_spec,
    _io_open,
    _open,
    _write,
    missing_attributes,
    prepare,
    start,
)
from importguard.probe.workers.memory import Memory
from importguard.probe.workers.simulation import Fails, Simulation, Undecided, program

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any, Optional, Union

    from importguard.probe.workers.failures import Failure
    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.simulation import Operation
    from importguard.probe.workers.state import Taken
    from importguard.probe.workers.visit import Visit
else:
    import _signal as signal  # Built in. The module around it could be the application's.

_fork, _pipe, _read, _waitpid = posix.fork, posix.pipe, posix.read, posix.waitpid
_listdir, _readlink, _dup2 = posix.listdir, posix.readlink, posix.dup2
_handle, _alarm, _SIGALRM, _SIG_DFL = signal.signal, signal.alarm, signal.SIGALRM, signal.SIG_DFL
SWITCH_SECONDS = 0.2
GARBAGE_THRESHOLDS = (50_000, 20, 100)  # gc.set_threshold
TRIAL_SECONDS = 10.0  # that all members of a cycle may take to be tried; a longer one is read first
TRIAL_LIMIT = 30  # when a trial is taken to hang
# What Python says of a module that is only half imported. Since 3.13 it suggests another name for one that
# lies in the first entry of the import path (``Objects/moduleobject.c``, ``_PyModule_IsPossiblyShadowing``).
CIRCULAR = ("circular import", "partially initialized module", "(consider renaming '")
SHARED_IN_ONE_STATE = ("error", "state")  # doubts whose answer holds in the state that it was given in
SLOW = 0.01  # seconds; those of quicker bodies come to little
DEEP_CHAIN = 120  # about as many nested imports as a fresh interpreter's recursion limit allows


class Silence:
    """The channel of a fork that only tries something out."""

    def send(self, *message: Any) -> None:
        pass


class Sweep:
    """Drives ``Memory`` over the application's modules and reports each verdict once."""

    def __init__(self, request: dict[str, Any], channel: Union[Channel, Silence]) -> None:
        self.channel = channel
        self.files: dict[str, Optional[str]] = dict(request["files"])
        self.selected = set(request["selected"]) | set(request["files"])
        self.wanted = set(request["modules"])
        self.attributes: dict[str, list[str]] = request["attributes"]
        self.limit: float = request["limit"]
        self.spent = 0.0
        self.slow: dict[str, float] = {}  # seconds of the bodies that took longer than SLOW
        self.reported: set[str] = set()
        # Of these, those whose verdict is to be asked about → whether it is a failure.
        self.doubtful: dict[str, bool] = {}
        self.programs: dict[str, Optional[list[Operation]]] = {}
        # module → (line, memo) of a body that fails by itself
        self.own_failures: dict[str, tuple[int, Memo]] = {}
        self.extra: dict[str, dict[str, Any]] = {}
        # Members of cycles that were imported as the entry: what their memos say then is what a fresh
        # interpreter does, whatever else is half imported when they are wanted again.
        self.entries: dict[str, Memo] = {}
        self.unresolved: list[str] = []  # members of cycles, to be judged next
        self.resolving: list[str] = []  # the members that are being run as the entry
        self.tangled: set[str] = set()  # those whose run as the entry needs that of one which needs theirs
        self.memory = Memory(request["fatal"], set(request["patched"]), self)
        self.memory.asking = request["asking"]

    def judge_modules(self, names: list[str]) -> None:
        """Report the verdicts of the modules ``names``.

        Members of cycles are judged as soon as their cycle is known: what must be asked is asked meanwhile.
        """
        for name in names:
            self.judge(name)
            while self.unresolved:
                self.judge(self.unresolved.pop(0))

    def judge(self, name: str) -> None:
        """Report the verdict of the module ``name``, unless it is known already."""
        if name in self.reported:
            return
        memo = self.memory.memos.get(name)
        if name in self.memory.fatal:
            self.report(name, "imported", None, "", 0.0, {"doubt": None, "heir": name})
        elif memo is None:
            self.memory.observe(name)
            memo = self.memory.memos[name]
        if name not in self.reported and memo is not None:
            memo = self.resolve(memo)
            self.tell(memo, self.doubt_of(memo, "cycle" if memo.lead else None), 0.0)

    # -- what Memory tells

    def begin(self, visit: Visit) -> None:
        """An import begins."""
        if visit.name in self.selected:
            self.channel.send("begin", visit.name)

    def stumbled(self, error: Exception) -> None:
        """An error of the probe's own, which no import has seen."""
        self.channel.send("stumbled", safe_text(error, repr)[:200])

    def imported(self, visit: Visit, memo: Memo, seconds: float) -> bool:
        """In the import's own context, what only can be asked while it lasts; whether that ran its code."""
        self.spent += seconds
        if seconds > SLOW:
            self.slow[visit.name] = seconds
        name = visit.name
        if name in self.attributes:
            lost = missing_attributes(name, self.attributes[name]) if memo.error is None else []
            self.extra[name] = {"lost": lost, "loaded": [key for key in memo.loaded if type(key) is str]}
        return name in self.attributes

    def end(self, visit: Visit, memo: Memo, seconds: float) -> None:
        """The import is over and its memo filed; a member of a cycle is reported when the cycle is judged."""
        name = visit.name
        memo.doubt = self.doubt_of_visit(visit, memo)
        self.unresolved += [member for member in memo.cycle if member in self.wanted]
        if name not in self.selected:
            return
        if visit.heir:
            self.report(name, "imported", None, "", seconds, {"doubt": None, "heir": visit.heir})
        elif memo.pending is None:
            self.tell(memo, self.doubt_of(memo, memo.doubt), seconds)

    def doubt_of_visit(self, visit: Visit, memo: Memo) -> Optional[str]:
        """Where what happened during an import could differ in a fresh interpreter."""
        if memo.depth > DEEP_CHAIN:
            return "each"
        if self.spent > self.limit:
            taken = sum(own for name, own in self.slow.items() if name in memo.loaded)
            if taken > self.limit:
                return "each"
        if memo.error is not None and visit.changeable and visit.doubt in (None, "attempts"):
            # Modules that fail alike share the answer where the same bodies may be why.
            return "attempts {}".format(hash(frozenset(visit.changeable)))
        if visit.doubt == "attempts":
            # Modules that meet the same failed bodies in the same order share the answer.
            return "attempts {}".format(hash(memo.failed))
        return visit.doubt

    def doubt_of(self, memo: Memo, doubt: Optional[str]) -> Optional[str]:
        """A failure is trusted when its kind does not depend on the state of the process.

        Failures share an answer only where they arose in the same state: ``setLoggerClass`` before an import
        decides whether it passes.
        """
        doubt = self.reason_for_doubt(memo, doubt)
        if memo.error is None or doubt is None or doubt.partition(" ")[0] not in SHARED_IN_ONE_STATE:
            return doubt
        in_baseline = memo.state is None or memo.state == self.memory.process.state.base
        return doubt if in_baseline else "{} in {}".format(doubt, hash(_comparable(memo.state)))

    def reason_for_doubt(self, memo: Memo, doubt: Optional[str]) -> Optional[str]:
        """Why a fresh interpreter may say something else than ``memo``: ``doubt``, where that is known."""
        if memo.error is None:
            return doubt
        decider = deciding(chain(memo.error))
        if isinstance(decider, (ModuleNotFoundError, SyntaxError)):
            return doubt
        if doubt is None and _is_never_bound(decider):
            return None
        lacking = self.lacking_module(memo) if doubt is None and decider is memo.error else None
        if lacking is not None:
            # Modules that meet the same whole module in the same state share the answer, where they enter its
            # cycle in the same place.
            entry = next((name for name in memo.loaded if name in lacking.cycle), "")
            return "lacks {}".format(hash((_comparable(memo.state), memo.recursion, entry)))
        if doubt is None:
            return self.doubt_of_entry(memo)
        return doubt

    def doubt_of_entry(self, memo: Memo) -> Optional[str]:
        """How widely the answer of a fresh interpreter holds for the failure of ``memo``.

        By which member a cycle is entered decides what is half imported: that is asked for each such member,
        unless that one was run as the entry, and what it says of a half-imported module is all there is.
        And a body that runs inside itself is what no interpreter does: the failure is another entry's.
        """
        error: Any = memo.error
        bodies = [frame[3] for frame in describe(error)[3] if frame[2] == "<module>"]
        if len(set(bodies)) < len(bodies):
            return "each"
        if not any(words in safe_text(deciding(chain(error))) for words in CIRCULAR):
            return "error"
        if memo.retried:
            return "each"  # what the first attempt has left behind is what the second one meets
        known = (self.memory.memos.get(name) for name in [memo.name, *bodies])
        entry = next((m.name for m in known if m is not None and m.cycle), "")
        run = self.entries.get(entry)
        return None if run is not None and run.error is error else "error {}".format(entry)

    def lacking_module(self, memo: Memo) -> Optional[Memo]:
        """The other module that lacks a name, which it failed for, although it was imported as a whole."""
        error, words = memo.error, safe_text(memo.error)
        if not isinstance(error, ImportError) or not words.startswith("cannot import name '"):
            return None
        target = self.memory.memos.get(error.name) if type(error.name) is str else None
        if target is None or target.error is not None or memo.name in target.cycle:
            return None
        return None if any(words_of_cycle in words for words_of_cycle in CIRCULAR) else target

    def tell(self, memo: Memo, doubt: Optional[str], seconds: float) -> None:
        """Report the verdict that ``memo`` holds."""
        outcome, detail = "imported", ""
        failure: Optional[Failure] = None
        if memo.error is not None:
            outcome = "failed"
            failure = describe(memo.error)
            if memo.lead:
                failure = failure[:3] + (memo.lead + failure[3][-20:], failure[4])
            if isinstance(memo.error, SystemExit):
                outcome, detail = "exited", "sys.exit({})".format(safe_text(memo.error.code, repr)[:80])
        # Where a module was loaded, its failure as the entry of a cycle was not met.
        rests = [
            name for name, fails in self.doubtful.items() if name in (memo.failures if fails else memo.loaded)
        ]
        extra = {"doubt": doubt, "only_read": memo.only_read, "rests": rests}
        if doubt is not None:
            self.doubtful[memo.name] = memo.error is not None
        self.report(memo.name, outcome, failure, detail, seconds, extra)

    def report(
        self,
        name: str,
        outcome: str,
        failure: Optional[Failure],
        detail: str,
        seconds: float,
        extra: dict[str, Any],
    ) -> None:
        """Say a module's verdict, once."""
        if name in self.reported:
            return
        self.reported.add(name)
        extra.update(self.extra.get(name, {"lost": [], "loaded": []}))
        self.channel.send("done", name, outcome, failure, detail, seconds, extra)

    # -- cycles

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
            answer = self.read(memo, cycle)
            if answer == "fails":
                return memo
            if answer == "passes" and whole:
                memo.only_read = True
                return memo
        # A fork leaves nothing: in it, a trial of another member needs no fork of its own.
        tried = whole and type(self.channel) is not Silence
        return memo if tried and self.trial(memo, cycle) else self.again(memo, cycle)

    def read(self, memo: Memo, cycle: list[str]) -> str:
        """What the statements of the cycle say of this entry: that it "passes", or nothing certain ("").

        Where they reach a module that is absent, whatever else the bodies do, ``memo`` takes on its error,
        and the answer is "fails".
        """
        simulation = self.simulation(cycle)
        try:
            simulation.simulate_import(memo.name)
        except Fails as fails:
            error = fails.memo.error
            if error is not None and isinstance(deciding(chain(error)), (ModuleNotFoundError, SyntaxError)):
                self.fails_by(memo, fails, simulation)
                return "fails"
            return ""
        except (Undecided, RecursionError):
            return ""
        return "passes"

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
        self.channel.send("busy")
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
        self.channel = Silence()
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

    def fails_by(self, memo: Memo, fails: Fails, simulation: Simulation) -> None:
        """``memo`` fails as simulated: by the error of another module, with what was whole by then loaded."""
        memo.error, memo.links, memo.module = fails.memo.error, fails.memo.links, None
        memo.lead = fails.lead
        memo.state = self.memory.process.state.base
        memo.effects, memo.late, memo.loaded = None, {}, {}
        for known in simulation.memos.values():
            if known is not None:
                memo.loaded.update(known.loaded)
        for name in simulation.complete:
            known = self.memory.memos.get(name)
            if known is not None and known.module is not None:
                memo.loaded[name] = known.module

    def simulation(self, cycle: list[str]) -> Simulation:
        """A simulation in which the modules of ``cycle``, and those of its packages, are run."""
        self.note_failures(cycle)
        self.find_files(cycle)
        members = set(cycle)

        def belongs(module: str) -> bool:
            while module and module not in members:
                module = module.rpartition(".")[0]
            return bool(module)

        def inside(module: str) -> bool:
            return module in self.files and belongs(module)

        def fact(module: str, parent: str) -> Optional[Memo]:
            if belongs(module):
                raise Undecided(module)  # its file is not known
            return self.fact(module, parent)

        return Simulation(inside, fact, self.program, self.files, self.own_failures)

    def find_files(self, cycle: list[str]) -> None:
        """The files of third-party modules in a cycle: of them, only cycles are ever read."""
        for name in cycle:
            if name in self.files:
                continue
            memo = self.memory.memos.get(name)
            for key, module in memo.loaded.items() if memo is not None else ():
                self.find_file(key, getattr(module, "__spec__", None))
            if name not in self.files:
                parent = self.memory.memos.get(name.rpartition(".")[0])
                try:
                    self.find_file(name, _find_spec(name, parent and parent.module.__path__))
                except Exception:
                    continue

    def find_file(self, name: str, spec: object) -> None:
        """Note the file that ``spec`` names."""
        origin = getattr(spec, "origin", None)
        if type(origin) is str and origin.endswith(".py"):
            self.files.setdefault(name, origin)

    def note_failures(self, cycle: list[str]) -> None:
        """Which bodies of the cycle fail by themselves, and on which line."""
        for name in cycle:
            memo = self.memory.memos.get(name)
            if memo is None or memo.error is None or name in self.own_failures or memo.lead:
                continue
            frames = [frame for frame in describe(memo.error)[3] if frame[2] == "<module>"]
            decider = deciding(chain(memo.error))
            if frames and frames[-1][3] == name and not isinstance(decider, ImportError):
                self.own_failures[name] = (frames[-1][1], memo)

    def fact(self, name: str, parent: str) -> Optional[Memo]:
        """The memo of a module outside of the cycle, imported if need be; None if its parent brings it."""
        memory = self.memory
        known = memory.memos.get(parent)
        if name in memory.process.base or (known is not None and name in known.loaded):
            return None
        memo = memory.memos.get(name)
        if memo is None:
            memo = memory.observe(name)
        return self.resolve(memo)

    def program(self, name: str) -> Optional[list[Operation]]:
        """What the body of ``name`` does to the import system; None where that can't be read."""
        if name not in self.programs:
            self.programs[name] = None
            path = self.files[name] or ""
            if path.endswith(".py"):
                try:
                    with _io_open(path, "rb") as file:
                        tree = parse_module(file.read(), path)
                    self.programs[name] = program(tree, name, path.endswith("__init__.py"))
                except (OSError, SyntaxError, ValueError):
                    pass
        return self.programs[name]

    def again(self, memo: Memo, members: list[str]) -> Memo:
        """Run the cycle for real with this one as the entry; what was known of the others stays."""
        self.channel.send("busy")
        memory = self.memory
        kept = memory.forget(set(members))
        held, self.reported = self.reported, self.reported | kept.keys()
        fresh = memory.observe_apart(memo.name)
        self.reported = held
        memory.memos.update(kept)
        memory.memos.update({name: entry for name, entry in self.entries.items() if name in kept})
        memory.memos[memo.name] = fresh
        fresh.pending, fresh.cycle = None, members
        if memo.name not in memory.fatal:
            self.entries[memo.name] = fresh
        if memo.name in self.selected:
            doubt = "each" if memo.name in self.tangled else self.doubt_of(fresh, fresh.doubt)
            self.tell(fresh, doubt, 0.0)
        return fresh


def _comparable(state: Optional[Taken]) -> Optional[tuple[Any, ...]]:
    """What two states are compared by: variables, lists, working directory, and which names are patched."""
    if state is None:
        return None
    variables, lists, directory, patches, _ = state
    members = tuple(value if type(value) is str else id(value) for values in lists for value in values)
    return frozenset(variables.items()), members, directory, frozenset(patches)


def _is_never_bound(error: BaseException) -> bool:
    """Whether a name is wanting that no statement of its module gives a value: so it is in any process."""
    message = safe_text(error)
    if type(error) is NameError and message.startswith("name '"):
        step: Any = error.__traceback__
        while step is not None and step.tb_next is not None:
            step = step.tb_next
        path: Any = step and step.tb_frame.f_code.co_filename
    elif isinstance(error, ImportError) and message.startswith("cannot import name '"):
        path = error.path
    else:
        return False
    if type(path) is not str or not path.endswith(".py"):
        return False
    try:
        with _io_open(path, "rb") as file:
            tree = parse_module(file.read(), path)
        return not may_bind_unseen(tree) and not may_bind(tree, message.split("'")[1])
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False


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


def collect_garbage_less_often() -> None:
    """Nearly all that imports make stays: looking through it again and again took a fifth of a sweep."""
    loaded = "gc" in sys.modules
    import gc  # built in

    gc.set_threshold(*GARBAGE_THRESHOLDS)
    if not loaded:
        del sys.modules["gc"]


def run_sweep(request: dict[str, Any], descriptor_out: int) -> None:
    """Judge all modules of the request; ends the process without its atexit handlers."""
    channel = Channel(descriptor_out, request["secret"], request["supervisor"], request["kept"])
    start(request)
    if request["setup"]:
        prepare(request["setup"])
    # The application's threads see sys.modules change under them: what one does without waiting should be
    # done before the main thread goes on. loguru's writer unpickles each message, which imports.
    sys.setswitchinterval(SWITCH_SECONDS)
    collect_garbage_less_often()
    sweep = Sweep(request, channel)
    sweep.judge_modules(request["modules"])
    channel.send("end")
    _exit(0)
