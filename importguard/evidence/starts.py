"""What was observed of a container that ran its own command, with no opinion: part of the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote_plus

USUAL_SECONDS_TO_READY = 60.0
"""What a service has where nobody says otherwise and it does nothing. What takes longer is slow at least."""

_MOST_SECONDS_TO_READY = 240.0
"""What it has while it works: a machine that checks may be slow. Cloud Run's start-up probe gives as much
where none is configured (https://cloud.google.com/run/docs/configuring/healthchecks)."""


@dataclass(frozen=True)
class HttpRequest:
    """What is asked of a service. Without ``status``, any less than ``below`` is right; ``body`` is a part.

    ``assets``: the scripts and style sheets of its own that the page names have to be there too.
    """

    path: str
    status: Optional[int] = None
    body: Optional[str] = None
    assets: bool = False
    below: int = 500
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Handshake:
    """A WebSocket that is to be opened, or to be refused with ``status``."""

    path: str
    protocol: Optional[str] = None
    status: int = 101


@dataclass(frozen=True)
class StartSettings:
    """How a service is started and what is asked of it. Times in seconds, ``memory`` in bytes.

    ``platform`` is cloud-run or container, None where neither is said: container, then. ``port`` is a
    number as text, none (a worker), or None where the image is to tell. ``http`` is None where nothing is
    configured. ``grpc``: gRPC's own state of health is asked for. ``needs`` are the names of the images
    and services that have to be ready before. ``healthcheck`` is a command in the container that
    production's files name, in place of the image's HEALTHCHECK. ``timeout`` is the user's word on how long
    a start may take, and ``production_seconds`` that of production's files.
    """

    platform: Optional[str] = None
    port: Optional[str] = None
    http: Optional[tuple[HttpRequest, ...]] = None
    grpc: bool = False
    websocket: tuple[Handshake, ...] = ()
    timeout: Optional[float] = None
    settle: float = 1.0
    max_start_time: Optional[float] = None
    memory: Optional[int] = None
    needs: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()
    production_seconds: Optional[float] = None

    @property
    def seconds_to_ready(self) -> float:
        """The time that it has until its port accepts, and everything is answered."""
        given = (self.timeout, self.production_seconds)
        return next((seconds for seconds in given if seconds is not None), _MOST_SECONDS_TO_READY)

    @property
    def seconds_to_answer(self) -> float:
        """The part of it that may go by after its port accepts: then it gets requests."""
        return USUAL_SECONDS_TO_READY if self.has_default_time else self.seconds_to_ready

    @property
    def seconds_of_patience(self) -> Optional[float]:
        """After so long, what works no more is not waited for; None where the user gives the time."""
        return USUAL_SECONDS_TO_READY if self.timeout is None else None

    @property
    def sent_values(self) -> tuple[str, ...]:
        """``NAME=value`` of what is sent in queries and headers: tokens may be among them."""
        paths = [request.path for request in self.http or ()] + [asked.path for asked in self.websocket]
        queries = [pair for path in paths for pair in path.partition("?")[2].split("&") if "=" in pair]
        values = [(name, value) for name, _, value in (pair.partition("=") for pair in queries)]
        values += [(name, unquote_plus(value)) for name, value in values]
        for request in self.http or ():
            values += request.headers
        # What follows "Bearer" or "Basic" may be told without it.
        values += [(name, value.partition(" ")[2]) for name, value in values if " " in value]
        return tuple(dict.fromkeys(f"{name}={value}" for name, value in values))

    @property
    def has_default_time(self) -> bool:
        """Whether nobody says how long a start may take."""
        return self.timeout is None and self.production_seconds is None


@dataclass(frozen=True)
class NeededService:
    """A service that others need and that is not checked itself, such as a database.

    ``ready`` is a command in it that succeeds when it is ready; without one it is ready when its HEALTHCHECK
    succeeds, or when a port accepts. ``env`` is ``NAME=value``.
    """

    name: str
    image: str
    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    ready: tuple[str, ...] = ()
    settings: StartSettings = StartSettings()


@dataclass(frozen=True)
class Answer:
    """What a service answered, last. ``right`` says whether it is what was asked for.

    ``status`` is None where no answer came, and ``error`` says why; ``late``: no whole answer came in time.
    ``body`` is its beginning. ``waited`` is for how long it was asked again. ``tls``: the port speaks TLS.
    The rest is of a WebSocket.
    """

    right: bool
    status: Optional[int]
    error: str = ""
    late: bool = False
    body: str = ""
    seconds: float = 0.0
    waited: float = 0.0
    tls: bool = False
    location: str = ""
    protocol: str = ""
    close_code: Optional[int] = None
    close_reason: str = ""


@dataclass(frozen=True)
class Process:
    """A process of the container; ``wait`` is the kernel function that it sleeps in, where that is known."""

    number: int
    command: str
    state: str
    wait: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What the container had at the end: sockets as (address, port), processes.

    ``ipv6_only`` are the ports of a service without a right one that listen at ``::`` and take no IPv4.
    ``connecting`` are the servers that it tries to reach, ``connected`` those that it has reached, by their
    names where these are known.
    """

    listeners: tuple[tuple[str, int], ...] = ()
    ipv6_only: tuple[int, ...] = ()
    unix_sockets: tuple[str, ...] = ()
    connecting: tuple[tuple[str, int], ...] = ()
    connected: tuple[tuple[str, int], ...] = ()
    processes: tuple[Process, ...] = ()


@dataclass(frozen=True)
class CommandResult:
    """What a command came to: the image's HEALTHCHECK, or the user's own. ``output`` may be cut.

    ``logs`` are the last lines of each service that the user's own command failed with, by name. ``error``
    says why that command could not be run at all, and ``killed_after`` that importguard killed it after so
    many seconds.
    """

    command: str
    code: int
    output: str = ""
    logs: tuple[tuple[str, str], ...] = ()
    error: str = ""
    killed_after: Optional[float] = None

    @property
    def timed_out(self) -> bool:
        """Whether it did not end in time: the exit code is that of timeout(1)."""
        return self.code == 124


@dataclass(frozen=True)
class Ending:
    """How the service ended by itself."""

    code: int
    out_of_memory: bool = False


@dataclass(frozen=True)
class ServiceStart:
    """One service, from its start to its end. ``given``: its command is not the image's own.

    ``architecture`` is the image's ``os/arch``, ``memory`` the bytes that it may use. ``ports`` are those
    that it should listen on, ``port`` the one that accepted. Seconds since the start: its container was
    ``launched``, its port ``accepted``, or was ``given_up`` and not waited for any longer; ``ready`` is when
    everything was answered as it should be, and ``held`` says whether it still was a moment later.
    ``ending`` is None where it ran until it was stopped; ``refusal`` says why the engine could not execute
    the command, ``skipped`` why it was not started at all, ``error`` why it could not be observed.
    ``memory_held`` are the bytes that its processes held when it was ready, ``written`` those of the files
    that it had written by then, ``memory_peak`` the most that it ever had, with cached files; 0: unknown.
    ``dump`` is what a Python that was never well wrote of its threads when it was asked to abort.
    ``served_log`` is the part of the log since its port was open; ``others`` are the logs of the services
    that were started for it, by name. ``journey`` is what the user's own command came to, in the evidence of
    the last image that was started.
    """

    command: str
    settings: StartSettings
    given: bool = False
    architecture: str = ""
    memory: int = 0
    ports: tuple[int, ...] = ()
    port: Optional[int] = None
    launched: Optional[float] = None
    accepted: Optional[float] = None
    given_up: Optional[float] = None
    ready: Optional[float] = None
    held: bool = False
    http: tuple[tuple[HttpRequest, Answer], ...] = ()
    health: Optional[CommandResult] = None
    websocket: tuple[tuple[Handshake, Answer], ...] = ()
    grpc: Optional[Answer] = None
    surroundings: Surroundings = Surroundings()
    ending: Optional[Ending] = None
    out_of_memory: bool = False
    memory_held: int = 0
    memory_peak: int = 0
    written: int = 0
    stop_seconds: Optional[float] = None
    killed: bool = False
    refusal: str = ""
    skipped: str = ""
    error: str = ""
    log: str = ""
    dump: str = ""
    served_log: str = ""
    others: tuple[tuple[str, str], ...] = ()
    journey: Optional[CommandResult] = None
    seconds: float = 0.0
