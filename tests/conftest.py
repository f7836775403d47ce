"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

import pytest

if "PYTEST_XDIST_WORKER" not in os.environ:
    # A folder that the workers of a run share: they inherit the variable.
    os.environ["IMPORTGUARD_TEST_SHARED"] = tempfile.mkdtemp(prefix="importguard-test-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what the workers shared, images and all."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["IMPORTGUARD_TEST_SHARED"])


# They take minutes, mostly of waiting for services: begun last, they would run alone at the end.
# Frameworks and servers need the same image: begun at once, the second would wait for it.
LONG_FILES = [
    "scenarios/test_starts.py",
    "scenarios/test_start_frameworks.py",
    "scenarios/test_causes.py",
    "scenarios/test_start_servers.py",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, in their order."""
    place = {name: number for number, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: place.get("/".join(item.path.parts[-2:]), len(place)))


def engine_is_missing() -> str:
    """Why there is no Docker engine to test with; empty when there is one."""
    if not shutil.which("docker"):
        return "the docker command line is not installed"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    return "" if asked.returncode == 0 else f"Docker does not answer: {asked.stderr.strip()}"


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Ask for a running Docker engine; without one the test is skipped, or fails where one is required."""
    reason = engine_is_missing()
    if reason and os.environ.get("IMPORTGUARD_TEST_REQUIRE_DOCKER"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
