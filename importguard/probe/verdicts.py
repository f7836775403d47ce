"""The final verdicts: what became of each module and which module is at fault, told to the host once."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Callable, Optional

    from importguard.probe.code.lookups import Lookups
    from importguard.probe.culprits import Culprits
    from importguard.probe.values import Discovered, FailureValues, UnsetVariable
    from importguard.probe.workers.failures import Failure, PlainFrame

FATAL = ("crashed", "timed_out", "exited")  # outcomes that end the process which imports


class Verdict:
    """What importing the module ``name`` gave.

    ``outcome`` is one of ``model.Outcome``; ``failure`` is what was raised, ``detail`` how the process ended.
    ``seconds`` is wall time, ``output`` the last words of the process, ``frames`` where it ended, and
    ``culprit`` the module at fault where that is known already. ``program`` says so where a script did what
    production runs it for (``scripts``): it counts as imported, and still ends what imports it besides.
    """

    def __init__(
        self,
        name: str,
        outcome: str,
        failure: Optional[Failure] = None,
        detail: str = "",
        seconds: float = 0.0,
        output: str = "",
    ) -> None:
        self.name = name
        self.outcome = outcome
        self.failure = failure
        self.detail = detail
        self.seconds = seconds
        self.output = output
        self.frames: Sequence[PlainFrame] = ()
        self.culprit: Optional[str] = None
        self.program = ""

    def agrees_with(self, other: Verdict) -> bool:
        """Whether both say the same: the outcome, and of a failure its type, message and missing module."""
        return self.outcome == other.outcome and (self.failure or ())[:3] == (other.failure or ())[:3]

    def has_outcome_of(self, other: Verdict) -> bool:
        """Whether both say the same but for the message, which can name an address or a file of the run."""
        mine, others = self.failure or ("", "", None), other.failure or ("", "", None)
        return (self.outcome, mine[0], mine[2]) == (other.outcome, others[0], others[2])


class Verdicts:
    """The final verdicts by module name; adding one tells the host of it (event ``module``) by ``emit``.

    ``scripts``: the module of a start command that Python runs as ``__main__`` → its file.
    """

    def __init__(self, discovery: Discovered, emit: Callable[..., None]) -> None:
        self.discovery = discovery
        self.emit = emit
        self.scripts: dict[str, str] = {}
        self.final: dict[str, Verdict] = {}
        self.failures: list[Optional[FailureValues]] = []  # what all that did not import raised, as told
        self._culprits: Optional[Culprits] = None
        self._lookups: Optional[Lookups] = None

    def __contains__(self, name: str) -> bool:
        return name in self.final

    @property
    def outcome_by_module(self) -> dict[str, str]:
        """The outcome of each module."""
        return {name: _told_outcome(verdict) for name, verdict in self.final.items()}

    @property
    def programs(self) -> list[str]:
        """What is to be said of the scripts whose import ran their program."""
        return [verdict.program for verdict in self.final.values() if verdict.program]

    @property
    def culprits_of_failures(self) -> Culprits:
        """Loaded with the first failure: a sound image does not pay for it."""
        if self._culprits is None:
            from importguard.probe.culprits import Culprits

            self._culprits = Culprits(dict(self.discovery["modules"]))
        return self._culprits

    @property
    def variable_lookups(self) -> Lookups:
        """Loaded with the first failure."""
        if self._lookups is None:
            from importguard.probe.code.lookups import Lookups

            prepared = self.discovery["setup"]["environ"] if self.discovery["setup"] else {}
            environ = {**os.environ, **(self.discovery["environ"] or {}), **prepared}
            self._lookups = Lookups(dict(self.discovery["modules"]), environ)
        return self._lookups

    def make_final(self, verdict: Verdict) -> None:
        """Make ``verdict`` final, unless its module has one."""
        if verdict.name in self.final:
            return
        self.final[verdict.name] = verdict
        if verdict.name in self.scripts and verdict.outcome in FATAL:
            from importguard.probe.scripts import words_on_program

            verdict.program = words_on_program(verdict, self.scripts[verdict.name])
        failed = _told_outcome(verdict) != "imported"
        if verdict.culprit is None and verdict.failure is not None:
            verdict.culprit = self.culprits_of_failures.of_failure(verdict.name, verdict.failure)
        elif verdict.culprit is None and verdict.outcome != "imported":
            verdict.culprit = self.culprits_of_failures.of_end(verdict.name, verdict.frames, verdict.output)
        failure = self.failure_values(verdict.failure)
        if failed:
            self.failures.append(failure)
        self.emit(
            "module",
            name=verdict.name,
            outcome=_told_outcome(verdict),
            failure=failure if failed else None,
            detail=verdict.detail,
            seconds=round(verdict.seconds, 6),
            culprit=verdict.culprit,
            output=verdict.output if failed else "",
            frames=list(verdict.frames),
        )

    def revise(self, verdict: Verdict) -> None:
        """Make ``verdict`` final in place of the one that its module has: more is known by now."""
        self.final.pop(verdict.name, None)
        self.make_final(verdict)

    def _required_from(self, frames: list[PlainFrame], said: str) -> list[str]:
        from importguard.probe.code.required import variables_required_from

        places = self.culprits_of_failures.own_frames_of_body(frames)
        return variables_required_from(self.variable_lookups, places, said)

    def _lookups_of(
        self, own_frames: list[tuple[str, int]], frames: list[PlainFrame], message: str
    ) -> list[UnsetVariable]:
        """The unset variables of the failing statement, else those that its message names."""
        (module, line), *callers = own_frames
        found = self.variable_lookups.unset_variables_at(module, line, message, tuple(callers))
        return found or self.variable_lookups.unset_variables_named([frame[3] for frame in frames], message)

    def failure_values(self, failure: Optional[Failure]) -> Optional[FailureValues]:
        """A failure under the names of ``evidence.ImportFailure``."""
        if failure is None:
            return None
        kind, message, missing, frames, causes = failure
        own_frames = self.culprits_of_failures.own_frames(frames) if missing is None else []
        own = own_frames[0] if own_frames else None
        lookups = self._lookups_of(own_frames, frames, message) if own else []
        named = self.culprits_of_failures.origin_of_named(own[0], kind, message) if own else ""
        said = " ".join([message, *(cause[1] for cause in causes), *(lookup[0] for lookup in lookups)])
        return {
            "type": kind,
            "message": message,
            "missing": missing,
            "frames": frames,
            "causes": causes,
            "lookups": lookups,
            "named_from": named,
            "required": self._required_from(frames, said) if own else [],
        }


def _told_outcome(verdict: Verdict) -> str:
    return "imported" if verdict.program else verdict.outcome
