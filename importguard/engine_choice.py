"""The one table of engines, and which of them checks an image: by ``--engine`` and the image's reference."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Callable, Optional

from importguard.config import Config
from importguard.engines.base import Engine
from importguard.engines.references import engine_of_reference, name_of_reference
from importguard.errors import EngineError, UsageError
from importguard.progress import Progress


def _docker(progress: Progress, config: Config) -> Engine:
    from importguard.engines.docker.engine import DockerEngine

    return DockerEngine(progress)


def _podman(progress: Progress, config: Config) -> Engine:
    from importguard.engines.docker.engine import DockerEngine
    from importguard.engines.docker.podman import connect_to_podman

    return DockerEngine(progress, connect_to_podman)


def _embedded(progress: Progress, config: Config) -> Engine:
    from importguard.engines.embedded.engine import EmbeddedEngine

    return EmbeddedEngine(progress, Path(config.cache_dir) if config.cache_dir else None)


ENGINES: dict[str, Callable[[Progress, Config], Engine]] = {
    "docker": _docker,
    "podman": _podman,
    "embedded": _embedded,
}


class EnginePool:
    """The engines of one run, each made when an image first needs it. ``given`` is used for all, if any."""

    def __init__(self, progress: Progress, given: Optional[Engine] = None) -> None:
        self._progress = progress
        self._given = given
        self._made: dict[tuple[str, Optional[str]], Engine] = {}

    def engine_of(self, reference: str, config: Config) -> tuple[Engine, str]:
        """The engine for an image, and the name by which that one knows it.

        Raises UsageError where the reference and ``--engine`` contradict one another, or where the engine
        can't do what is asked for.
        """
        if self._given is not None:
            return self._given, reference
        told = "" if config.build else engine_of_reference(reference)
        if config.engine not in ("auto", told or config.engine):
            raise UsageError(
                f"{reference} is for the {told} engine, and --engine chooses {config.engine}: leave out "
                "--engine, or name the image otherwise"
            )
        name = told or config.engine
        if name == "auto":
            name = "docker" if config.build else self._daemon_that_answers(config)
        if name != "docker" and config.build:
            raise UsageError(
                f"the {name} engine only checks images that are there: --build needs --engine docker"
            )
        return self._engine(name, config), name_of_reference(reference)

    def _engine(self, name: str, config: Config) -> Engine:
        key = (name, config.cache_dir)
        if key not in self._made:
            self._made[key] = ENGINES[name](self._progress, config)
        return self._made[key]

    def _daemon_that_answers(self, config: Config) -> str:
        """Docker, or Podman where Docker does not answer. Raises EngineError that says why neither does.

        Podman does not stand in for a daemon that the environment names: an image of the same name there may
        be an older one.
        """
        reasons = []
        is_named = os.environ.get("DOCKER_HOST") or os.environ.get("DOCKER_CONTEXT")
        for name in ("docker",) if is_named else ("docker", "podman"):
            try:
                self._engine(name, config).check()
                return name
            except EngineError as error:
                reasons.append(str(error))
        raise EngineError(
            "\n".join(reasons) + "\nAn archive or a registry needs neither: "
            "importguard check oci-archive:FILE, or registry:HOST/NAME:TAG."
        )

    def engine_for_starts(self, wanted: Sequence[tuple[str, Config]]) -> Optional[Engine]:
        """The one engine in whose network all services are started; None where no image has one.

        Raises UsageError where the images are of several.
        """
        chosen = list[tuple[str, Engine]]()
        for reference, config in wanted:
            with suppress(EngineError):  # Its own report says so.
                chosen.append((reference, self.engine_of(reference, config)[0]))
        for reference, engine in chosen:
            if engine is not chosen[0][1]:
                raise UsageError(
                    f"{chosen[0][0]} and {reference} are for two engines, which have no network in common: "
                    "what --start starts needs one engine (--engine)"
                )
        return chosen[0][1] if chosen else None

    def close(self) -> None:
        """Close every engine that was made, and the one that was given."""
        for engine in (*self._made.values(), *((self._given,) if self._given else ())):
            engine.close()
