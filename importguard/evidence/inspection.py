"""All that one inspection of an image observed: ``Evidence`` holds the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

from importguard.evidence.imports import (
    EntryPoint,
    ImportSite,
    ModuleImport,
    Preparation,
    StartProblem,
)

if TYPE_CHECKING:
    from importguard.evidence.starts import ServiceStart
    from importguard.evidence.surroundings import Clues

MORE_TIME = "Give it more time with --timeout"
"""What to do where the time of an inspection was over."""


@dataclass(frozen=True)
class ImageFacts:
    """What the engine says of the image. ``environment`` are the names of its variables, never their values,
    but ``python_path`` is the value of PYTHONPATH. ``empty_variables`` are those that it sets to an empty
    text, as ``ENV PORT=${PORT}`` does without the build argument.

    ``history`` are the instructions that made it, the oldest first, as builders write them. They may hold
    values: they are compared with Dockerfiles, and never shown.
    """

    created: str = ""
    workdir: str = "/"
    user: str = ""
    environment: tuple[str, ...] = ()
    python_path: str = ""
    volumes: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    history: tuple[str, ...] = ()
    empty_variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """All that one inspection observed. ``error`` says why it broke off, where it did.

    ``out_of_time``: it broke off because its time was over.
    ``clues`` is None where none were gathered: nothing failed and there is no source, or the check broke off.
    """

    executable: str
    version: str
    implementation: str
    import_path: tuple[str, ...]
    modules: tuple[ModuleImport, ...]
    sites: tuple[ImportSite, ...]
    entrypoints: tuple[EntryPoint, ...]
    preparation: Optional[Preparation]
    complete: bool
    error: Optional[str]
    notes: tuple[str, ...]
    details: tuple[str, ...]
    seconds: float
    out_of_time: bool = False
    clues: Optional[Clues] = None
    image: ImageFacts = field(default_factory=ImageFacts)
    existing: tuple[str, ...] = ()
    """Names of the variables whose value is a path that exists in the image."""
    readers: tuple[str, ...] = ()
    """Modules whose source names a file that the imports left behind."""
    in_context: tuple[str, ...] = ()
    """Modules that fail on their own, and that the process of a start command imports well."""
    problem: Optional[StartProblem] = None
    """Why what the image names cannot be started at all."""
    privileges_withheld: bool = False
    """Whether root had fewer privileges than Docker gives it by default, nobody had /sys, and all files
    seemed to belong to the image's USER."""
    memory: int = 0
    """The bytes that the imports may use; 0 where that is not known."""
    start: Optional[ServiceStart] = None
    """What came of starting the image; None where that was not asked for."""
