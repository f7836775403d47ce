"""The report on images as values: frozen, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from importguard.model import Finding, Outcome


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
    verdicts_stand: bool = False
    """What has a verdict is judged, also where the check is not complete."""


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
