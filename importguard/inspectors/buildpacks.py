"""Images of Cloud Native Buildpacks: their launcher sets variables, and then starts a process of the image.

What the buildpacks left below /layers says where Python is and what its import path is; the image's own
configuration does not. So the probe, too, is started by the launcher, and as the process is: directly, or by
the shell that reads the scripts of profile.d (https://github.com/buildpacks/spec, platform.md, "launcher").
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Optional

from importguard.engines.base import Image

LAUNCHER = "/cnb/lifecycle/launcher"
METADATA_LABEL = "io.buildpacks.build.metadata"
_PROCESSES = "/cnb/process/"


class LaunchedProcess(NamedTuple):
    """What the launcher starts, and in which folder; bash does, where it is not ``is_direct``."""

    words: tuple[str, ...]
    is_direct: bool
    directory: str


def launched_process(image: Image) -> Optional[LaunchedProcess]:
    """The process that the image's launcher starts; None where it has no launcher, or tells no process."""
    first, *rest = image.entrypoint or ("",)
    given = (*rest, *image.cmd)
    folder = _variable(image, "CNB_APP_DIR") or "/workspace"
    if first == LAUNCHER and given:
        is_direct = given[0] == "--"
        words = given[1:] if is_direct else given
        return _process(words[:1], words[1:], is_direct, folder)
    if not first.startswith(_PROCESSES):
        return None
    told = _told_process(image, first[len(_PROCESSES) :])
    if told is None:
        return None
    command, arguments = _words(told.get("command")), _words(told.get("args"))
    is_direct = told.get("direct") is True
    if given:  # Older buildpacks, whose processes are of the shell, add them (buildpack.md, API 0.9).
        arguments = given if is_direct else (*arguments, *given)
    return _process(command, arguments, is_direct, str(told.get("working-dir") or folder))


def image_as_launched(image: Image) -> Image:
    """The image with the process that its launcher starts as its command; itself where it has none."""
    process = launched_process(image)
    if process is None:
        return image
    return replace(image, entrypoint=process.words, cmd=(), workdir=process.directory)


def launched_command(image: Image, command: Sequence[str]) -> list[str]:
    """The command by which the image's launcher starts ``command`` as it does its process, if it has one."""
    process = launched_process(image)
    if process is None:
        return list(command)
    return [LAUNCHER, "--", *command] if process.is_direct else [LAUNCHER, f"exec {shlex.join(command)}"]


def _process(
    command: Sequence[str], arguments: Sequence[str], is_direct: bool, folder: str
) -> Optional[LaunchedProcess]:
    """A process of its command and arguments, which bash evaluates one by one where it is not direct."""
    if not command:
        return None
    if is_direct:
        return LaunchedProcess((*command, *arguments), True, folder)
    line = " ".join(command)
    if arguments:
        line = " ".join(f'"{word}"' for word in (line, *arguments))
    return LaunchedProcess(("bash", "-c", line), False, folder)


def _told_process(image: Image, kind: str) -> Optional[Mapping[str, Any]]:
    """What the image's label tells of its process of a type."""
    try:
        document = json.loads(dict(image.labels).get(METADATA_LABEL, ""))
    except (ValueError, RecursionError):
        return None
    processes = document.get("processes") if isinstance(document, dict) else None
    for process in processes if isinstance(processes, list) else ():
        if isinstance(process, dict) and process.get("type") == kind:
            return process
    return None


def _words(value: Any) -> tuple[str, ...]:
    """A command is one word in images of older lifecycles."""
    values = value if isinstance(value, list) else [value] if value else []
    return tuple(map(str, values))


def _variable(image: Image, name: str) -> str:
    return dict(item.partition("=")[::2] for item in image.env).get(name, "")
