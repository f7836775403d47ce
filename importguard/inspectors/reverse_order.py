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
    """The evidence with the verdicts of those that the second pass, ``reverse``, judged otherwise."""
    if reverse is None or not reverse.complete:
        return replace(evidence, notes=(*evidence.notes, "There was no time for the second pass."))
    second = {item.name: _told(item) for item in reverse.modules}
    differing = [
        item.name
        for item in evidence.modules
        if item.selected and second.get(item.name, _told(item)) != _told(item)
    ]
    if not differing:
        return replace(evidence, notes=(*evidence.notes, "In reverse order, every module does the same."))
    corrected, changed = corrected_by(ask_exactly(differing), evidence, differing, "in a fresh interpreter")
    note = (
        f"In reverse order, {len(differing)} modules did something else: each was imported by a fresh "
        f"interpreter, which changed the verdict on {len(changed)}."
    )
    return replace(corrected, notes=(*corrected.notes, note))


def _told(item: ModuleImport) -> tuple[object, ...]:
    """What two passes must agree on: the outcome, and what was raised in which line."""
    failure = item.failure
    if failure is None:
        return (item.outcome,)
    place = failure.frames[-1:] and (failure.frames[-1].path, failure.frames[-1].line)
    return item.outcome, failure.type, failure.message, failure.missing, place
