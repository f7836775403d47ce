"""One import that is observed, the memo of what it did, and the loaders that do it again."""

from __future__ import annotations

import sys
import time

from importguard.probe.workers.namespaces import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Any, Optional, Union

    from importguard.probe.workers.namespaces import Space
    from importguard.probe.workers.state import Effects, Taken

    # (package, child) → (the package's namespace, module, what the package had under that name)
    Late = dict[tuple[str, str], tuple[Space, Any, Any]]
    Context = tuple[dict[str, Any], Late, Taken, set[object]]  # modules, late bindings, state, lookups
    Link = tuple[
        BaseException, Optional[BaseException], Optional[BaseException], bool, Optional[TracebackType]
    ]

_getframe, _exc_info = sys._getframe, sys.exc_info
_cpu_clock = time.process_time


def _count_frames() -> int:
    frame: Any = _getframe(1)
    count = 0
    while frame is not None:
        frame = frame.f_back
        count += 1
    return count


class Memo:
    """What importing ``name`` from the baseline did."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.module: Any = None
        self.error: Optional[BaseException] = None  # what it raised
        # The exceptions of its chain, with the attributes that raising it again would change.
        self.links: list[Link] = []
        self.loaded: dict[str, Any] = {}  # every entry of sys.modules beyond the baseline
        self.late: Late = {}  # bindings of submodules on packages whose own import does not bring them
        self.effects: Optional[Effects] = None
        self.state: Optional[Taken] = None  # when it ended
        self.body_failed = False
        # (importer, module) of each body that failed on the way
        self.failed: frozenset[tuple[str, str]] = frozenset()
        self.failures: frozenset[str] = frozenset()  # modules that were there, and failed for it
        self.retried = False  # whether a body that had failed on the way was imported once more
        self.doubt: Optional[str] = None  # why its import could go otherwise in a fresh interpreter
        self.again: Optional[str] = None  # how a second import in the same process fails (``fails_again``)
        # Modules that its bodies look for in sys.modules, and that were not there.
        self.sought: frozenset[str] = frozenset()
        # The environment variables that the application's bodies look up (``RecordedVariables.read``).
        self.read: frozenset[object] = frozenset()
        self.depth = 1
        self.seconds = 0.0  # that its own body took
        self.cpu = 0.0  # seconds of processor time that its own body took
        self.recursion: Optional[int] = None  # the recursion limit that it sets
        # The cycle in which it was first imported, not as the entry: still being imported, or its members.
        self.pending: Union[Visit, list[str], None] = None
        self.cycle: list[str] = []  # the members of the cycle that it is, or was, one of
        self.only_read = False  # whether it passes as a member of a cycle by reading alone
        self.lead: list[Any] = []  # where known from simulation: the frames that lead to the failure


def _holds(memo: Memo, members: set[str]) -> bool:
    if not members.isdisjoint(memo.loaded):
        return True
    return memo.error is not None and any(failed in members for _, failed in memo.failed)


class Visit:
    """One import that is being observed, with what it interrupted."""

    def __init__(self, name: str, outer: Context, begun: float) -> None:
        self.name = name
        self.outer = outer  # of the import that asked
        self.begun = begun
        self.cpu = _cpu_clock()
        self.inner_cpu = 0.0
        self.executing = False
        self.handled = _exc_info()[1]  # what the asking code is handling: no part of this import
        self.low: Optional[int] = None  # the outermost visit whose half-imported module this one has seen
        self.heir: Optional[str] = None  # the module that ends the process, where this import reaches it
        self.doubt: Optional[str] = None
        self.failed: set[tuple[str, str]] = set()
        self.failures: set[str] = set()
        self.changeable: set[str] = set()  # modules that were imported twice and do not fail alike each time
        self.retried = False
        self.sought: set[str] = set()
        self.depth = 1
        self.inner = 0.0
        # (package, child) of each body that ran as part of it → the package's namespace, and what it had
        self.hidden: dict[tuple[str, str], tuple[Space, Any]] = {}
        self.frames = _count_frames()
        self.told_others = False  # an attribute of ``sys`` was set, which is there for others to read

    def bodies(self) -> list[str]:
        """The modules whose bodies ran as part of it."""
        return [parent + "." + child for parent, child in self.hidden]


class Stack(list):  # type: ignore[type-arg]  # of Visit; Python 3.8 knows no list[Visit] here
    """The imports that are being observed, the innermost last."""

    def owner(self, name: str) -> Optional[int]:
        """The place of the innermost running body to whose import ``name`` belongs."""
        for index in range(len(self) - 1, -1, -1):
            visit = self[index]
            if visit.executing and (visit.name == name or name.startswith(visit.name + ".")):
                return index
            for again in visit.bodies():
                if (name == again or name.startswith(again + ".")) and self.is_running(index, again):
                    return index
        return None

    def met_half_imported(self, memo: Memo) -> list[Visit]:
        """The running imports that ``memo`` has loaded as a whole, and would in truth meet half imported.

        An error had ended the import of a cycle before all its members were met. The members of the cycle
        that is known are tried elsewhere.
        """
        if type(memo.pending) is Visit:
            return []  # it has seen it half imported
        return [
            visit
            for visit in self
            if visit.executing and visit.name in memo.loaded and visit.name not in memo.cycle
        ]

    def is_running(self, index: int, name: str) -> bool:
        """Whether the body of ``name`` has begun and not ended, as part of the visit at ``index``."""
        modules = _modules if index == len(self) - 1 else self[index + 1].outer[0]
        spec = getattr(modules.get(name), "__spec__", None)
        return bool(getattr(spec, "_initializing", False))


class Replay:
    """A loader that makes a known module appear; it never touches the module's own attributes."""

    def __init__(self, module: Any) -> None:
        self.module = module

    def create_module(self, spec: object) -> None:
        """The import system makes a placeholder (importlib.abc.Loader)."""

    def exec_module(self, placeholder: ModuleType) -> None:
        """Put the known module in the placeholder's place."""
        _modules[placeholder.__name__] = self.module


class Glimpse(Replay):
    """Makes a half-imported module appear, which its package has no attribute for before it is whole.

    A fresh interpreter finds it in ``sys.modules`` and binds nothing; after a loader, it would be bound.
    """

    def exec_module(self, placeholder: ModuleType) -> None:
        """Put the module in the placeholder's place, and keep its package from being told."""
        super().exec_module(placeholder)
        package = _modules.get(placeholder.__name__.rpartition(".")[0])
        try:
            kind = type(package)
            blind = type(kind.__name__, (kind,), {"__slots__": (), "__setattr__": _ignore_once})
            object.__setattr__(package, "__class__", blind)
        except Exception:  # no module, but an object that stands for one
            return


def _ignore_once(package: Any, child: str, module: ModuleType) -> None:
    """In place of ``__setattr__``: the package is of its own class again, and has no new attribute."""
    object.__setattr__(package, "__class__", type(package).__base__)


class Abandon(BaseException):
    """Ends an import that reached a module which ends the process."""
