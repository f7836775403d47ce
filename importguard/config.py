"""The settings of one run, as a frozen value. Where they come from is ``cli``'s business."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional

if TYPE_CHECKING:
    from importguard.evidence.starts import NeededService, StartSettings


class Build(NamedTuple):
    """The image that ``--build`` builds, in the words of ``docker build``."""

    context: str
    dockerfile: Optional[str] = None
    target: Optional[str] = None
    build_args: tuple[str, ...] = ()
    tag: Optional[str] = None


class WorkingDirectory(NamedTuple):
    """The directory in which a file of production starts a container, and the ``path:line`` that says so."""

    folder: str
    place: str


@dataclass(frozen=True)
class Config:
    """Everything that ``validate`` needs to know. Times in seconds, ``memory`` in bytes.

    ``name`` is what the image is called in a configuration that describes several. ``origin`` is the build
    that the configuration has for an image which is given by name. ``engine`` is ``auto`` or a name of
    ``engine_choice.ENGINES``; ``cache_dir`` is where the embedded one keeps what it unpacked. ``start``
    is None where it is not to be started; ``services`` are those that ``start.needs`` may name, besides
    images. ``workdir`` is what production has in place of the image's WORKDIR.
    """

    name: Optional[str] = None
    images: tuple[str, ...] = ()
    build: Optional[Build] = None
    pull: str = "missing"
    platform: Optional[str] = None
    engine: str = "auto"
    cache_dir: Optional[str] = None
    packages: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include_tests: bool = False
    env: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    setup: Optional[str] = None
    network: str = "none"
    timeout: float = 600.0
    module_timeout: float = 60.0
    memory: int = 4 * 1024**3
    jobs: int = 2
    python: Optional[str] = None
    exact: bool = False
    thorough: bool = False
    source: Optional[str] = None
    dockerfile: Optional[str] = None
    origin: Optional[Build] = None
    start: Optional[StartSettings] = None
    start_anyway: bool = False
    services: tuple[NeededService, ...] = ()
    workdir: Optional[WorkingDirectory] = None


def build_arguments(build: Optional[Build]) -> tuple[str, ...]:
    """``NAME=value`` of each build argument, as ``docker build`` takes them.

    A bare NAME takes its value from the environment; without one it gives nothing, and ARG's default holds.
    """
    return tuple(
        text if "=" in text else f"{text}={os.environ[text]}"
        for text in (build.build_args if build else ())
        if "=" in text or text in os.environ
    )
