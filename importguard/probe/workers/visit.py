"""The imports that are being observed now, each with what it interrupted."""

from __future__ import annotations

import sys
import time

from importguard.probe.workers.namespaces import _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.workers.memo import Late, Memo
    from importguard.probe.workers.namespaces import Space
    from importguard.probe.workers.state import Taken

    Context = tuple[dict[str, Any], Late, Taken, set[object]]  # modules, late bindings, state, lookups

_getframe, _exc_info = sys._getframe, sys.exc_info
_cpu_clock = time.process_time


def _count_frames() -> int:
    frame: Any = _getframe(1)
    count = 0
    while frame is not None:
        frame = frame.f_back
        count += 1
    return count


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
