"""A second pass over all modules, the last one first: where the two differ, a fresh interpreter is asked.

The plan undoes what it knows that imports change. What they leave in objects (a registry, a cache, a settings
object) may let a later module pass, or fail it. In reverse order the later module comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Callable, Optional

from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.inspectors.separate_containers import corrected_by

AskExactly = Callable[[Sequence[str]], Optional[Evidence]]
"""Imports each of the named modules in a fresh interpreter, in another container."""


def with_reverse_order(evidence: Evidence, reverse: Optional[Evidence], ask_exactly: AskExactly) -> Evidence:
    """The evidence with the verdicts of those that the second pass, ``reverse``, judged otherwise.

    It is not complete where the second pass, or a fresh interpreter, gave no answer.
    """
    if reverse is None or not reverse.complete:
        return _without_answer(evidence, reverse)
    second = {module.name: _told(module) for module in reverse.modules}
    differing = [
        module.name
        for module in evidence.modules
        if module.selected and second.get(module.name, _told(module)) != _told(module)
    ]
    if not differing:
        return replace(evidence, notes=(*evidence.notes, "In reverse order, every module does the same."))
    answer = ask_exactly(differing)
    if answer is None or not answer.complete:
        return _without_answer(evidence, answer)
    corrected, changed = corrected_by(answer, evidence, differing, "in a fresh interpreter")
    modules = "one module does" if len(differing) == 1 else f"{len(differing)} modules do"
    note = (
        f"In reverse order, {modules} something else: fresh interpreters decided, and changed "
        f"{len(changed)} of the verdicts."
    )
    return replace(corrected, notes=(*corrected.notes, note))


def _without_answer(evidence: Evidence, broken: Optional[Evidence]) -> Evidence:
    """The evidence, not complete, as ``broken`` is not, which is None where no time was left for it."""
    why = (broken.error if broken else None) or "time ran out"
    return replace(
        evidence,
        complete=False,
        error=f"the second pass, in reverse order, broke off: {why}",
        out_of_time=broken is None or broken.out_of_time,
    )


def _told(item: ModuleImport) -> tuple[object, ...]:
    """What two passes must agree on: the outcome, and what was raised in which line."""
    failure = item.failure
    if failure is None:
        return (item.outcome,)
    place = failure.frames[-1:] and (failure.frames[-1].path, failure.frames[-1].line)
    return item.outcome, failure.type, failure.message, failure.missing, place
