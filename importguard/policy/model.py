"""The configuration's decisions on findings, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Optional

from importguard.model import Severity


@dataclass(frozen=True)
class Ignore:
    """Findings that are not to be shown: those that match all that is given. Globs match whole names.

    ``rule`` is a number. Past ``expires``, nothing is ignored any more.
    """

    reason: str
    rule: Optional[str] = None
    module: Optional[str] = None
    missing: Optional[str] = None
    expires: Optional[date] = None

    def __str__(self) -> str:
        """The conditions of the ignore, in a few words."""
        named = (("module", self.module), ("missing", self.missing))
        return ", ".join([self.rule or "any rule", *(f"{name} {glob}" for name, glob in named if glob)])


@dataclass(frozen=True)
class Policy:
    """Severities by rule number (None for "off"), and the ignores."""

    severities: Mapping[str, Optional[Severity]] = field(default_factory=dict)
    ignores: tuple[Ignore, ...] = ()
