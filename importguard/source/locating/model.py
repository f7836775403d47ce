"""What is compared to find the source of an image: plain values. Paths of a repository are relative to its
root, with slashes; the root itself is the empty string as a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

from importguard.source.dockerfile_model import BaseImage, Dockerfile
from importguard.source.model import Tree

LEAST_AGREEMENT = 0.5
"""The agreement (0 to 1) with an image from which on a Dockerfile may be the one that made it."""


@dataclass(frozen=True)
class NamedBuild:
    """A build that a file of the repository describes: a compose file, a CI pipeline, a Makefile, a script.

    ``place`` is that file, ``context`` and ``dockerfile`` are paths of the repository. ``target`` is the
    stage where one is named, ``image`` the name that the result gets.
    """

    place: str
    context: str
    dockerfile: str
    target: Optional[str] = None
    image: str = ""


@dataclass(frozen=True)
class RepositoryFiles:
    """The files of a repository that matter here.

    ``python`` are the files that an import could load, with their sizes in bytes; ``dockerfiles`` those that
    have a FROM, parsed; ``folders`` and ``others`` the remaining paths, which COPY lines may name. ``builds``
    are the named builds. ``complete`` is False where there were too many files to list them all.
    """

    root: str
    python: Mapping[str, int] = field(default_factory=dict)
    dockerfiles: Mapping[str, Dockerfile] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    builds: tuple[NamedBuild, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class BuildChoice:
    """A Dockerfile with its stage and its build context, and how well it agrees with the image (0 to 1).

    ``history`` is the agreement of its instructions with the image's own, ``files`` that of where its COPY
    lines put the application's files; None where there was nothing to compare. ``sources`` is the part of
    its COPY sources that exist in the context. ``build_args`` are those that the history shows,
    ``base`` is what the image says of the base image.
    """

    dockerfile: str
    stage: int
    context: str
    history: Optional[float] = None
    configuration: float = 0.0
    files: Optional[float] = None
    sources: float = 1.0
    named_by: Optional[str] = None
    usual: bool = False
    build_args: tuple[str, ...] = ()
    base: Optional[BaseImage] = None

    @property
    def likelihood_score(self) -> float:
        """The likelihood of this candidate, to compare with others for the same image."""
        return (
            3 * (self.history or 0.0)
            + self.configuration
            + 2 * (self.files or 0.0)
            + 0.5 * self.sources
            + (0.2 if self.named_by else 0.0)
            + (0.1 if self.usual else 0.0)
        )

    @property
    def is_convincing(self) -> bool:
        """Whether the image itself speaks for it, not only its place in the repository."""
        measures = [self.history, self.files]
        if all(measure is None for measure in measures):
            return self.configuration >= LEAST_AGREEMENT
        return any((measure or 0.0) >= LEAST_AGREEMENT for measure in measures)

    @property
    def is_refuted(self) -> bool:
        """Whether the image itself speaks against it: nothing of it is in the history, nor where it says."""
        return self.history is not None and self.history < 0.1 and not self.files and self.configuration < 0.5


@dataclass(frozen=True)
class Location:
    """The ``tree`` to read, None where there is none, and the ``note`` that says why."""

    tree: Optional[Tree]
    note: str
