"""The engines that the contract is tested with, and a small image with a volume for them."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from importguard.engines.base import Engine, Image
from importguard.engines.docker.engine import DockerEngine

BASE = os.environ.get("IMPORTGUARD_TEST_BASE", "python:3.13-slim")

DOCKERFILE = f"""
FROM {BASE}
RUN mkdir -m 700 /private \\
    && echo secret > /private/file && chown -R 1234:1234 /private \\
    && printf '#!/nowhere\\n' > /usr/local/bin/bad-shebang \\
    && printf 'no program' > /usr/local/bin/bad-format \\
    && printf x > /usr/local/bin/not-executable && chmod 755 /usr/local/bin/bad-*
ENV FROM_IMAGE=1
WORKDIR /data
VOLUME /data
CMD ["python3"]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs Docker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.docker)


def docker(*arguments: str, stdin: str = "", check: bool = True, **environ: str) -> str:
    """Run the docker command line and return what it printed."""
    done = subprocess.run(
        ["docker", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


def containers(pid: int) -> list[str]:
    """The containers, running or not, that the process ``pid`` made with importguard."""
    return docker("ps", "-a", "-q", "--filter", f"label=importguard={pid}").split()


@pytest.fixture(scope="session")
def reference(docker_engine: None) -> Iterator[str]:
    """An image with a volume, files of another owner, and programs that cannot be executed."""
    name = f"importguard-test-engine-{uuid.uuid4().hex[:8]}"
    docker("build", "-q", "-t", name, "-", stdin=DOCKERFILE)
    yield name
    docker("image", "rm", "-f", name)


@pytest.fixture(params=["docker"])
def engine(request: pytest.FixtureRequest, docker_engine: None) -> Iterator[Engine]:
    """Each engine in turn."""
    engines = {"docker": DockerEngine}
    made = engines[request.param]()
    yield made
    made.close()


@pytest.fixture
def image(engine: Engine, reference: str) -> Image:
    """The image of these tests, as the engine gives it."""
    return engine.image(reference, pull="never", platform=None)
