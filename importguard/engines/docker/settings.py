"""What a container is created with, and what the daemon's refusal to start one means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Optional

from importguard.engines.base import CommandNotFound, ForeignProgram, Image, Limits
from importguard.engines.docker.container import wrong_platform
from importguard.errors import EngineError
from importguard.evidence.users import is_root

LABEL = "importguard"

CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "NET_BIND_SERVICE"]
"""Those by which root reads and writes its own image's files; without DAC_OVERRIDE, files of another owner
with mode 700 look missing (capabilities(7)). The last one only says that Podman's root may bind every port,
as each user of Docker's may."""

USUAL_CAPABILITIES = [
    *CAPABILITIES,
    *("FSETID", "KILL", "NET_RAW", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
]
"""Docker's default but for MKNOD, SETFCAP and AUDIT_WRITE, which no import needs
(https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities)."""

LARGEST_FILE = 1024**3
"""Bytes that one file of the container may grow to: a runaway write must not fill the disk."""


def container_settings(
    client: Any, image: Image, command: Sequence[str], env: Sequence[str], limits: Limits
) -> dict[str, Any]:
    """Give the arguments of the SDK's ``create_container``: as in production, but able to harm nothing."""
    beside = f"container:{limits.beside}" if limits.beside else None
    host_config = client.create_host_config(
        network_mode=beside or limits.network,
        pid_mode=beside,
        auto_remove=True,
        cap_drop=["ALL"],
        cap_add=_capabilities_of_root(limits) if is_root(image.user) else [],
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
        "user": _user_as_it_is(image.user),
        "stdin_open": True,
        "labels": {LABEL: str(os.getpid())},
        "healthcheck": {"test": ["NONE"]},
        "host_config": host_config,
        "use_config_proxy": False,
    }


def _user_as_it_is(user: str) -> str:
    """USER for a container with the image's own /etc/passwd and /etc/group.

    Podman writes a line for a number that has none there, and looking up its user would pass. It takes a
    number with a sign, which is the same for both engines, for a name.
    """
    return ":".join(f"+{part}" if part.isdigit() else part for part in user.split(":"))


def _capabilities_of_root(limits: Limits) -> list[str]:
    """What root may do. Docker gives it to no other user; Podman would: it could read and write all."""
    return USUAL_CAPABILITIES if limits.usual_privileges else CAPABILITIES


def service_settings(
    client: Any,
    image: Image,
    command: Sequence[str],
    env: Sequence[str],
    limits: Limits,
    names: Sequence[str],
    program: Sequence[str],
    publish: Sequence[int],
) -> dict[str, Any]:
    """The same for a service: its own entry point, no standard input, and its state outlives it."""
    settings = container_settings(client, image, program or ("",), env, limits)
    del settings["stdin_open"]
    settings["working_dir"] = image.workdir  # production may have another than the image
    if not program:
        del settings["entrypoint"]
        settings["command"] = list(command) or None
    settings["host_config"]["AutoRemove"] = False
    if publish:
        settings["host_config"]["Sysctls"] = {"net.ipv4.ip_forward": "0"}  # It may be in two networks.
        settings["ports"] = list(publish)
        on_loopback = [{"HostIp": "127.0.0.1", "HostPort": ""}]
        settings["host_config"]["PortBindings"] = {f"{port}/tcp": on_loopback for port in publish}
    endpoint = client.create_endpoint_config(aliases=list(names))
    settings["networking_config"] = client.create_networking_config({limits.network: endpoint})
    return settings


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
        return ForeignProgram(wrong_platform(command[0]))
    if f'exec: "{command[0]}"' in reason and any(sign in lowered for sign in _NOT_EXECUTABLE):
        return CommandNotFound(f"{command[0]} is not in {image.reference}, or is not executable there")
    advice = next((text for sign, text in _START_ADVICE if sign in lowered), "`docker run` may say more.")
    return EngineError(f"No container of {image.reference} could be started: {reason.rstrip('. ')}. {advice}")


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
