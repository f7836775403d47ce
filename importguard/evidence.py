"""What was observed in an image, with no opinion. Inspectors make it; checks judge it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from importguard.clues import Clues


@dataclass(frozen=True)
class Frame:
    """One frame of a traceback; ``module`` is ``__name__`` of its globals, ``function`` its code's name.

    ``line`` is 0 where it is unknown, as of a file that could not be read.
    """

    path: str
    line: int
    function: str
    module: str


@dataclass(frozen=True)
class Cause:
    """One exception of a chain, outermost first; ``name`` is ``ImportError.name``."""

    type: str
    message: str
    name: Optional[str]


@dataclass(frozen=True)
class VariableLookup:
    """An environment variable that the statement that raised looks up, and that is not set.

    ``alone``: it raised under a condition that asks for such variables and for nothing else.
    """

    name: str
    alone: bool = False


@dataclass(frozen=True)
class ImportFailure:
    """Why an import failed.

    ``type`` and ``message`` are the outermost exception's. ``missing`` is the ``name`` of the first
    ModuleNotFoundError met walking inward. ``causes`` is that walk: the exception itself first, then
    ``__cause__``/``__context__``/members of groups. ``frames`` lead, outermost first, to the raise of the
    exception that decides (the ImportError of the walk where there is one). ``lookups`` are those of the
    application's innermost frame.
    """

    type: str
    message: str
    missing: Optional[str] = None
    frames: tuple[Frame, ...] = ()
    causes: tuple[Cause, ...] = ()
    lookups: tuple[VariableLookup, ...] = ()


@dataclass(frozen=True)
class ModuleImport:
    """What importing one module did.

    ``outcome``: imported | failed | exited | crashed | timed_out | skipped | unchecked.
    ``culprit`` is the module whose own body failed, exited, crashed or used the time; it equals ``name``
    unless the failure was passed on by an import. ``selected`` is False for modules that were met on the way
    (third-party ones). ``detail`` says how it ended where there is no exception ("signal SIGSEGV", "exit
    code 3", the reason of a skip). ``output`` is the tail of what it printed when it did not import.
    ``frames`` lead, outermost first, to where it ended the process, where that is known.
    """

    name: str
    path: Optional[str]
    outcome: str
    failure: Optional[ImportFailure] = None
    seconds: float = 0.0
    culprit: Optional[str] = None
    selected: bool = True
    detail: str = ""
    output: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class ImportSite:
    """One import statement. ``scope``: module | guarded | function | type_checking | lazy | string.

    ``resolves`` is False where the target was looked for in the image and is absent, None where not asked.
    """

    module: str
    target: str
    names: tuple[str, ...]
    line: int
    scope: str
    path: str = ""
    resolves: Optional[bool] = None


@dataclass(frozen=True)
class EntryPoint:
    """A start command, and the object that it loads.

    ``outcome``: ok | missing_attribute | the outcome of the module | None (not recognised).
    ``reaches`` are the selected modules that importing the target loads or tries to load.
    """

    command: str
    target: Optional[str]
    module: Optional[str]
    attribute: Optional[str]
    outcome: Optional[str]
    reaches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preparation:
    """What ran before the modules were imported (``django.setup()`` or ``--setup``)."""

    description: str
    outcome: str
    failure: Optional[ImportFailure] = None
    detail: str = ""


@dataclass(frozen=True)
class ImageFacts:
    """What the engine says of the image. ``environment`` are the names of its variables, never their values,
    but ``python_path`` is the value of PYTHONPATH.

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


@dataclass(frozen=True)
class Evidence:
    """All that one inspection observed. ``error`` says why it broke off, where it did.

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
    clues: Optional[Clues] = None
    image: ImageFacts = field(default_factory=ImageFacts)
    existing: tuple[str, ...] = ()
    """Names of the variables whose value is a path that exists in the image."""
    readers: tuple[str, ...] = ()
    """Modules whose source names a file that the imports left behind."""
