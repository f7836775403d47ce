"""All modules in one process: what ``fresh`` says of each, at the price of one.

Says of a verdict where it could differ from a fresh interpreter's (``doubt``): "each" must be asked again one
by one, any other reason once for all failures with the same words in the same place.
"""

from __future__ import annotations

import sys

from importguard.probe.workers.cycles import Cycles
from importguard.probe.workers.doubts import Doubts
from importguard.probe.workers.failures import describe, safe_text
from importguard.probe.workers.fresh import Channel, _exit, missing_attributes, prepare, start
from importguard.probe.workers.memory import Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union

    from importguard.probe.workers.cycles import Silence
    from importguard.probe.workers.failures import Failure
    from importguard.probe.workers.memo import Memo
    from importguard.probe.workers.visit import Visit

SWITCH_SECONDS = 0.2
GARBAGE_THRESHOLDS = (50_000, 20, 100)  # gc.set_threshold


class Sweep:
    """Drives ``Memory`` over the application's modules and reports each verdict once."""

    def __init__(self, request: dict[str, Any], channel: Union[Channel, Silence]) -> None:
        self.channel = channel
        self.files: dict[str, Optional[str]] = dict(request["files"])
        self.selected = set(request["selected"]) | set(request["files"])
        self.wanted = set(request["modules"])
        self.attributes: dict[str, list[str]] = request["attributes"]
        self.reported: set[str] = set()
        # Of these, those whose verdict is to be asked about → whether it is a failure.
        self.doubtful: dict[str, bool] = {}
        self.extra: dict[str, dict[str, Any]] = {}
        self.unresolved: list[str] = []  # members of cycles, to be judged next
        self.memory = Memory(request["fatal"], set(request["patched"]), self)
        self.memory.asking = request["asking"]
        self.cycles = Cycles(self)
        self.doubts = Doubts(self.memory, self.cycles.entries, request["limit"])

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
            self.tell(memo, self.doubts.of_verdict(memo, "cycle" if memo.lead else None), 0.0)

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
        self.doubts.note_seconds(visit.name, seconds)
        name = visit.name
        if name in self.attributes:
            lost = missing_attributes(name, self.attributes[name]) if memo.error is None else []
            self.extra[name] = {"lost": lost, "loaded": [key for key in memo.loaded if type(key) is str]}
        return name in self.attributes

    def end(self, visit: Visit, memo: Memo, seconds: float) -> None:
        """The import is over and its memo filed; a member of a cycle is reported when the cycle is judged."""
        name = visit.name
        memo.doubt = self.doubts.of_visit(visit, memo)
        self.unresolved += [member for member in memo.cycle if member in self.wanted]
        if name not in self.selected:
            return
        if visit.heir:
            self.report(name, "imported", None, "", seconds, {"doubt": None, "heir": visit.heir})
        elif memo.pending is None:
            self.tell(memo, self.doubts.of_verdict(memo, memo.doubt), seconds)

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

    def resolve(self, memo: Memo) -> Memo:
        """The memo of a member of a cycle, with that member as the entry."""
        return self.cycles.resolve(memo)


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
