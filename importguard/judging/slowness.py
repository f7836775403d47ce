"""Name the modules that take long to import. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from importguard.evidence.imports import ModuleImport
from importguard.model import Outcome

_SLOW_SECONDS = 5.0
_WORTH_NAMING_SECONDS = 0.5
_MOST_NAMES = 5


def slow_modules(modules: Sequence[ModuleImport], out_of_time: bool) -> Iterator[str]:
    """A note that names the modules that took longest; nothing where none was slow.

    A module's time may include that of what it imports first. Where time ran out, those are named too that
    were not finished, and however fast they all were.
    """
    longest = sorted(modules, key=lambda item: (-item.seconds, item.name))
    if out_of_time:
        named = [
            _named(module) for module in longest[:_MOST_NAMES] if module.seconds >= _WORTH_NAMING_SECONDS
        ]
        if named:
            yield f"Most of the time went to {', '.join(named)}."
        return
    # A module that timed out is a finding.
    slow = [
        module for module in longest if module.seconds > _SLOW_SECONDS and module.outcome != Outcome.TIMED_OUT
    ]
    if slow:
        rest = f" and {len(slow) - _MOST_NAMES} more" if len(slow) > _MOST_NAMES else ""
        listed = ", ".join(_named(module) for module in slow[:_MOST_NAMES])
        yield f"Slow to import, more than {_SLOW_SECONDS:.0f} s: {listed}{rest}."


def _named(item: ModuleImport) -> str:
    unfinished = " (not finished)" if item.outcome == Outcome.UNCHECKED else ""
    return f"{item.name} {item.seconds:.1f} s{unfinished}"
