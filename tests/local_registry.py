"""A registry on the loopback interface, to which Docker pushes without TLS, otherwise as to any other."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

CONFIG = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
PACKAGES = {
    "buildah": "buildah",
    "bwrap": "bubblewrap",
    "docker-registry": "docker-registry",
    "htpasswd": "apache2-utils",
    "aardvark-dns": "aardvark-dns",
    "netavark": "netavark",  # buildah and podman want it, and Debian's buildah does not bring it
    "newuidmap": "uidmap",
    "nft": "nftables",
    "pasta": "passt",
    "podman": "podman",
    "skopeo": "skopeo",
}


@contextmanager
def registry(folder: Path, more: str = "") -> Iterator[str]:
    """Serve from ``folder`` and give ``host:port``. ``more`` is added to the registry's configuration."""
    need("docker-registry")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (folder / "registry.yml").write_text(CONFIG.format(folder=folder, port=port) + more)
    with subprocess.Popen(["docker-registry", "serve", str(folder / "registry.yml")]) as server:
        try:
            wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def ask(host: str, path: str) -> Any:
    """The answer of the registry's API: https://distribution.github.io/distribution/spec/api/."""
    with urlopen(f"http://{host}/v2/{path}", timeout=10) as answer:
        return json.load(answer)


def need(*commands: str) -> None:
    """Install what is missing of ``commands``, as root on Debian; elsewhere the test is skipped.

    One process at a time: tests of other files may need the same, and apt does not wait for its locks.
    """
    with open(__file__, "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        places = os.environ["PATH"] + ":/usr/lib/podman"
        missing = [PACKAGES[command] for command in commands if shutil.which(command, path=places) is None]
        if missing and (shutil.which("apt-get") is None or os.geteuid() != 0):
            pytest.skip(f"needs the Debian packages {', '.join(missing)}")
        if missing:
            apt("update", "-q")
            apt("install", "-q", "-y", "--no-install-recommends", *missing)


def apt(*arguments: str) -> None:
    """Run apt-get; what it says against it fails the test, which must not be skipped for that."""
    done = subprocess.run(["apt-get", *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < until
            time.sleep(0.1)
