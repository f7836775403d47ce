"""The memo of an import: what it did, to be done again for the next importer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Optional, Union

    from importguard.probe.workers.namespaces import Space
    from importguard.probe.workers.state import Effects, Taken
    from importguard.probe.workers.visit import Visit

    # (package, child) → (the package's namespace, module, what the package had under that name)
    Late = dict[tuple[str, str], tuple[Space, Any, Any]]
    Link = tuple[
        BaseException, Optional[BaseException], Optional[BaseException], bool, Optional[TracebackType]
    ]


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


def holds_any_of(memo: Memo, members: set[str]) -> bool:
    if not members.isdisjoint(memo.loaded):
        return True
    return memo.error is not None and any(failed in members for _, failed in memo.failed)
