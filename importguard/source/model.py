"""The source of an image as plain values, so that diagnosis stays pure.

Paths are relative to the source's root and written with ``/``, on Windows too, except where a docstring
says otherwise; ``..`` leads them out of it where they lie outside. Lines begin at 1.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Optional

from importguard.source.dockerfile_model import BaseImage, Dockerfile


@dataclass(frozen=True)
class Tree:
    """A source tree to read. ``root`` and ``context`` are folders, ``dockerfile`` a file, as the user names
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

    ``text_digest`` is the SHA-256 of the content in hex, with CRLF read as LF. ``modified`` in seconds since
    the epoch. Virtual environments, ``node_modules``, hidden folders and ``__pycache__`` are not walked.
    """

    path: str
    size: int = 0
    text_digest: str = ""
    modified: float = 0.0


@dataclass(frozen=True)
class Ignored:
    """A file that ``.dockerignore`` keeps out of the build context: by the pattern at ``rule``.

    ``rule.text`` is the pattern as written. ``exception`` is the line that, added at the end of that file,
    lets the file's package (the highest folder that this pattern leaves out whole, else the file) in again,
    such as ``!netra_backend/app/monitoring/``; it was tried. ``narrowed`` is the pattern of the context's
    top folder alone, where one of that name is there and that lets the file in: ``/bot`` of ``**/bot``.
    ``repeated`` are the lines that have to stand below the exception once more, since it lets in what they
    keep out: ``**/.env``.
    """

    path: str
    rule: Place
    exception: str
    narrowed: str = ""
    repeated: tuple[str, ...] = ()

    @property
    def lines_to_add(self) -> tuple[str, ...]:
        """The lines to add at the end of the file, in their order."""
        return self.exception, *self.repeated

    @property
    def addition(self) -> str:
        """The lines to add, in words."""
        again = " and ".join(f"'{line}'" for line in self.repeated)
        return f"'{self.exception}'" + (f" and, below it once more, {again}" if again else "")


@dataclass(frozen=True)
class Placement:
    """A file of the context in a stage, put there by a COPY: ``destination`` is absolute in the image.

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
class DataFile:
    """A file of the source that no import loads, and what the build makes of it: the line that keeps it out,
    where a COPY puts it in the final stage."""

    path: str
    is_in_context: bool = True
    ignored: Optional[Ignored] = None
    placement: Optional[Placement] = None


RUNTIME_KINDS = ("main", "conda")
"""The kinds of requirements that an image is to have."""


@dataclass(frozen=True)
class Project:
    """A project of a workspace: its canonical name, empty where it has none, and the path of its
    pyproject.toml."""

    name: str
    path: str


@dataclass(frozen=True)
class ProjectScript:
    """A program that a project's pyproject.toml defines. ``target`` is its ``module:function``, and
    ``is_packaged`` whether uv and Poetry install the project itself."""

    name: str
    target: str
    place: Place
    is_packaged: bool = True


@dataclass(frozen=True)
class Requirement:
    """A declared requirement. ``name`` is canonical (PEP 503), ``text`` as written, ``specifier`` and
    ``marker`` PEP 508's.

    ``kind``: main | conda | extra | group | constraint | lock; "conda" is a package of conda's, whose name is
    mostly the distribution's. ``group`` is the extra's or group's name (Poetry's and
    PEP 735's "dev"; of a file like requirements-dev.txt, "dev"). ``via`` are the ``-r`` lines that led to its
    file, outermost first. A locked one has ``==`` its version, and ``requires`` the canonical names that its
    entry in the lock file requires. ``projects`` are the projects of a workspace that bring it when they are
    installed; none where it is of no workspace.
    """

    name: str
    text: str
    place: Place
    specifier: str = ""
    marker: str = ""
    kind: str = "main"
    group: Optional[str] = None
    url: Optional[str] = None
    editable: bool = False
    via: tuple[Place, ...] = ()
    projects: tuple[Project, ...] = ()
    requires: frozenset[str] = frozenset()

    @property
    def local_folder(self) -> Optional[str]:
        """The folder that it is taken from, as written; None for an index and for an address."""
        is_local = self.url is not None and (":" not in self.url or self.url.startswith("file:"))
        return self.url if is_local else None


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
    """Git's answers. It is asked only for files that an import could load, and in the history for what is
    missing.
    """

    head: str
    untracked: tuple[str, ...] = ()
    ignored: tuple[GitIgnored, ...] = ()
    removed: tuple[Removed, ...] = ()


@dataclass(frozen=True)
class Mount:
    """A mount over a folder of the container in production: a compose file's volume, a Kubernetes
    volumeMount, or a VOLUME.

    ``kind``: bind | volume | tmpfs | emptyDir | configMap | secret | pvc | other | dockerfile (a VOLUME).
    ``target`` is absolute in the image; ``origin`` is the host folder (relative to the root where it can be),
    volume's or object's name. ``image`` is the image of the compose service or container and ``build``
    its build context, where given.
    """

    place: Place
    kind: str
    target: str
    origin: str = ""
    image: Optional[str] = None
    build: Optional[str] = None

    def may_be_of(self, context: str) -> bool:
        """Whether the service may run the image that is built from ``context``; one that is built from
        another folder does not."""
        return self.build is None or posixpath.normpath(self.build) == posixpath.normpath(context)


@dataclass(frozen=True)
class Imported:
    """A top-level name that the source's code imports and that is none of its own, nor the host's standard
    library's. ``place`` is the first statement that does, one of the strongest ``scope`` (module, then
    function, then as ``evidence.ImportSite``), ``targets`` are the dotted names that it may ask for. Tests do
    not count.
    """

    name: str
    place: Place
    scope: str
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class EnvironmentExample:
    """A file that shows which variables the application takes. ``names`` are those that it gives a value."""

    path: str
    names: frozenset[str]


@dataclass(frozen=True)
class ServingLine:
    """A line that fixes where a server listens. ``kind``: script (one that the start command names), call,
    or setting (a variable of the code)."""

    place: Place
    kind: str


@dataclass(frozen=True)
class Source:
    """The source of one image. ``root`` is absolute on the host, for messages and for nothing else.

    ``context`` is the build context's folder ("." is the root). ``ignore_file`` is the .dockerignore that
    counts, where there is one. ``files`` are all on the disk below the root, ``context_files`` those of them
    that get into the build's context. ``dockerfiles`` are all that lie in the folders of these files.
    ``refused`` says why no builder would take it, where that is so. ``joined_folders`` are those with a
    Dockerfile, or a workspace's project, from which code outside of them imports.
    ``data_files`` are those of the files which imports did not find in the image, and ``packaging`` of
    each project the line that says which files its distribution has. ``scripts`` are the programs that
    projects define, read where the image lacks its program. ``environment_examples`` are files such as
    .env.example, ``serving_lines`` those by which a service listens where it should not. ``notes`` says what
    could not be read.
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
    dockerfiles: tuple[str, ...] = ()
    joined_folders: frozenset[str] = frozenset()
    data_files: tuple[DataFile, ...] = ()
    packaging: tuple[Place, ...] = ()
    scripts: tuple[ProjectScript, ...] = ()
    environment_examples: tuple[EnvironmentExample, ...] = ()
    serving_lines: tuple[ServingLine, ...] = ()
    refused: str = ""
    notes: tuple[str, ...] = ()

    @property
    def copied_from(self) -> dict[str, str]:
        """Path in the image → path in the source, of what COPY lines put into the final stage."""
        if self.dockerfile is None:
            return {}
        final = self.dockerfile.final
        return {
            placement.destination: placement.path for placement in self.placements if placement.stage == final
        }
