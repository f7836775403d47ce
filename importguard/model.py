"""The values of a report: frozen, named in the words of SARIF and of linters, no I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional


class Severity(str, Enum):
    """SARIF's levels (SARIF 2.1.0, section 3.27.10)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


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
    where it can be said. ``evidence`` is what the cause was told from, a fact each.
    """

    cause: str
    explanation: str
    remedy: str
    location: Optional[Location]
    confidence: str
    quote: Optional[str] = None
    change: Optional[str] = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suppression:
    """Why a finding is not shown. ``by``: rule (it is turned off), ignore or baseline."""

    by: str
    reason: str


@dataclass(frozen=True)
class Finding:
    """One cause, named once: ``affected`` lists every module that fails by it.

    ``also_missing`` are the other modules that are missing by the same cause, where one finding tells of all.
    ``symptoms`` are findings of the start that come of the same cause, and are told with it.
    ``reached`` is False for what no import got to, because its module failed before. ``loaded_at_startup``
    says whether a start command imports a module that fails by it. It and ``breaks_startup`` are None where
    no start command was recognised.
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


@dataclass(frozen=True)
class ModuleVerdict:
    """One module of the report; ``rule`` is the rule of the finding that it belongs to."""

    name: str
    path: Optional[str]
    outcome: Outcome
    rule: Optional[str]
    seconds: float


@dataclass(frozen=True)
class EntryPointVerdict:
    """A start command's target, and whether it could be imported.

    ``outcome`` is ok, or the outcome of the target's module, or ``missing_attribute``.
    """

    command: str
    target: Optional[str]
    outcome: Optional[str]


_TRANSPORT = re.compile(r"\A(?:docker-archive|oci-archive|oci-dir|docker|podman):(?=.)|\Aregistry:(?=[^/]+/)")
"""What may stand before the name or the place of an image, as in containers-transports(5)."""


@dataclass(frozen=True)
class ImageInfo:
    """The image that was judged. ``platform`` is ``os/arch``; ``user`` empty means root.

    ``label`` is what the configuration calls it.
    """

    reference: str
    id: str
    platform: str
    user: str = ""
    label: Optional[str] = None

    @property
    def display_name(self) -> str:
        """The name for people: the label, else the reference."""
        return self.label or self.reference

    @property
    def stable_name(self) -> str:
        """The name that stays the same over builds: the label, else the reference without tag and digest.

        Nor does it tell by what the image came here: ``registry:HOST/NAME`` is ``HOST/NAME``.
        The grammar: https://pkg.go.dev/github.com/distribution/reference. A colon before the last slash is
        that of a registry's port.
        """
        if self.label:
            return self.label
        reference = _TRANSPORT.sub("", self.reference)
        head, slash, tail = reference.partition("@")[0].rpartition("/")
        return head + slash + tail.partition(":")[0]


@dataclass(frozen=True)
class Interpreter:
    """The interpreter that the image's start command runs."""

    executable: str
    version: str
    implementation: str


@dataclass(frozen=True)
class RequestVerdict:
    """One request to the service, such as ``GET /health`` or ``WebSocket /ws``, and whether it went well."""

    request: str
    status: Optional[int]
    right: bool
    seconds: float


@dataclass(frozen=True)
class StartVerdict:
    """What came of starting the image; ``skipped`` says why it was not started.

    Times in seconds: from the start until the port accepted (``accepted``) and until all was answered
    (``ready``); None where that never came. ``stopped``: from SIGTERM to the end, None where it was not sent;
    ``killed``: it had to be killed then. ``memory_peak`` in bytes, with cached files.
    """

    command: str
    platform: str
    port: Optional[int] = None
    accepted: Optional[float] = None
    ready: Optional[float] = None
    stopped: Optional[float] = None
    killed: bool = False
    memory_peak: Optional[int] = None
    exit_code: Optional[int] = None
    requests: tuple[RequestVerdict, ...] = ()
    log: tuple[str, ...] = ()
    skipped: str = ""
    logs: tuple[tuple[str, str], ...] = ()
    """The whole log of each service by its name; of the JSON report it is no part."""


@dataclass(frozen=True)
class BuildVerdict:
    """A build that was read and not run: its Python files, and how many of them go into the image."""

    files: int
    going_in: int


@dataclass(frozen=True)
class ImageReport:
    """Everything that is said of one image. ``error`` says why it could not be (wholly) judged."""

    image: ImageInfo
    interpreter: Optional[Interpreter]
    import_path: tuple[str, ...]
    entrypoints: tuple[EntryPointVerdict, ...]
    complete: bool
    error: Optional[str]
    modules: tuple[ModuleVerdict, ...]
    findings: tuple[Finding, ...]
    seconds: float
    suppressed: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    """Paths of locations, and those of the same files from the repository's root, where they are in it."""
    dockerfile: str = "Dockerfile"
    """The Dockerfile from the repository's root: where a finding is shown that has no place of its own."""
    exit_code: int = 0
    """3 or 4 where the image could not be judged; else 0, whatever was found."""
    start: Optional[StartVerdict] = None
    """What came of starting it; None where that was not asked for."""
    build: Optional[BuildVerdict] = None
    """Only of an image that is not built yet, whose build was read (``importguard context``)."""
    out_of_time: bool = False
    """The check ended before every module had its verdict; what is found by then stands."""


@dataclass(frozen=True)
class Comparison:
    """A report against a baseline: how many old findings are hidden, how many are found no more.

    ``breaking`` are old as well, and shown all the same, because they break startup.
    """

    old: int
    fixed: int
    breaking: int = 0


@dataclass(frozen=True)
class Report:
    """The result of one run: always a list of images. ``notes`` concern all of them."""

    images: tuple[ImageReport, ...]
    notes: tuple[str, ...] = ()
    comparison: Optional[Comparison] = None
