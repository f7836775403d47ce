"""The settings of one run, as a frozen value. Where they come from is ``cli``'s business."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Optional

from importguard.errors import UsageError

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


def references_of(config: Config) -> tuple[str, ...]:
    """The images to check by name, or the one that is built. Raises UsageError for both and for neither."""
    if bool(config.images) == bool(config.build):
        raise UsageError("give either images to check or --build CONTEXT, not both and not neither")
    return (config.build.tag or config.build.context,) if config.build else config.images


def check_settings(configs: Sequence[Config], journey: Sequence[str] = ()) -> None:
    """Raise UsageError for a folder or a command that cannot be meant, before images are pulled for it.

    ``journey`` is the command that is run against what was started.
    """
    for config in configs:
        if config.source is not None and not os.path.isdir(config.source):
            raise UsageError(
                f"--source {config.source} is no folder: name the one that the image is built from"
            )
        _check_commands(config.commands)
    if journey and shutil.which(journey[0]) is None:
        raise UsageError(f"-- {shlex.join(journey)}: there is no program {journey[0]!r} on this machine")


def _check_commands(commands: Sequence[str]) -> None:
    """Refuse a start command that no shell could read; the text of a here-document is not looked at."""
    for command in commands:
        try:
            shlex.split("" if "<<" in command else command, comments=True)
        except ValueError as error:
            why = "a quotation mark is not closed" if "quotation" in str(error) else str(error)
            raise UsageError(f"--command {command} is no command: {why}") from None
