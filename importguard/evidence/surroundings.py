"""The surroundings of an application in its image, from which causes are told: values with no opinion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class ImageFile:
    """A file of the image, by its absolute ``path``.

    ``kind``: file | folder | link | other. ``text_digest`` is the SHA-256 of the content in hex, with CRLF
    read as LF; None where it was not read (too large, unreadable, no regular file). ``mode`` holds the
    permission bits alone (``stat.S_IMODE``), ``modified`` seconds since the epoch.
    """

    path: str
    kind: str = "file"
    size: int = 0
    text_digest: Optional[str] = None
    mode: int = 0o644
    uid: int = 0
    modified: float = 0.0


@dataclass(frozen=True)
class Distribution:
    """An installed distribution (``.dist-info`` or ``.egg-info``), by the metadata that its installer wrote.

    ``name`` is as written there; compare with ``packaging.utils.canonicalize_name``. ``location`` is the
    folder that holds it (a site-packages). ``provides`` are the top-level names that it makes importable
    (RECORD, top_level.txt; a namespace package counts with the full names below it too, such as
    ``google.cloud.storage``). ``requires`` are its Requires-Dist lines as they are, ``extras`` its
    Provides-Extra. ``source`` is the folder or URL of ``direct_url.json``; ``editable`` as there (or by
    ``.egg-link``/``__editable__`` files).
    """

    name: str
    version: str
    location: str
    provides: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    source: Optional[str] = None
    editable: bool = False


@dataclass(frozen=True)
class Candidate:
    """A file that would be the missing ``module`` if ``root`` were on the import path.

    ``path`` is the file, or the folder of a package. ``site`` is true where ``root`` is a site-packages
    folder: then ``interpreter`` is the Python that it belongs to, as far as one was found; ``broken_link`` is
    where that would be, and where this link leads, to nothing. ``exact`` is False where the file's name
    differs in case only.
    """

    module: str
    path: str
    root: str
    site: bool = False
    interpreter: Optional[str] = None
    exact: bool = True
    broken_link: Optional[tuple[str, str]] = None


@dataclass(frozen=True)
class OtherInterpreter:
    """A Python of the image that is not the application's, and what is installed for it."""

    executable: str
    version: str
    sites: tuple[str, ...] = ()
    distributions: tuple[Distribution, ...] = ()


@dataclass(frozen=True)
class Resolution:
    """The file that the import path finds for a name (absolute, dotted), without importing anything.

    ``kind``: package | namespace | module | extension | builtin | frozen | absent. ``path`` is the file (of a
    package its ``__init__``, of a namespace its first folder). ``hidden`` are the files or folders of the
    same name that come later on the import path, or beside it (``a.py`` beside ``a/``), and so are never
    imported. ``siblings`` are the names of what can be imported beside it (in its parent package's folders;
    for a top-level name in the application's import roots), as they are written on the disk, at most 1000.
    """

    name: str
    kind: str
    path: Optional[str] = None
    hidden: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extension:
    """A compiled module, as its file says (ELF: ELF specification; tags: PEP 3149 and PEP 425).

    ``module`` is its name, ``tag`` the part of the file name between the module's name and ``.so``
    (``cpython-312-x86_64-linux-gnu``, ``abi3``, empty). ``python`` is the version that the tag names
    ("3.12"), None for abi3 and untagged ones. ``machine`` as ``platform.machine()`` writes it; ``libc``:
    glibc | musl | None (told by neither). ``not_found`` are the libraries that it needs (DT_NEEDED), or that
    those which it finds need, and that the dynamic loader would not find (RPATH, RUNPATH, LD_LIBRARY_PATH,
    ld.so.cache, the default folders). ``symbols`` are the versions that it needs and no library of the image
    has ("GLIBC_2.38").
    """

    module: str
    path: str
    tag: str = ""
    python: Optional[str] = None
    machine: Optional[str] = None
    libc: Optional[str] = None
    not_found: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()


@dataclass(frozen=True)
class BrokenFile:
    """A file that is not what its name says.

    ``kind``: empty | truncated | git-lfs-pointer | nul-bytes | merge-markers. ``line`` is the first line
    where it shows; ``detail`` is what was found there, at most 200 characters.
    """

    path: str
    kind: str
    line: Optional[int] = None
    detail: str = ""


