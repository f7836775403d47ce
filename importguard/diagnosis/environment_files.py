"""Where the repository shows its variables in a file, the remedy gives them all at once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Optional

from importguard.model import Diagnosis
from importguard.source.model import Source

_VARIABLES = re.compile(r"--env \w+=…( --env \w+=…)*")


def with_environment_file(diagnosis: Diagnosis, source: Optional[Source]) -> Diagnosis:
    """The diagnosis; one that asks for variables takes the file that gives most of them, so that the next
    check does not ask for the next variable. What the file leaves empty is still asked for."""
    if source is None or not _VARIABLES.fullmatch(diagnosis.remedy):
        return diagnosis
    names = re.findall(r"--env (\w+)", diagnosis.remedy)
    examples = source.environment_examples
    best = max(examples, key=lambda one: len(one.names.intersection(names)), default=None)
    if best is None or best.names.isdisjoint(names):
        return diagnosis
    rest = [f"--env {name}=…" for name in names if name not in best.names]
    return replace(diagnosis, remedy=" ".join((f"--env-file {best.path}", *rest)))
