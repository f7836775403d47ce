"""Where the repository shows its variables in a file, the remedy gives them all at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from importguard.model import Diagnosis
from importguard.source.model import Source


def with_environment_file(diagnosis: Diagnosis, source: Optional[Source]) -> Diagnosis:
    """The diagnosis; one that asks for variables takes the file that gives most of them, so that the next
    check does not ask for the next variable. What the file leaves empty is still asked for."""
    wanted = diagnosis.variables
    examples = source.environment_examples if source else ()
    best = max(examples, key=lambda example: len(example.names.intersection(wanted)), default=None)
    if best is None or best.names.isdisjoint(wanted):
        return diagnosis
    rest = [f"--env {name}=…" for name in wanted if name not in best.names]
    return replace(diagnosis, remedy=" ".join((f"--env-file {best.path}", *rest)))
