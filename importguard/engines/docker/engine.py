"""The Docker engine, through the Docker SDK's low-level client (also for daemons that speak its API)."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional

from importguard.config import Build
from importguard.engines.base import Image, Limits, Run, Service
from importguard.engines.docker.connection import connect_to_docker
from importguard.engines.docker.container import Container
from importguard.engines.docker.image import read_image
from importguard.engines.docker.settings import LABEL, container_settings, service_settings, start_failure
from importguard.engines.docker.uninterrupted import complete_request
from importguard.engines.image_configuration import same_platform
from importguard.errors import EngineError, ImageError, UsageError
from importguard.progress import Progress, QuietProgress

if TYPE_CHECKING:
    from importguard.engines.docker.cleanup_process import Watch
    from importguard.engines.docker.service import RunNetwork

_MEMORY_UNUSED = 64 * 1024**2
"""Bytes for a container that is never started; Docker takes no fewer than 6 MiB."""

STALE_SECONDS = 60
"""A container starts within a second of its creation: one that has not is left over from a run that was
killed together with its watch, as by a CI system that ends all processes of a job."""


class DockerEngine:
    """Implements ``engines.base.Engine``. Connects at the first use, and once.

    ``connect`` gives a client of the Docker SDK, for a daemon that speaks Docker's API.
    """

    has_input = True
    withholds_privileges = False

    def __init__(
        self, progress: Optional[Progress] = None, connect: Callable[[], Any] = connect_to_docker
    ) -> None:
        self._progress = progress or QuietProgress()
        self._connect = connect
        self._connected: Any = None
        self._platforms: dict[str, str] = {}
        self._network: Optional[RunNetwork] = None
        self._removals: list[threading.Thread] = []
        self._watch: Optional[Watch] = None

    def check(self) -> None:
        """See ``Engine.check``."""
        self._client()

    def build(self, build: Build, platform: Optional[str], progress: Progress) -> str:
        """See ``Engine.build``."""
        from importguard.engines.docker.build import build_image

        return build_image(build, platform, progress)

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

    @contextmanager
    def run(
        self,
        image: Image,
        command: Sequence[str],
        env: Sequence[str],
        limits: Limits,
        stdin: Callable[[], bytes] = bytes,
        first: Callable[[], object] = bool,
    ) -> Iterator[Run]:
        """See ``Engine.run``."""
        settings = container_settings(self._client(), image, command, env, limits)
        settings["labels"].update(self._labels())
        if image.id in self._platforms:
            settings["platform"] = self._platforms[image.id]
        container = Container(self._client(), f"{LABEL}-{os.getpid()}-{os.urandom(6).hex()}")
        run = Run()
        try:
            try:
                complete_request(lambda: container.create(settings), first)
                given = complete_request(lambda: container.start(limits.seconds), stdin)
            except BaseException as error:
                failure = start_failure(error, image, command, env)
                if failure is None:
                    raise
                raise failure from error
            # Beside the reading: a program that prints first, or never reads, must not hold it up.
            threading.Thread(target=container.send, args=(given,), daemon=True).start()
            self._remove_stale()
            run.output = _translated(container.output(run), image)
            yield run
        except BaseException:
            _quietly(container.remove)
            raise
        # Beside the judging, or the service's end: it takes the daemon up to a second.
        self._remove_later(container.remove)

    @contextmanager
    def network(self) -> Iterator[str]:
        """See ``Engine.network``."""
        from importguard.engines.docker.service import RunNetwork

        with _engine_errors():
            self._network = network = RunNetwork(self._client(), LABEL, self._labels())
            try:
                yield network.name
            finally:
                self._network = None
                self._remove_later(network.remove)  # Beside the judging: it takes the daemon 0.2 s.

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
        """See ``Engine.create_service``."""
        from importguard.engines.docker.service import DockerService

        client, own = self._client(), self._network
        argv = tuple(program or [*image.entrypoint, *(command or image.cmd)])
        failure_of = partial(start_failure, image=image, command=argv or ("",), env=env)
        service = DockerService(client, f"{LABEL}-{os.getpid()}-{os.urandom(6).hex()}", failure_of)
        networks = [limits.network]
        if publish and own is not None and own.name == limits.network:
            # The first is the one whose ports Docker publishes.
            networks.insert(0, f"{service.id}-in")
        limits = limits._replace(network=networks[0])
        settings = service_settings(client, image, command, env, limits, names, program, publish)
        settings["labels"].update(self._labels())
        if image.id in self._platforms:
            settings["platform"] = self._platforms[image.id]
        if own is not None and networks[1:]:
            way_in = own.open_way_in
            complete_request(lambda: way_in(networks[0]), bool)
        service.create(settings, networks[1:])
        return service

    def limits_not_held(self) -> str:
        """See ``Engine.limits_not_held``. Docker starts no container whose limits it can't hold."""
        if self._connect is connect_to_docker:
            return ""
        told = self._client().info()
        if "name=rootless" not in (told.get("SecurityOptions") or ()):
            return ""
        # Control groups of version 1 are root's.
        more = "memory, the number of processes and " if told.get("CgroupVersion") == "1" else ""
        return f"Podman runs as an ordinary user, and does not limit {more}the size of files."

    def history(self, image: Image) -> Sequence[str]:
        """See ``Engine.history``. What can't be asked is as unknown as what a builder left out."""
        from docker.errors import APIError
        from requests.exceptions import RequestException

        try:
            steps = self._client().history(image.id)
        except (APIError, RequestException):
            return ()
        return tuple(step.get("CreatedBy") or "" for step in reversed(steps or ()))

    def find_programs(self, image: Image, pattern: re.Pattern[str]) -> Sequence[str]:
        """See ``Engine.find_programs``. A container is made for it, and never started."""
        from tarfile import TarError

        from docker.errors import DockerException
        from requests.exceptions import RequestException

        from importguard.engines.docker.container_files import find_paths

        client, name = self._client(), f"{LABEL}-{os.getpid()}-{os.urandom(6).hex()}"
        settings = container_settings(client, image, ["/"], (), Limits(_MEMORY_UNUSED, 0))
        settings["labels"].update(self._labels())
        container = Container(client, name)
        try:
            container.create(settings)
            return find_paths(client, name, pattern)
        except (DockerException, RequestException, TarError, OSError):
            return ()
        finally:
            _quietly(container.remove)

    def close(self) -> None:
        """Close the connection to the daemon. The next use opens it again."""
        while self._removals:
            self._removals.pop().join()
        if self._watch is not None:
            self._watch.end()
            self._watch = None
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def _labels(self) -> dict[str, str]:
        """The labels of all that this makes: even if this process is killed, what has them is removed.

        A container removes itself only when it has run, and a start whose client is gone is given up.
        """
        from importguard.engines.docker.cleanup_process import Watch

        if self._watch is None:
            self._watch = Watch(self._connect, {LABEL: str(os.getpid())})
        return self._network.labels if self._network is not None else self._watch.labels

    def _remove_later(self, remove: Callable[[], None]) -> None:
        """Remove something beside what comes next; ``close`` waits for it."""
        removal = threading.Thread(target=_quietly, args=(remove,))
        removal.start()
        self._removals.append(removal)

    def _client(self) -> Any:
        if self._connected is None:
            self._connected = self._connect()
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
            raise EngineError(f"The connection to the daemon was lost: {error}. Try again.") from error
        return image if platform is None or same_platform(platform, image.platform) else None

    def _remove_stale(self) -> None:
        """Remove containers that were never started. Called while one works, so that nobody waits for it."""
        from docker.errors import DockerException
        from requests.exceptions import RequestException

        with suppress(DockerException, RequestException):
            client = self._client()
            for found in client.containers(all=True, filters={"label": LABEL, "status": "created"}):
                if found["Created"] < time.time() - STALE_SECONDS:
                    client.remove_container(found["Id"], v=True, force=True)


def _translated(output: Iterator[bytes], image: Image) -> Iterator[bytes]:
    """Pass ``output`` on; what the SDK raises there becomes EngineError."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield from output
    except (DockerException, RequestException, OSError) as error:
        raise EngineError(
            f"The connection to the daemon was lost while a container of {image.reference} ran: "
            f"{error}. Check that the daemon runs (`docker info`), and try again."
        ) from error


@contextmanager
def _engine_errors() -> Iterator[None]:
    """Turn what the SDK raises into EngineError."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        raise EngineError(
            f"The engine failed at starting or running services: {error}. Try again."
        ) from error


def _quietly(remove: Callable[[], None]) -> None:
    """Remove a container on a way where another error is already being told."""
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with suppress(DockerException, RequestException, OSError):
        remove()
