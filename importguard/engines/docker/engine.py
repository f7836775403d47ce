"""The Docker engine, through the Docker SDK's low-level client (also for daemons that speak its API)."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Callable, Optional

from importguard.engines.base import CommandNotFound, Exit, Image, Limits, Run
from importguard.engines.docker.connection import CONNECT_SECONDS, connect
from importguard.engines.docker.container import Container, wrong_platform
from importguard.engines.docker.image import read_image, same_platform
from importguard.errors import EngineError, ImageError, UsageError
from importguard.progress import Progress, QuietProgress

LABEL = "importguard"
STALE_SECONDS = 60
"""A container starts within a second of its creation: one that has not is left over from a killed run."""

CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER"]
"""Those by which root reads and writes its own image's files; without DAC_OVERRIDE, files of another owner
with mode 700 look missing (capabilities(7))."""

USUAL_CAPABILITIES = [
    *CAPABILITIES,
    *("FSETID", "KILL", "NET_BIND_SERVICE", "NET_RAW", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
]
"""Docker's default but for MKNOD, SETFCAP and AUDIT_WRITE, which no import needs
(https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities)."""

LARGEST_FILE = 1024**3
"""Bytes that one file of the container may grow to: a runaway write must not fill the disk."""


class DockerEngine:
    """Implements ``engines.base.Engine``. Connects at the first use, and once."""

    def __init__(self, progress: Optional[Progress] = None) -> None:
        self._progress = progress or QuietProgress()
        self._connected: Any = None
        self._platforms: dict[str, str] = {}

    def image(self, reference: str, *, pull: str, platform: Optional[str] = None) -> Image:
        """See ``Engine.image``. ``reference`` is a name or an id."""
        image = None if pull == "always" else self._local_image(reference, platform)
        if image is None and pull == "never":
            wanted = f" for {platform}" if platform else ""
            raise ImageError(
                f"There is no local image {reference}{wanted}, and --pull never forbids pulling one. "
                "Build it first, or let it be pulled with --pull missing."
            )
        if image is None:
            if reference.startswith("sha256:"):
                raise ImageError(f"There is no local image {reference}; ids cannot be pulled: give a name.")
            from importguard.engines.docker.pull import pull_image

            pull_image(self._client(), reference, platform, self._progress)
            image = self._local_image(reference, platform)
        if image is None:
            raise ImageError(f"{reference} was pulled, but not for {platform}: choose another --platform.")
        if platform:
            self._platforms[image.id] = image.platform
        return image

    def run(
        self,
        image: Image,
        command: Sequence[str],
        env: Sequence[str],
        limits: Limits,
        stdin: Callable[[], bytes] = bytes,
    ) -> Run:
        """See ``Engine.run``. CommandNotFound and EngineError may also come from ``output``, at its end."""
        settings = _settings(self._client(), image, command, env, limits)
        if image.id in self._platforms:
            settings["platform"] = self._platforms[image.id]
        container = Container(self._client(), f"{LABEL}-{os.getpid()}-{os.urandom(6).hex()}")
        run = Run(iter(()))
        try:
            _whole(lambda: container.create(settings))
            given = _whole(lambda: container.start(limits.seconds), stdin)
            # Beside the reading: a program that prints first, or never reads, must not hold it up.
            threading.Thread(target=container.send, args=(given,), daemon=True).start()
            run.output = _translated(container.output(_telling(run)), image)
            next(run.output)
            # Dropping the generator closes it; this is for one that still exists when the interpreter exits.
            weakref.finalize(run.output, _quietly, container.remove)
        except BaseException as error:
            _quietly(container.remove)
            failure = start_failure(error, image, command, env)
            if failure is None:
                raise
            raise failure from error
        self._remove_stale()
        return run

    def history(self, image: Image) -> Sequence[str]:
        """See ``Engine.history``. What can't be asked is as unknown as what a builder left out."""
        from docker.errors import APIError
        from requests.exceptions import RequestException

        try:
            steps = self._client().history(image.id)
        except (APIError, RequestException):
            return ()
        return tuple(step.get("CreatedBy") or "" for step in reversed(steps or ()))

    def close(self) -> None:
        """Close the connection to the daemon. The next use opens it again."""
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def _client(self) -> Any:
        if self._connected is None:
            self._connected = connect()
        return self._connected

    def _local_image(self, reference: str, platform: Optional[str]) -> Optional[Image]:
        """Give the daemon's own image, or None when it has none, or has it for another platform."""
        from docker.errors import APIError, NotFound, NullResource
        from requests.exceptions import RequestException

        try:
            image = read_image(reference, self._client().inspect_image(reference))
        except NotFound:
            return None
        except NullResource:
            raise UsageError("An image reference is empty: give a name such as app:latest.") from None
        except APIError as error:
            raise ImageError(f"Docker knows no image {reference!r}: {error.explanation or error}.") from error
        except RequestException as error:
            raise EngineError(f"The connection to the Docker daemon was lost: {error}. Try again.") from error
        return image if platform is None or same_platform(platform, image.platform) else None

    def _remove_stale(self) -> None:
        """Remove what a run left that was killed after creating its container and before it was started.

        The daemon gives up a start whose client is gone, and removes by itself only what has run. Called
        while the container works, so that nobody waits for it.
        """
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        with suppress(DockerException, RequestException):
            client = self._client()
            for found in client.containers(all=True, filters={"label": LABEL, "status": "created"}):
                if found["Created"] < time.time() - STALE_SECONDS:
                    client.remove_container(found["Id"], v=True, force=True)


