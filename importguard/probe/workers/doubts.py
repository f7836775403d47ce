"""Where a fresh interpreter could say something else than the sweep, and which verdicts share its answer."""

from __future__ import annotations

from importguard.probe.code.imports import may_bind, may_bind_unseen, parse_module
from importguard.probe.workers.failures import chain, deciding, describe, safe_text
from importguard.probe.workers.fresh import _io_open

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.memory import Memory
    from importguard.probe.workers.state import Taken
    from importguard.probe.workers.visit import Visit

# What Python says of a module that is only half imported. Since 3.13 it suggests another name for one that
# lies in the first entry of the import path (``Objects/moduleobject.c``, ``_PyModule_IsPossiblyShadowing``).
CIRCULAR = ("circular import", "partially initialized module", "(consider renaming '")
SHARED_IN_ONE_STATE = ("error", "state")  # doubts whose answer holds in the state that it was given in
SLOW = 0.01  # seconds; those of quicker bodies come to little
DEEP_CHAIN = 120  # about as many nested imports as a fresh interpreter's recursion limit allows


class Doubts:
    """Says why a verdict is to be asked again, in a word that verdicts with the same answer share."""

    def __init__(self, memory: Memory, entries: dict[str, Memo], limit: float) -> None:
        self.memory = memory
        self.entries = entries  # members of cycles that were run as the entry
        self.limit = limit  # seconds that an import may take
        self.spent = 0.0
        self.slow: dict[str, float] = {}  # seconds of the bodies that took longer than SLOW

    def note_seconds(self, name: str, seconds: float) -> None:
        """Note what the body of ``name`` took."""
        self.spent += seconds
        if seconds > SLOW:
            self.slow[name] = seconds

    def of_visit(self, visit: Visit, memo: Memo) -> Optional[str]:
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

    def of_verdict(self, memo: Memo, doubt: Optional[str]) -> Optional[str]:
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
            return self.of_entry(memo)
        return doubt

    def of_entry(self, memo: Memo) -> Optional[str]:
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
