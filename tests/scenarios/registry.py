"""A registry on the loopback interface, to which Docker pushes without TLS, otherwise as to gcr.io."""

from __future__ import annotations

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

_CONFIG = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Serve from ``folder`` and give ``host:port``; skips where there is no registry to be had."""
    if not _installed():
        pytest.skip("needs a registry: the Debian package docker-registry")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    (folder / "registry.yml").write_text(_CONFIG.format(folder=folder, port=port))
    with subprocess.Popen(["docker-registry", "serve", str(folder / "registry.yml")]) as server:
        try:
            _wait_for(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def ask(host: str, path: str) -> Any:
    """The answer of the registry's API: https://distribution.github.io/distribution/spec/api/."""
    with urlopen(f"http://{host}/v2/{path}", timeout=10) as answer:
        return json.load(answer)


def _installed() -> bool:
    if shutil.which("docker-registry") is None and shutil.which("apt-get") and os.geteuid() == 0:
        for command in (
            ["update", "-q"],
            ["install", "-q", "-y", "--no-install-recommends", "docker-registry"],
        ):
            subprocess.run(["apt-get", *command], capture_output=True, timeout=300, check=False)
    return shutil.which("docker-registry") is not None


def _wait_for(port: int) -> None:
    for _ in range(100):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the registry does not answer")
