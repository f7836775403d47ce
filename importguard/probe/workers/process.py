"""The process of the sweep: each import gets it as it was at first, and gives it back as it was before."""

from __future__ import annotations

import sys

from importguard.probe.workers.namespaces import _MISSING, _modules
from importguard.probe.workers.pauses import _get_ident, _sleep
from importguard.probe.workers.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.workers.memo import Late
    from importguard.probe.workers.state import Taken
    from importguard.probe.workers.visit import Context

THREAD_TURNS = 200  # of half a millisecond, that another thread's import is waited for

_bootstrap: Any = _modules["_frozen_importlib"]
_LOADING = _bootstrap._find_and_load_unlocked.__code__
_current_frames = sys._current_frames
_setrecursionlimit = sys.setrecursionlimit


class Process:
    """Its modules, the submodules that are bound on packages, its ``State`` and its recursion limit."""

    def __init__(self) -> None:
        self.thread = _get_ident()
        self.foreign = False  # whether another thread has imported something since it was last looked for
        self.late: Late = {}

    def take_baseline(self) -> None:
        """Note what each import is to begin with: what the process has now."""
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
        """Bind submodules on their packages, as their imports did."""
        for (_, child), (space, module, _) in late.items():
            space[child] = module
        self.late.update(late)

    def unbind(self) -> None:
        """Give the packages back what they had under the names of the submodules that are bound."""
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


def _is_importing(frame: Any) -> bool:
    """Whether ``frame``, or one that it was called from, is an import."""
    while frame is not None:
        if frame.f_code is _LOADING:
            return True
        frame = frame.f_back
    return False
