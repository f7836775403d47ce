"""Finding Podman, which speaks Docker's API: over its own socket, or one that is served when it is needed."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from importguard.engines.docker.connection import connect_to_address
from importguard.errors import EngineError

_SECONDS_TO_SERVE = 10.0
_IDLE_SECONDS = 60
"""A service that is started here ends by itself when nobody has asked it anything for so long."""


def connect_to_podman() -> Any:
    """Give an ``APIClient`` of the Docker SDK for this user's Podman.

    CONTAINER_HOST names its socket, as for ``podman --remote``; else it is at the usual place, or
    ``podman system service`` is started on one that only this user may use. Raises EngineError.
    """
    if sys.platform == "win32":
        raise EngineError(
            "On Windows, Podman is asked in Docker's place: set DOCKER_HOST to the named pipe of its machine "
            "(npipe:////./pipe/podman-machine-default)."
        )
    address = next(filter(_accepts, _known_sockets()), None) or _served_socket()
    return connect_to_address(f"unix://{address}")


def _accepts(address: Path) -> bool:
    """Whether something serves a socket. The file outlives what served it, and is there before it listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(address))
        except OSError:
            return False
    return True


def _known_sockets() -> Iterator[Path]:
    host = os.environ.get("CONTAINER_HOST", "")
    if host.startswith("unix://"):
        yield Path(host[len("unix://") :])
    if os.geteuid() == 0:
        yield Path("/run/podman/podman.sock")
    elif os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(os.environ["XDG_RUNTIME_DIR"], "podman", "podman.sock")
    if _is_private(_own_folder()):
        yield _own_folder() / "podman.sock"


def _own_folder() -> Path:
    return Path(tempfile.gettempdir(), f"importguard-podman-{os.geteuid()}")


def _is_private(folder: Path) -> bool:
    """Whether only this user can have put a socket there."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _served_socket() -> Path:
    """Start a service of Podman's, and wait until its socket is there."""
    program = shutil.which("podman")
    if program is None:
        raise EngineError(
            "There is no podman in PATH, and no socket of Podman's. Install it, or name its socket with "
            "CONTAINER_HOST, or choose another --engine."
        )
    folder = _own_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_private(folder):
        raise EngineError(
            f"{folder} belongs to somebody else: remove it, or name a socket with CONTAINER_HOST."
        )
    address = folder / "podman.sock"
    address.unlink(missing_ok=True)
    log = folder / "service.log"
    # By a shell, which leaves it behind: it outlives this run, and the next one finds it there.
    command = [program, "system", "service", f"--time={_IDLE_SECONDS}", f"unix://{address}"]
    script = '"$@" >"$0" 2>&1 </dev/null &'
    subprocess.run(["sh", "-c", script, str(log), *command], start_new_session=True, check=True)
    ends = time.monotonic() + _SECONDS_TO_SERVE
    while not _accepts(address):
        if time.monotonic() > ends:
            last = log.read_text("utf-8", "backslashreplace").strip()[-500:]
            raise EngineError(f"`podman system service` does not serve: {last or 'it does not say why'}.")
        time.sleep(0.02)
    return address
