"""Findings and the rules that they break: frozen, named in the words of SARIF and of linters, no I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional


class Severity(str, Enum):
    """SARIF's levels (SARIF 2.1.0, section 3.27.10)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


SEVEREST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


class Outcome(str, Enum):
    """What came of importing a module. A report writes the value; nothing but ``IMPORTED`` is a pass."""

    IMPORTED = "imported"
    FAILED = "failed"
    EXITED = "exited"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    UNCHECKED = "unchecked"

    __str__ = str.__str__
    __hash__ = str.__hash__  # an entry point's outcome may be another word: both are looked up alike


FAILURES = frozenset({Outcome.FAILED, Outcome.EXITED, Outcome.CRASHED, Outcome.TIMED_OUT})
"""The verdicts against a module."""


class RuleFamily(str, Enum):
    """The subject of a hundred rules, by the beginning of their numbers."""

    IMPORTS = "IG1"
    REQUIREMENTS = "IG3"
    SOURCE = "IG4"
    START = "IG5"


@dataclass(frozen=True)
class Rule:
    """A kind of finding. Its number is public: once released it never changes its meaning.

    ``origin`` says how it comes about, ``remedy`` how to mend it; ``example`` shows the mistake and what
    mends it. ``identified_by`` names the field that tells a finding from others of its rule: ``module``, or
    ``missing`` where one thing that is missing is one finding, whatever imports it.
    """

    id: str
    name: str
    summary: str
    severity: Severity
    meaning: str = field(repr=False)
    origin: str = field(repr=False)
    remedy: str = field(repr=False)
    example: str = field(repr=False)
    identified_by: str = "module"

    @property
    def family(self) -> RuleFamily:
        """The family of the rule's number. Raises ValueError for a number of no family."""
        return RuleFamily(self.id[:3])

    @property
    def help_text(self) -> str:
        """All that is said of the rule, as one text."""
        return f"{self.meaning} How it comes about: {self.origin} To mend it: {self.remedy}"


@dataclass(frozen=True)
class Location:
    """A place in a file; ``path`` is relative to the source tree or an import root where it can be."""

    path: str
    line: Optional[int] = None
    column: Optional[int] = None


@dataclass(frozen=True)
class ImportStep:
    """One link of the way from an entry point to a failure."""

    importer: str
    imported: str
    location: Location


@dataclass(frozen=True)
class Diagnosis:
    """The cause of a finding; ``confidence`` is certain, likely or possible.

    ``location`` is the line to change, ``quote`` what stands there; ``change`` is what to add, word for word,
    where it can be said. ``evidence`` is what the cause was told from, a fact each. ``variables`` are those
    that the remedy sets.
    """

    cause: str
    explanation: str
    remedy: str
    location: Optional[Location]
    confidence: str
    quote: Optional[str] = None
    change: Optional[str] = None
    evidence: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suppression:
    """Why a finding is not shown. ``by``: rule (it is turned off), ignore or baseline."""

    by: str
    reason: str


@dataclass(frozen=True)
class Finding:
    """One cause, named once: ``affected`` lists every module that fails by it.

    ``also_missing`` are the other modules that are missing by the same cause, where one finding tells of all.
    ``symptoms`` are findings of the start, or of other requirements of a file, that come of the same cause,
    and are told with it.
    ``reached`` is False for what no import got to: its module failed before, or it is ``late``, an import in
    a function, by which nothing fails until that is called. ``loaded_at_startup`` says whether a start
    command imports a module that fails by it. It and ``breaks_startup`` are None where no start command was
    recognised, or startup stopped for want of its environment before it came to that.
    """

    rule: Rule
    severity: Severity
    module: str
    message: str
    missing: Optional[str] = None
    also_missing: tuple[str, ...] = ()
    location: Optional[Location] = None
    chain: tuple[ImportStep, ...] = ()
    affected: tuple[str, ...] = ()
    reached: bool = True
    late: bool = False
    breaks_startup: Optional[bool] = None
    loaded_at_startup: Optional[bool] = None
    diagnosis: Optional[Diagnosis] = None
    suppression: Optional[Suppression] = None
    symptoms: tuple[Finding, ...] = ()

    @property
    def all_missing(self) -> tuple[str, ...]:
        """Every module that is missing by the cause."""
        return (self.missing, *self.also_missing) if self.missing is not None else ()

    @property
    def fingerprint(self) -> str:
        """Stable over line numbers, messages and whichever importer came first."""
        by_missing = self.rule.identified_by == "missing" and self.missing
        key = f"{self.rule.id}:{','.join(self.all_missing) if by_missing else self.module}"
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def all_fingerprints(self) -> frozenset[str]:
        """Its own, and those of its symptoms."""
        return frozenset(one.fingerprint for one in (self, *self.symptoms))
