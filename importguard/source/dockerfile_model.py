"""The stages, COPY lines and installs of a Dockerfile, as plain values. Lines begin at 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional


@dataclass(frozen=True)
class BaseImage:
    """A base image by its text after FROM, with the WORKDIR and variables (``K=V``) that it sets."""

    name: str
    workdir: str = "/"
    env: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Dockerfile. ``line`` is its first, ``text`` the whole, continuations joined.

    ``keyword`` is in capitals; ``stage`` is the index of its stage (-1 before the first FROM). ``heredoc`` is
    the text of its heredocs. ``commands`` are the commands that a RUN runs, each on one line and without its
    redirections.
    """

    keyword: str
    text: str
    line: int
    stage: int
    heredoc: str = ""
    commands: tuple[str, ...] = ()


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
    """A command of a RUN that installs distributions, or builds their wheels (``pip wheel``, whose ``target``
    is the folder of the wheels); a RUN with two such commands gives two.

    ``tool``: pip | uv | poetry | pdm | pipenv | conda | apt | apk. ``line`` is the command's own line.
    ``packages`` are the requirements named on it ("fastapi[all]>=0.1"), ``files`` the requirement and lock
    files that it reads: by their path in the source where a COPY or a mount brings them from there, else by
    their (absolute) path in the image. ``locals`` are the local folders or
    wheels ("." and "-e ." both give ``.``'s path in the image), ``editable`` those that ``-e`` names.
    ``groups`` are the extras and dependency groups asked for ("*" for all); ``without`` those left out.
    ``main_only`` is true where development groups are left out (``--no-dev``, ``--only main``,
    ``--production``). ``interpreter`` is the Python or environment that it names or runs in, as far as it
    can be told ("/opt/venv", "python3.11"); ``target`` its ``--target``, ``--prefix`` or ``--root``.
    ``members`` are the projects of a workspace that ``--package`` names ("*" for all).
    """

    line: int
    stage: int
    tool: str
    text: str
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    locals: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    main_only: bool = False
    interpreter: Optional[str] = None
    target: Optional[str] = None
    members: tuple[str, ...] = ()


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

    @property
    def copy_option(self) -> str:
        """The option by which a COPY line of another stage takes files from this one."""
        return f"--from={self.name or self.index}"


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

    def copies_from_stages(self) -> list[tuple[Copy, int]]:
        """The lines by which the image takes something from another stage, in order, with that stage."""
        lineage = self.lineage()
        return [
            (copy, copy.from_stage)
            for copy in self.copies
            if copy.stage in lineage and copy.from_stage is not None
        ]
