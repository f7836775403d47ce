"""What importing the modules of an image did: verdicts, failures, import statements, start commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from importguard.model import Outcome


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
    application's innermost frame. ``named_from`` is the module from which that frame's code imports the class
    or function that the error names, empty where it names none. ``required`` are the unset variables that the
    application's innermost module body needs from the statement on that failed.
    """

    type: str
    message: str
    missing: Optional[str] = None
    frames: tuple[Frame, ...] = ()
    causes: tuple[Cause, ...] = ()
    lookups: tuple[VariableLookup, ...] = ()
    named_from: str = ""
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModuleImport:
    """What importing one module did.

    ``culprit`` is the module whose own body failed, exited, crashed or used the time; it equals ``name``
    unless the failure was passed on by an import. ``selected`` is False for modules that were met on the way
    (third-party ones). ``detail`` says how it ended where there is no exception ("signal SIGSEGV", "exit
    code 3", the reason of a skip). ``output`` is the tail of what it printed when it did not import.
    ``frames`` lead, outermost first, to where it ended the process, where that is known.
    """

    name: str
    path: Optional[str]
    outcome: Outcome
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

    ``resolves`` is False where the target was looked for in the image and is absent, or lacks ``names``; None
    where not asked.
    """

    module: str
    target: str
    names: tuple[str, ...]
    line: int
    scope: str
    path: str = ""
    resolves: Optional[bool] = None

    @property
    def is_late(self) -> bool:
        """Whether it runs after its module was imported: when a function is called, or a name is used."""
        return self.scope in ("function", "lazy")


@dataclass(frozen=True)
class EntryPoint:
    """A start command, and the object that it loads.

    ``outcome``: ok | missing_attribute | the outcome of the module | None (not recognised).
    ``reaches`` are the selected modules that importing the target loads or tries to load. ``imported_at``:
    (file, line) of the code that runs as ``__main__``, where that imports the target.
    """

    command: str
    target: Optional[str]
    module: Optional[str]
    attribute: Optional[str]
    outcome: Optional[str]
    reaches: tuple[str, ...] = ()
    imported_at: Optional[tuple[str, int]] = None


@dataclass(frozen=True)
class StartProblem:
    """A program that the image names to be started, and that nothing can start.

    ``why``: absent | not-executable | line-endings (its interpreter line ends with a carriage return) |
    no-interpreter (that line names a program that is not there) | no-interpreter-line (there is none:
    execve(2), "Interpreter scripts") | no-configuration (a file that its arguments name). ``path`` is where
    it was looked for, empty where that is PATH; ``interpreter`` what its first line names.
    """

    program: str
    path: str
    why: str
    interpreter: str = ""


@dataclass(frozen=True)
class Preparation:
    """What ran before the modules were imported (``django.setup()`` or ``--setup``)."""

    description: str
    outcome: Outcome
    failure: Optional[ImportFailure] = None
    detail: str = ""
