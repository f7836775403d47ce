"""What importguard asks of a container engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Callable, NamedTuple, Optional, Protocol


@dataclass(frozen=True)
class Image:
    """An image of the engine, with what a container starts from of its configuration (OCI image-spec).

    ``env`` is a tuple of ``NAME=value``; ``platform`` is ``os/arch[/variant]``; ``created`` is RFC 3339 text,
    possibly of the year 0 or 1970.
    """

    reference: str
    id: str
    platform: str
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    workdir: str = "/"
    user: str = ""
    volumes: tuple[str, ...] = ()
    created: str = ""


class Limits(NamedTuple):
    """What a container may use. ``memory`` in bytes, ``seconds`` of wall time for the whole run.

    ``usual_privileges``: root has the capabilities that it has in production by default, and not only those
    by which it reads and writes its own files.
    """

    memory: int
    seconds: float
    network: str = "none"
    pids: int = 4096
    usual_privileges: bool = False


class Exit(NamedTuple):
    """How a container ended: by itself, killed for memory, or killed because ``Limits.seconds`` were over."""

    code: int
    out_of_memory: bool = False
    timed_out: bool = False


class CommandNotFound(Exception):
    """The engine says that the container's executable is not in the image (or cannot be run there)."""


@dataclass
class Run:
    """A running container: iterate over ``output`` (merged stdout and stderr, in chunks), then read ``exit``.

    ``exit`` is None until ``output`` is exhausted.
    """

    output: Iterator[bytes]
    exit: Optional[Exit] = field(default=None)


class Engine(Protocol):
    """Few verbs, many engines."""

    def image(self, reference: str, *, pull: str, platform: Optional[str]) -> Image:
        """Give the image, pulled by the policy ``missing``, ``always`` or ``never``.

        Raises ImageError when there is none and EngineError when the engine does not answer.
        """

    def run(
        self,
        image: Image,
        command: Sequence[str],
        env: Sequence[str],
        limits: Limits,
        stdin: Callable[[], bytes] = bytes,
    ) -> Run:
        """Start ``command`` in a fresh container of ``image``, in its WORKDIR, as its USER.

        What ``stdin`` gives is written to its standard input. It is called while the container starts: that
        takes an engine longer than anything that we do.
        The container's standard input stays open for as long as this process lives; the container and its
        volumes are removed when ``Run.output`` ends or is closed, and by themselves if this process dies.
        Raises CommandNotFound when the executable is absent, EngineError for anything else; ``output`` raises
        them too, where only execution shows it (an interpreter in ``#!`` that is absent, a lost engine).
        """

    def history(self, image: Image) -> Sequence[str]:
        """The instructions that made the image, the oldest first, as far as the engine knows them."""

    def close(self) -> None:
        """Give up the connection to the engine, if there is one. The next use opens it again."""
