"""Images that many tests of this folder share, built once a session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scenarios.cases import Case
from scenarios.command_server import end_servers
from scenarios.every_case import ALL, HOSTILE, PEACEFUL
from scenarios.failure_cases import THIRD_PARTY
from scenarios.hostile_cases import HANGS
from scenarios.packaged import SERVERS, with_packages
from scenarios.support import SITE, build, docker, made_once
from scenarios.verdicts import Truth


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs Docker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.docker)


@pytest.fixture(scope="session", autouse=True)
def _engine(docker_engine: None) -> Iterator[None]:
    """Nothing here runs without an engine."""
    yield
    end_servers()


@pytest.fixture(scope="session")
def server_packages(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image with the usual servers and frameworks, and no application: several files of tests use it."""
    folder = tmp_path_factory.mktemp("servers")
    return made_once("servers.image", lambda: with_packages(folder, "start-packages", *SERVERS))


def image_with(name: str, cases: list[Case]) -> str:
    """An image that holds these cases, and the third-party modules that they use."""
    files: dict[str, str] = {f"third_party/{path}": text for path, text in THIRD_PARTY.items()}
    files["roots/readme.txt"] = ""
    for case in cases:
        files.update({f"{case.folder.lstrip('/')}/{path}": text for path, text in case.files.items()})
    lines = (
        f"FROM base\nCOPY third_party /third_party\nRUN cp -r /third_party/. {SITE}/\n"
        "COPY app /app\nCOPY roots /roots\nRUN touch /app/relative.txt\nWORKDIR /app\n"
    )
    return build(name, lines, files)


@pytest.fixture(scope="session")
def cases_image() -> str:
    """One image that holds every case."""
    return image_with("cases", ALL)


@pytest.fixture(scope="session")
def peaceful_image() -> str:
    """One application that is made of all cases that may lie side by side."""
    return image_with("peaceful", PEACEFUL)


@pytest.fixture(scope="session")
def image_of(cases_image: str):  # type: ignore[no-untyped-def]
    """Give the image of a case: the shared one, or one with the case's WORKDIR."""

    def image(case: Case) -> str:
        if not case.root:
            return cases_image
        return build(
            f"case-{case.name}".replace("_", "-"), f"FROM base\nWORKDIR {case.folder}\n", base=cases_image
        )

    return image


@pytest.fixture(scope="session")
def truth(cases_image: str) -> Truth:
    """What fresh interpreters say of every module of every case, asked once for all workers of a test run."""
    answers = made_once("truth.json", lambda: json.dumps(ask_fresh_interpreters(cases_image)))
    return {module: tuple(answer) for module, answer in json.loads(answers).items()}


def ask_fresh_interpreters(image: str) -> Truth:
    """The verdicts, all in one container."""
    together, apart = (
        [
            (case.folder, dict(case.environ), module)
            for case in cases
            if case.truth
            for module in (*case.outcomes, *case.by_truth)
        ]
        for cases in ([*PEACEFUL, *HANGS], [case for case in HOSTILE if case not in HANGS])
    )
    asked = [*together, *apart]
    source = (Path(__file__).parent / "truth.py").read_text()
    command = ["run", "--rm", "--network", "none", "--label", "importguard-test", image]
    said = docker(*command, "python3", "-c", source, json.dumps([together, apart]))
    answers = json.loads(said.splitlines()[-1])
    return {f"{folder}:{module}": tuple(answer) for (folder, _, module), answer in zip(asked, answers)}
