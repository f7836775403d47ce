"""The sandbox: bubblewrap's command line, and what its refusals mean.

https://github.com/containers/bubblewrap; from 0.11 it mounts overlays. Its arguments travel on a descriptor:
those on the command line, with the values of variables, could be read by every user of this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Optional, Union

from importguard.engines.embedded.root_paths import HOSTNAME, ImageUser
from importguard.errors import EngineError

LEAST_VERSION = (0, 11)
HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"  # as Docker writes it
INSTALL = "Install bubblewrap 0.11 or newer (Debian 13, Ubuntu 25.04: `apt-get install bubblewrap`)"
_FORBIDDEN = (
    "This machine does not let it make a user namespace. In a container: run that one with "
    "`--security-opt seccomp=unconfined --security-opt systempaths=unconfined` (and "
    "apparmor=unconfined, where there is AppArmor). On Ubuntu: `sudo sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0`. Or choose "
    "--engine docker."
)


def find_bubblewrap() -> str:
    """The path of a bubblewrap that is new enough. Raises EngineError where there is none."""
    program = shutil.which("bwrap")
    if program is None:
        raise EngineError(f"The embedded engine needs bubblewrap, and there is no bwrap in PATH. {INSTALL}.")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"(\d+)\.(\d+)", said)
    if version is None or (int(version[1]), int(version[2])) < LEAST_VERSION:
        raise EngineError(f"{program} is {said.strip() or 'of no known version'}. {INSTALL}.")
    return program


class Place(NamedTuple):
    """Where a sandbox is made: bubblewrap's arguments for its namespaces, and words before its command line.

    ``descriptors`` are those that these name; ``hosts`` is our file that is /etc/hosts there, if
    it is not the image's own.
    """

    namespaces: Sequence[str]
    words: Sequence[str] = ()
    descriptors: Sequence[int] = ()
    hosts: Optional[Path] = None


class Sandbox(NamedTuple):
    """A sandbox to be made: the words that start bubblewrap, and the arguments that it reads.

    Where an argument is bytes, bubblewrap gets the number of a descriptor from which it reads them.
    ``descriptors`` are those that the words or arguments name; ``ids`` are the user's and its group's.
    """

    program: Sequence[str]
    arguments: Sequence[Union[str, bytes]]
    descriptors: Sequence[int] = ()
    ids: tuple[int, int] = (0, 0)


def own_namespaces(user: ImageUser, network: Sequence[str] = ("--unshare-net",)) -> list[str]:
    """The arguments for namespaces of its own, in which one user of this machine is ``user``."""
    return [
        *("--unshare-user", "--unshare-pid", *network, "--disable-userns", "--as-pid-1"),
        *("--uid", str(user.uid), "--gid", str(user.gid)),
    ]


def namespaces_beside(outer: int, inner: int, processes: int) -> list[str]:
    """The arguments for a sandbox in the user and process namespaces of another one.

    bubblewrap mounts in the outer user namespace, which owns the process namespace, and ends in the inner.
    """
    return ["--userns", str(outer), "--userns2", str(inner), "--pidns", str(processes)]


def sandbox_arguments(
    root: Path,
    namespaces: Sequence[str],
    workdir: str,
    variables: Mapping[str, str],
    read_only: Sequence[tuple[Path, str]] = (),
) -> list[Union[str, bytes]]:
    """The arguments for a process that sees ``root`` as its own, may write everywhere, and leaves nothing.

    ``read_only`` are files of ours and where they are mounted: on files of the root, by no link.
    """
    return [
        *namespaces,
        *("--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", HOSTNAME),
        *("--cap-drop", "ALL", "--new-session", "--die-with-parent"),
        *("--overlay-src", str(root), "--tmp-overlay", "/"),
        # These are folders in every root that was unpacked: nothing else is mounted into the image.
        *("--proc", "/proc", "--dev", "/dev"),
        *_arguments_of_network(namespaces),
        *(word for name in _READ_ONLY for word in ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")),
        *(word for ours, there in read_only for word in ("--ro-bind", str(ours), there)),
        # The topmost folder is that of the layer above, which bubblewrap lets its user write to.
        *("--chmod", f"{stat.S_IMODE(root.stat().st_mode):04o}", "/"),
        "--clearenv",
        *(word for name, value in variables.items() for word in ("--setenv", name, value)),
        *("--chdir", workdir),
    ]


def _arguments_of_network(namespaces: Sequence[str]) -> Iterator[Union[str, bytes]]:
    """Let a new network bind every port and ask for ICMP echoes without a privilege, as Docker does."""
    for name, value in (("ip_unprivileged_port_start", b"0"), ("ping_group_range", b"0 0")):
        path = f"/proc/sys/net/ipv4/{name}"
        # One that bubblewrap did not make is not its to change. The group is the one that it maps there.
        if "--unshare-net" in namespaces and os.path.exists(path):
            yield from ("--file", value, path)


def sandbox_failure(said: str) -> EngineError:
    """What it means that bubblewrap ended before the program began."""
    lowered = said.lower()
    if any(sign in lowered for sign in _SIGNS_OF_REFUSAL):
        return EngineError(f"bubblewrap could not make a sandbox: {said.strip().rstrip('.')}. {_FORBIDDEN}")
    if "overlay mount" in lowered:
        return EngineError(
            f"bubblewrap could not make a sandbox: {said.strip()}. The file system of the cache cannot be "
            "the lower part of an overlay: choose a folder on another one with --cache-dir."
        )
    return EngineError(f"bubblewrap could not make a sandbox: {said.strip() or 'it does not say why'}.")


def network_failure(said: str) -> EngineError:
    """What it means that no network could be made."""
    if "unshare" in said:
        return sandbox_failure(f"no user namespace: {said}")
    why = said.strip() or "it does not say why"
    return EngineError(
        f"The embedded engine could not make a network for services: {why}. It needs the kernel's "
        "veth and bridge devices (`modprobe -a veth bridge`). Or choose --engine docker."
    )


_READ_ONLY = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr")
"""What this machine's root owns in /proc. Where root starts the sandbox, its user is that one, and could
write ``/proc/sys/kernel/core_pattern``. Docker mounts the same read-only."""

_SIGNS_OF_REFUSAL = (
    "namespace",
    "setting up uid map",
    "uid_map",
    "rtm_newaddr",
    "can't mount proc",
    "no permissions",
)


def check_sandbox(program: str) -> None:
    """Try to make a sandbox, which takes milliseconds. Raises EngineError that says why there is none.

    It holds nothing that could be executed: where that is all that bubblewrap says, it stood. With this
    machine's root in it, a mount that somebody removes at that moment would be taken for a refusal.
    """
    place = ("--unshare-user", "--unshare-pid", "--unshare-net", "--tmpfs", "/", "--proc", "/proc", "--dev")
    done = subprocess.run(
        [program, *place, "/dev", "/nothing"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if "execvp /nothing" not in done.stderr:
        raise sandbox_failure(done.stderr)


def environment_of_helpers() -> dict[str, str]:
    """The environment of every process that goes into a sandbox or makes one.

    None of the image's variables, which the dynamic linker of this machine would heed, and none of ours: a
    service could read them in /proc while bubblewrap waits beside it. A Python of GitHub's setup-python does
    not find its own library without the one that is left.
    """
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def groups_of_helpers() -> Optional[list[int]]:
    """The ``extra_groups`` of every such process: none of root's; None where they can't be dropped.

    In a user namespace of an ordinary user (``unshare -r``), root may not (user_namespaces(7), setgroups).
    """
    if os.geteuid() != 0:
        return None
    try:
        return None if Path("/proc/self/setgroups").read_text().strip() == "deny" else []
    except OSError:
        return []


@contextmanager
def descriptor_of(data: bytes) -> Iterator[int]:
    """A descriptor from which ``data`` can be read, for a process that inherits it."""
    descriptor = os.memfd_create("importguard", 0)
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def joined_arguments(words: Sequence[str]) -> bytes:
    """Arguments as ``--args`` reads them."""
    return b"".join(os.fsencode(word) + b"\0" for word in words)
