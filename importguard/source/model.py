"""What the source says of the image that is built from it: plain values, so that diagnosis stays pure.

Paths are relative to the source's root and written with ``/``, on Windows too, except where a docstring
says otherwise; ``..`` leads them out of it where they lie outside. Lines begin at 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional


@dataclass(frozen=True)
class BaseImage:
    """What a base image, by its text after FROM, is known to set: its WORKDIR and variables (``K=V``)."""

    name: str
    workdir: str = "/"
    env: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    """What is to be read. ``root`` and ``context`` are folders, ``dockerfile`` a file, all as the user names
    them; without a ``context`` it is the root, without a ``dockerfile`` the one that ``docker build`` finds.
    An empty ``dockerfile`` is none: what lies there is known to be another image's.

    ``build_args`` are ``K=V``, ``target`` is the stage that is built (the last one where None). ``base`` is
    what is known of the image that the stage is FROM.
    """

    root: str
    context: Optional[str] = None
    dockerfile: Optional[str] = None
    target: Optional[str] = None
    build_args: tuple[str, ...] = ()
    base: Optional[BaseImage] = None


@dataclass(frozen=True)
class Place:
    """A line of a file of the source, with its text (stripped)."""

    path: str
    line: int
    text: str = ""


@dataclass(frozen=True)
class SourceFile:
    """A file on the disk that an import could load (``.py``, ``.pyi`` excepted, and extension modules).

    ``digest`` is the SHA-256 of the content in hex, ``text_digest`` the same with CRLF read as LF.
    ``modified`` in seconds since the epoch. Virtual environments, ``node_modules``, hidden folders and
    ``__pycache__`` are not walked.
    """

    path: str
    size: int = 0
    digest: str = ""
    text_digest: str = ""
    modified: float = 0.0


@dataclass(frozen=True)
class Ignored:
    """A file that ``.dockerignore`` keeps out of the build context: by the pattern at ``rule``.

    ``rule.text`` is the pattern as written. ``exception`` is the line that, added at the end of that file,
    lets the file's package (the highest folder that this pattern leaves out whole, else the file) in again,
    such as ``!netra_backend/app/monitoring/``; it was tried.
    """

    path: str
    rule: Place
    exception: str


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Dockerfile. ``line`` to ``end_line`` are its lines, ``text`` the whole,
    continuations joined.

    ``keyword`` is in capitals; ``stage`` is the index of its stage (-1 before the first FROM). ``heredoc`` is
    the text of its heredocs.
    """

    keyword: str
    text: str
    line: int
    end_line: int
    stage: int
    heredoc: str = ""


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD. ``sources`` and ``destination`` have their variables replaced; a relative destination is
    joined to the WORKDIR, so that it is absolute in the image.

    ``from_stage`` is the index of the stage that ``--from`` names, ``from_image`` its text where it names
    none. ``resolved`` is False where a variable is not known, or a source is a URL, archive or heredoc: what
    it brings can't be told. ``excludes``, ``parents`` and ``link`` are its flags.
    """

    line: int
    stage: int
    text: str
    sources: tuple[str, ...]
    destination: str
    from_stage: Optional[int] = None
    from_image: Optional[str] = None
    resolved: bool = True
    excludes: tuple[str, ...] = ()
    parents: bool = False
    link: bool = False


@dataclass(frozen=True)
class Install:
    """A command of a RUN that installs distributions; a RUN with two such commands gives two.

    ``tool``: pip | uv | poetry | pdm | pipenv | conda | apt | apk. ``line`` is the command's own line.
    ``packages`` are the requirements named on it ("fastapi[all]>=0.1"), ``files`` the requirement and lock
    files that it reads and ``constraints`` its ``-c``: by their path in the source where a COPY or a mount
    brings them from there, else by their (absolute) path in the image. ``locals`` are the local folders or
    wheels ("." and "-e ." both give ``.``'s path in the image), ``editable`` those that ``-e`` names.
    ``groups`` are the extras and dependency groups asked for ("*" for all); ``without`` those left out.
    ``main_only`` is true where development groups are left out (``--no-dev``, ``--only main``,
    ``--production``). ``interpreter`` is the Python or environment that it names or runs in, as far as it
    can be told ("/opt/venv", "python3.11"); ``target`` its ``--target``, ``--prefix`` or ``--root``.
    """

    line: int
    stage: int
    tool: str
    text: str
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    locals: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    main_only: bool = False
    interpreter: Optional[str] = None
    target: Optional[str] = None


@dataclass(frozen=True)
class Stage:
    """A stage as it ends: ``env`` holds the variables that its own ENV lines (and those of the stages it is
    FROM) set.

    ``base`` is the text after FROM, ``parent`` the index of the stage where ``base`` names one. ``env_lines``
    says at which line a variable got its last value, ``workdir_line`` and ``user_line`` likewise.
    ``base_workdir`` is the WORKDIR that it begins with.
    """

    index: int
    name: Optional[str]
    base: str
    parent: Optional[int]
    line: int
    workdir: str = "/"
    workdir_line: Optional[int] = None
    user: str = ""
    user_line: Optional[int] = None
    env: Mapping[str, str] = field(default_factory=dict)
    env_lines: Mapping[str, int] = field(default_factory=dict)
    base_workdir: str = "/"


@dataclass(frozen=True)
class Dockerfile:
    """The Dockerfile; ``final`` is the index of the stage that becomes the image (``--target``, else the
    last).
    """

    path: str
    stages: tuple[Stage, ...]
    final: int
    instructions: tuple[Instruction, ...] = ()
    copies: tuple[Copy, ...] = ()
    installs: tuple[Install, ...] = ()

    def lineage(self, stage: Optional[int] = None) -> tuple[int, ...]:
        """The stage (default: the final one) and those that it is FROM, itself first."""
        found: list[int] = []
        following = self.final if stage is None else stage
        while following is not None and following not in found:
            found.append(following)
            parent = self.stages[following].parent
            if parent is None:
                break
            following = parent
        return tuple(found)


@dataclass(frozen=True)
class Placement:
    """Where a COPY puts a file of the context in a stage: ``destination`` is absolute in the image.

    ``line`` is that of the COPY into this ``stage``; files that a stage has from the one it is FROM are
    listed for both. ``first_line`` is the line of the COPY that took it from the context, where that was in
    another stage.
    """

    path: str
    destination: str
    stage: int
    line: int
    first_line: Optional[int] = None


@dataclass(frozen=True)
class Requirement:
    """A declared requirement. ``name`` is canonical (PEP 503), ``text`` as written, ``specifier`` and
    ``marker`` PEP 508's.

    ``kind``: main | extra | group | constraint | lock. ``group`` is the extra's or group's name (Poetry's and
    PEP 735's "dev"; of a file like requirements-dev.txt, "dev"). ``via`` are the ``-r`` lines that led to its
    file, outermost first. A locked one has ``==`` its version.
    """

    name: str
    text: str
    place: Place
    specifier: str = ""
    marker: str = ""
    extras: tuple[str, ...] = ()
    kind: str = "main"
    group: Optional[str] = None
    url: Optional[str] = None
    editable: bool = False
    via: tuple[Place, ...] = ()


@dataclass(frozen=True)
class GitIgnored:
    """A file on the disk that git ignores, by the pattern at ``rule`` (in .gitignore, .git/info/exclude or
    the user's own).
    """

    path: str
    rule: Place


@dataclass(frozen=True)
class Removed:
    """A file that the history had. ``renamed_to`` where git sees a rename; ``date`` is the commit's, ISO
    8601.
    """

    path: str
    commit: str
    date: str
    subject: str
    renamed_to: Optional[str] = None


@dataclass(frozen=True)
class Git:
    """What git says. Asked only for the files that an import could load, and in the history for what is
    missing.
    """

    head: str
    untracked: tuple[str, ...] = ()
    ignored: tuple[GitIgnored, ...] = ()
    removed: tuple[Removed, ...] = ()


@dataclass(frozen=True)
class Mount:
    """What a container gets put over a folder in production: a compose file's volume, a Kubernetes
    volumeMount, or a VOLUME.

    ``kind``: bind | volume | tmpfs | emptyDir | configMap | secret | pvc | other | dockerfile (a VOLUME).
    ``target`` is absolute in the image; ``origin`` is the host folder (relative to the root where it can be),
    volume's or object's name. ``service`` is the compose service or the container's name, ``image`` its image
    and ``build`` its build context, where given.
    """

    place: Place
    kind: str
    target: str
    origin: str = ""
    service: str = ""
    image: Optional[str] = None
    build: Optional[str] = None


@dataclass(frozen=True)
class Imported:
    """A top-level name that the source's code imports and that is none of its own, nor the host's standard
    library's. ``place`` is the first statement that does, one of the strongest ``scope`` (module, then
    function, then as ``evidence.ImportSite``). Tests do not count.
    """

    name: str
    place: Place
    scope: str


@dataclass(frozen=True)
class Source:
    """The source of one image. ``root`` is absolute on the host, for messages and for nothing else.

    ``context`` is the build context's folder ("." is the root). ``ignore_file`` is the .dockerignore that
    counts, where there is one. ``files`` are all on the disk below the root, ``context_files`` those of them
    that get into the build's context. ``refused`` says why no builder would take it, where that is so.
    ``notes`` says what could not be read.
    """

    root: str
    context: str = "."
    ignore_file: Optional[str] = None
    dockerfile: Optional[Dockerfile] = None
    files: tuple[SourceFile, ...] = ()
    context_files: frozenset[str] = frozenset()
    ignored: tuple[Ignored, ...] = ()
    placements: tuple[Placement, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    imported: tuple[Imported, ...] = ()
    git: Optional[Git] = None
    mounts: tuple[Mount, ...] = ()
    refused: str = ""
    notes: tuple[str, ...] = ()