def _settings(
    client: Any, image: Image, command: Sequence[str], env: Sequence[str], limits: Limits
) -> dict[str, Any]:
    """Give the arguments of the SDK's ``create_container``: as in production, but able to harm nothing."""
    host_config = client.create_host_config(
        network_mode=limits.network,
        auto_remove=True,
        cap_drop=["ALL"],
        cap_add=USUAL_CAPABILITIES if limits.usual_privileges else CAPABILITIES,
        security_opt=["no-new-privileges"],
        mem_limit=limits.memory,
        memswap_limit=limits.memory,
        pids_limit=limits.pids,
        log_config={"Type": "none", "Config": {}},
        ulimits=[
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": LARGEST_FILE, "Hard": LARGEST_FILE},
        ],
        init=False,
    )
    return {
        "image": image.id,
        "entrypoint": [command[0]],
        "command": list(command[1:]),
        "environment": list(env),
        "stdin_open": True,
        "labels": {LABEL: str(os.getpid())},
        "healthcheck": {"test": ["NONE"]},
        "host_config": host_config,
        "use_config_proxy": False,
    }


def start_failure(
    error: BaseException, image: Image, command: Sequence[str], env: Sequence[str]
) -> Optional[Exception]:
    """Turn an error of creating or starting a container into ours, or None for what is not the engine's."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    if not isinstance(error, (DockerException, RequestException)):
        return None
    reason = str(getattr(error, "explanation", None) or error)
    for value in (item.partition("=")[2] for item in env):
        if value:
            reason = reason.replace(value, "…")  # Values may be secrets, and daemons quote what they refuse.
    lowered = reason.lower()
    if "exec format error" in lowered:
        return EngineError(wrong_platform(command[0]))
    if f'exec: "{command[0]}"' in reason and any(sign in lowered for sign in _NOT_EXECUTABLE):
        return CommandNotFound(f"{command[0]} is not in {image.reference}, or is not executable there")
    advice = next((text for sign, text in _START_ADVICE if sign in lowered), "`docker run` may say more.")
    return EngineError(
        f"Docker could not start a container of {image.reference}: {reason.rstrip('. ')}. {advice}"
    )


_NOT_EXECUTABLE = (
    "executable file not found",
    "no such file or directory",
    "permission denied",
    "is a directory",
    "not a directory",
)

_START_ADVICE = (
    ("unable to find user", "Create the image's USER in its /etc/passwd, or give USER as a number."),
    ("unable to find group", "Create the USER's group in the image's /etc/group, or give it as a number."),
    ("is not a directory", "The image's WORKDIR is a file: change WORKDIR to a folder."),
    ("network", "Check --network: `docker network ls` lists the networks."),
    ("memory", "Give another --memory."),
    ("platform", "Check an image of this machine's platform (--platform)."),
    ("no space left", "Free disk space where Docker keeps its data: `docker system df` shows what takes it."),
)


def _translated(output: Iterator[bytes], image: Image) -> Iterator[bytes]:
    """Pass ``output`` on; what the SDK raises there becomes EngineError."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield from output
    except (DockerException, RequestException, OSError) as error:
        raise EngineError(
            f"The connection to the Docker daemon was lost while a container of {image.reference} ran: "
            f"{error}. Check that the daemon runs (`docker info`), and try again."
        ) from error


def _telling(run: Run) -> Callable[[Exit], None]:
    """Give a setter of ``run.exit`` that does not keep ``run`` alive: dropping it must end the container."""
    reference = weakref.ref(run)

    def tell(ended: Exit) -> None:
        owner = reference()
        if owner is not None:
            owner.exit = ended

    return tell


def _whole(action: Callable[[], None], meanwhile: Callable[[], bytes] = bytes) -> bytes:
    """Let ``action`` finish even when Ctrl-C interrupts it, so that no request is left without its answer.

    ``meanwhile`` is called beside it, and what it gives is given. Signals reach only the main thread: the
    action has its own.
    """
    raised: list[BaseException] = []
    finished = threading.Event()

    def work() -> None:
        try:
            action()
        except BaseException as error:
            raised.append(error)
        finally:
            finished.set()

    try:
        # Also Thread.start can be interrupted, when the thread runs already.
        threading.Thread(target=work, daemon=True).start()
        given = meanwhile()
        finished.wait()
    except BaseException:
        finished.wait(CONNECT_SECONDS)
        raise
    if raised:
        raise raised[0]
    return given


def _quietly(remove: Callable[[], None]) -> None:
    """Remove a container on a way where another error is already being told."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with suppress(DockerException, RequestException, OSError):
        remove()
