"""The verbs of a container engine, and the values that they take and give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Callable, NamedTuple, Optional, Protocol

from importguard.config import Build
from importguard.errors import EngineError
from importguard.progress import Progress

MOST_OUTPUT_BYTES = 2000
"""How much of what a command prints ``Service.execute`` gives."""

NOT_FOUND, NOT_EXECUTED, TIMED_OUT = 127, 126, 124
"""The exit codes of a shell, and of timeout(1)."""


@dataclass(frozen=True)
class Image:
    """An image of the engine, with what a container starts from of its configuration (OCI image-spec).

    ``env`` is a tuple of ``NAME=value``; ``platform`` is ``os/arch[/variant]``; ``created`` is RFC 3339 text,
    possibly of the year 0 or 1970. ``ports`` are the TCP ports that it exposes, in ascending order;
    ``healthcheck`` is the command of its HEALTHCHECK; ``labels`` are pairs of a name and a value.
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
    ports: tuple[int, ...] = ()
    healthcheck: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


class Limits(NamedTuple):
    """What a container may use. ``memory`` in bytes, ``seconds`` of wall time for the whole run.

    ``usual_privileges``: root has the capabilities that it has in production by default, and not only those
    by which it reads and writes its own files. ``beside`` is the id of a service (``Service.id``): the
    container shares that one's network and sees its processes, and ends with it.
    """

    memory: int
    seconds: float
    network: str = "none"
    pids: int = 4096
    usual_privileges: bool = False
    beside: Optional[str] = None


class Exit(NamedTuple):
    """How a container ended: by itself, killed for memory, or killed because ``Limits.seconds`` were over.

    ``too_many_processes``: killed for having more than ``Limits.pids``, where an engine can only count them.
    """

    code: int
    out_of_memory: bool = False
    timed_out: bool = False
    too_many_processes: bool = False


class CommandNotFound(Exception):
    """The engine says that the container's executable is not in the image (or cannot be run there)."""


class ForeignProgram(EngineError):
    """The container's executable is for another platform, or no program at all (exec format error)."""


@dataclass
class Run:
    """A running container: iterate over ``output`` (merged stdout and stderr, in chunks), then read ``exit``.

    ``exit`` is None until ``output`` is exhausted.
    """

    output: Iterator[bytes] = field(default_factory=lambda: iter(()))
    exit: Optional[Exit] = None


class Stop(NamedTuple):
    """How a service ended that was asked to: after how many seconds, and whether it had to be killed."""

    seconds: float
    killed: bool


class MemoryUse(NamedTuple):
    """Bytes: what a service's processes hold now, without cached files; the most that it had so far, with
    them, as far as the engine knows; and what it has written to the container's own file system."""

    held: int = 0
    most: int = 0
    written: int = 0


class Service(Protocol):
    """A container that runs its image's own command. Whoever creates it starts it, and closes it."""

    id: str

    def start(self) -> None:
        """Start it.

        Raises CommandNotFound or ForeignProgram when its command can't be executed, EngineError for the rest.
        """

    def log(self) -> bytes:
        """Give what it printed (stdout and stderr merged): beginning and end, where it is long."""

    def exit(self) -> Optional[Exit]:
        """Say how it ended by itself; None while it runs."""

    def wait(self, seconds: float) -> bool:
        """Wait until it has ended by itself, for so long at most; tell whether it did."""

    def address(self, port: int) -> Optional[str]:
        """Give ``host:port`` by which this machine reaches a port; None where it is not published."""

    def memory_use(self) -> MemoryUse:
        """Measure it; zeros where the engine does not know."""

    def ran_out_of_memory(self) -> bool:
        """Whether any of its processes was killed for memory."""

    def withheld(self) -> str:
        """What it needs, by its log, and the engine can't give, with what to do; else empty."""

    def execute(self, command: Sequence[str], seconds: float) -> tuple[int, bytes]:
        """Run a command in it, for at most ``seconds``; give its exit code and the beginning of its output.

        126 and 127 mean, as in a shell, that it cannot be executed, 124, as of timeout(1), that it has not
        ended in time. It ends with the service.
        """

    def stop(self, seconds: float, signal: str = "SIGTERM") -> Stop:
        """Send a signal to its first process; kill it where it runs ``seconds`` later."""

    def close(self) -> None:
        """Remove it and its volumes, running or not. Does nothing the second time."""


class Engine(Protocol):
    """Few verbs, many engines."""

    has_input: bool
    """Whether ``run`` writes to a container's standard input and keeps it open. An engine that can't (a
    Kubernetes job) gets all that it needs in ``command``, in arguments of up to 120,000 bytes."""

    withholds_privileges: bool
    """Whether root has less than ``Limits.usual_privileges`` say, no process has /sys, and all files seem to
    belong to the image's USER: what fails only for want of these would pass elsewhere."""

    def check(self) -> None:
        """Try whether the engine can work here. Raises EngineError that says why not, and what to do."""

    def build(self, build: Build, platform: Optional[str], progress: Progress) -> str:
        """Build an image; give a reference by which ``image`` finds it.

        Raises UsageError for a context or Dockerfile that is not there, ImageError for a build that failed,
        and EngineError where nothing can build.
        """

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
        first: Callable[[], object] = bool,
    ) -> AbstractContextManager[Run]:
        """Start ``command`` in a fresh container of ``image``, in its WORKDIR, as its USER.

        ``first`` is called while the container is created, and ends before it is started: it starts what the
        container is to be beside. What ``stdin`` gives is written to its standard input. It is called while
        the container starts: that takes an engine longer than anything that we do.
        The container's standard input stays open for as long as this process lives; the container and its
        volumes are removed from when the context ends, at the latest by ``close`` (where the context ends by
        an exception, before it), and by themselves if this process dies.
        Raises CommandNotFound when the executable is absent, EngineError for anything else; ``output`` raises
        them too, where only execution shows it (an interpreter in ``#!`` that is absent, a lost engine).
        What ``first`` raises is raised.
        """

    def network(self) -> AbstractContextManager[str]:
        """Make a network without a way out, whose members find one another by name.

        It is removed at the end, which ``close`` waits for.
        It and its services are also removed if this process dies.
        """

    def create_service(
        self,
        image: Image,
        env: Sequence[str],
        limits: Limits,
        *,
        command: Sequence[str] = (),
        names: Sequence[str] = (),
        program: Sequence[str] = (),
        publish: Sequence[int] = (),
    ) -> Service:
        """Make a service of the image's own entry point, with ``command`` in place of its CMD where given.

        ``program`` stands in place of both. It will run in its WORKDIR, as its USER, in ``limits.network``,
        where others reach it by ``names``, and this machine its ports ``publish`` (``Service.address``):
        through a second network, as one of ``network`` has no way in. It has no standard input.
        ``limits.seconds`` do not hold. Raises EngineError, and what ``Service.start`` raises where the engine
        sees before that the command can't be executed.
        """

    def limits_not_held(self) -> str:
        """A sentence on those of ``Limits`` that do not hold here; empty where all do."""

    def history(self, image: Image) -> Sequence[str]:
        """The instructions that made the image, the oldest first, as far as the engine knows them."""

    def find_programs(self, image: Image, pattern: re.Pattern[str]) -> Sequence[str]:
        """The image's programs, and links, whose whole path matches; none where the engine can't tell.

        All of the image's files are looked at, which takes up to some seconds; nothing is run.
        """

    def close(self) -> None:
        """Give up the connection to the engine, if there is one. The next use opens it again."""