@dataclass(frozen=True)
class UnreadableFile:
    """A file or folder that the user may not read (or, a folder, enter). ``owner`` and ``group`` are names
    where known, else numbers.

    ``kind``: file | folder. ``mode`` holds the permission bits.
    """

    path: str
    kind: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True)
class ModuleNames:
    """The names of a module of which one is missing (IG102, IG109), read from its source without running it.

    ``names`` are those that its top level binds (assignments, definitions, imports; not private ones that
    start with two underscores), and its submodules; ``everything`` is False where more may be bound than can
    be read (``import *``, an extension module, a ``__getattr__``). ``elsewhere``: module.name of the same
    name in other modules of the application or of the same distribution.
    """

    module: str
    path: Optional[str]
    names: tuple[str, ...] = ()
    everything: bool = True
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewerSyntax:
    """A line that the image's Python does not compile; ``version`` ("3.10") is the first that would."""

    path: str
    line: int
    version: str
    feature: str


@dataclass(frozen=True)
class Mention:
    """A string of the application's own files that is the ``name`` of a missing module, or of what is in it.

    ``setting`` is the name that the statement assigns or adds to (``INSTALLED_APPS``), empty elsewhere.
    """

    name: str
    path: str
    line: int
    setting: str = ""


@dataclass(frozen=True)
class System:
    """The image's system. ``distribution``, ``version`` and ``like`` are ID, VERSION_ID and ID_LIKE of
    os-release(5).

    ``libc``: glibc | musl, ``libc_version`` "2.41"; ``machine`` as ``platform.machine()``. ``user`` is who
    the check ran as, by number and name.
    """

    distribution: str = ""
    version: str = ""
    like: str = ""
    libc: str = ""
    libc_version: str = ""
    machine: str = ""
    uid: int = 0
    user: str = ""


@dataclass(frozen=True)
class Script:
    """A file of the application that reads like a script and that no other file of it imports or names.

    ``aside``: it lies in a folder of what is beside a service: scripts, tools, examples, vendor …
    ``vendored``: it is of a copy of a library inside a package (``_vendor``), and nothing else imports it.
    ``marked`` is False where it has none of the marks of scripts, and only nothing imports it. ``works``: it
    defines nothing, and starts programs or writes files when it is imported.
    """

    module: str
    aside: bool
    vendored: bool = False
    marked: bool = True
    works: bool = False


@dataclass(frozen=True)
class Clues:
    """The surroundings of the application in its image, with no opinion: causes are told from them.

    Gathered once after the verdicts, for what failed; nothing is imported for it. Each list is bounded,
    and ``notes`` says where something was cut or could not be read. ``files`` are the Python files of the
    application (the import roots' own, no third-party ones). ``markers`` is the environment that PEP 508
    markers are judged in, for the application's interpreter (``packaging.markers.default_environment``'s
    keys). ``unloaded`` are installed extension modules that lack a library, whether or not anything
    imports them. ``stdlib`` are the names of that Python's standard library (``sys.stdlib_module_names``;
    empty below 3.10). ``sys_path`` is the whole import path of the application.
    """

    system: System
    markers: Mapping[str, str]
    sys_path: tuple[str, ...]
    stdlib: tuple[str, ...] = ()
    files: tuple[ImageFile, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    interpreters: tuple[OtherInterpreter, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    extensions: tuple[Extension, ...] = ()
    broken: tuple[BrokenFile, ...] = ()
    unreadable: tuple[UnreadableFile, ...] = ()
    unloaded: tuple[Extension, ...] = ()
    names: tuple[ModuleNames, ...] = ()
    mentions: tuple[Mention, ...] = ()
    newer: tuple[NewerSyntax, ...] = ()
    scripts: tuple[Script, ...] = ()
    notes: tuple[str, ...] = ()

    def resolution_of(self, name: str) -> Optional[Resolution]:
        """The resolution of ``name``; None where it was not asked."""
        return next((resolution for resolution in self.resolutions if resolution.name == name), None)
