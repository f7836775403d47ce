from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Callable
from unittest.mock import Mock

import pytest

from importguard.config import Build
from importguard.engines.docker import build as module
from importguard.engines.docker.build import build_command, build_image, buildx_version
from importguard.engines.docker.classic_builder import LIMITATION, build_without_cli
from importguard.engines.docker.plain_log import PlainLog, build_failure
from importguard.errors import ImageError, UsageError
from importguard.progress import QuietProgress

BASE = os.environ.get("IMPORTGUARD_TEST_BASE", "python:3.13-slim")

BUILDKIT_LOG = """\
#4 [1/3] FROM base
#4 CACHED
#5 [2/3] RUN other
#5 0.100 of another step
#6 [3/3] RUN make
#6 0.162 begun
#6 0.163 broken
#6 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 7
------
 > [3/3] RUN make:
0.162 begun
0.163 broken
------
Dockerfile:3
--------------------
   3 | >>> RUN make
--------------------
ERROR: failed to solve: exit code: 7"""


class Lines(QuietProgress):
    """Keeps what is shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notices: list[str] = []

    def show_log_line(self, text: str) -> None:
        self.lines.append(text)

    def show_notice(self, text: str) -> None:
        self.notices.append(text)


def test_command_line() -> None:
    asked = Build(".", dockerfile="a/Dockerfile", target="prod", build_args=("A=1", "B"), tag="app:1")
    common = ["--file", "a/Dockerfile", "--target", "prod", "--build-arg", "A=1", "--build-arg", "B"]
    common += ["--tag", "app:1", "--platform", "linux/arm64", "--", "."]
    folder = Path("t")
    ids = ["--iidfile", str(folder / "iid")]
    metadata = ["--metadata-file", str(folder / "metadata.json"), "--load", "--progress"]
    for version, progress in (
        ((0, 12), "plain"),
        ((0, 13), "rawjson"),
        ((1, 0), "rawjson"),
        ((0, 0), "plain"),
    ):
        assert build_command("docker", version, asked, "linux/arm64", folder) == [
            "docker", "buildx", "build", *ids, *metadata, progress, *common
        ]  # fmt: skip
    assert build_command("docker", None, asked, "linux/arm64", folder) == ["docker", "build", *ids, *common]


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("github.com/docker/buildx v0.12.1 30feaa1a915b869ebc2eea6328624b49facd4bfb", (0, 12)),
        ("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3", (0, 13)),
        ("github.com/docker/buildx v1.2.3-desktop.1 x", (1, 2)),
        ("github.com/docker/buildx (devel)", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_version_of_buildx(said: str, version: tuple[int, int]) -> None:
    assert buildx_version(said) == version


def test_failure_names_the_step_and_shows_its_lines_only() -> None:
    message = build_failure("ctx", BUILDKIT_LOG.splitlines())
    assert message.startswith("The image of ctx was not built; the step that failed: [3/3] RUN make\n")
    assert "    0.163 broken\n    Dockerfile:3\n" in message
    assert "    ERROR: failed to solve: exit code: 7\n" in message
    assert "another step" not in message


def test_failure_shows_the_last_lines() -> None:
    many = [f"#6 0.1 line {number}" for number in range(100)]
    head, tail = BUILDKIT_LOG.split("#6 0.162 begun\n", 1)
    message = build_failure("ctx", [*head.splitlines(), *many, *tail.splitlines()])
    assert "line 80" not in message
    assert "line 81" in message


def test_failure_of_the_classic_builder() -> None:
    log = [
        "Step 1/2 : FROM base",
        " ---> 1",
        "Step 2/2 : RUN make",
        "broken\x1b[0m",
        "returned a non-zero code: 7",
    ]
    message = build_failure("ctx", log)
    assert (
        "the step that failed: Step 2/2 : RUN make\n    broken\n    returned a non-zero code: 7\n" in message
    )


def test_the_classic_builder_gets_the_arguments_that_have_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVEN", "from=outside")
    monkeypatch.delenv("REV", raising=False)
    client = Mock()
    client.build.return_value = [{"aux": {"ID": "sha256:1"}}]
    monkeypatch.setattr("importguard.engines.docker.classic_builder.connect_to_docker", lambda: client)
    build = Build(".", build_args=("A=b=c", "EMPTY=", "GIVEN", "REV"))
    assert build_without_cli(build, None, QuietProgress()) == "sha256:1"
    # Without REV, the default of its ARG holds.
    assert client.build.call_args.kwargs["buildargs"] == {"A": "b=c", "EMPTY": "", "GIVEN": "from=outside"}


def test_failure_before_the_first_step() -> None:
    message = build_failure("ctx", ["#1 [internal] load", "", "ERROR: target stage nope could not be found"])
    assert message.splitlines()[:2] == [
        "The image of ctx was not built",
        "    ERROR: target stage nope could not be found",
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Build("nowhere"), "nowhere is no folder"),
        (Build("."), "no Dockerfile at Dockerfile"),
        (Build(".", dockerfile="other"), "no Dockerfile at other"),
        (Build("-"), "standard input"),
    ],
)
def test_wrong_paths(asked: Build, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        build_image(asked, None, QuietProgress())


def test_interrupt_ends_the_builder(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def remember(*args: object, **kwargs: object) -> subprocess.Popen[str]:
        started.append(popen(*args, **kwargs))  # type: ignore[call-overload]
        return started[-1]

    class Interrupting(QuietProgress):
        def show_log_line(self, text: str) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(module.subprocess, "Popen", remember)
    program = "import time; print('begun', flush=True); time.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        module._run([sys.executable, "-c", program], PlainLog(Interrupting()).follow)
    assert started[0].returncode not in (None, 0)


@pytest.fixture
def context(tmp_path: Path, docker_engine: None) -> Path:
    """A context with a Dockerfile that needs an argument and has stages."""
    text = f"FROM {BASE} AS one\nARG WORD=none\nRUN echo word is $WORD\nENV WORD=$WORD\nFROM one AS two\n"
    (tmp_path / "Dockerfile").write_text(text + "RUN echo broken; exit 7\n")
    return tmp_path


@pytest.fixture(params=[build_image, build_without_cli])
def builder(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Both ways of building."""
    way: Callable[..., str] = request.param
    return way


@pytest.fixture
def tag() -> Iterator[str]:
    """A tag that is removed with its image."""
    name = f"importguard-test-build-{uuid.uuid4().hex[:8]}:1"
    yield name
    subprocess.run(["docker", "image", "rm", name], capture_output=True, check=False)


def environment(reference: str) -> str:
    asked = ["docker", "image", "inspect", "-f", "{{.Config.Env}}", reference]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


@pytest.mark.docker
def test_builds_a_tag(context: Path, builder: Callable[..., str], tag: str) -> None:
    shown = Lines()
    word = uuid.uuid4().hex
    asked = Build(str(context), target="one", build_args=(f"WORD={word}",), tag=tag)
    assert builder(asked, None, shown) == tag
    assert f"WORD={word}" in environment(tag)
    assert any(f"word is {word}" in line for line in shown.lines)


@pytest.mark.docker
def test_builds_an_id(context: Path, builder: Callable[..., str]) -> None:
    word = uuid.uuid4().hex
    built = builder(Build(str(context), target="one", build_args=(f"WORD={word}",)), None, QuietProgress())
    assert built.startswith("sha256:")
    assert f"WORD={word}" in environment(built)
    subprocess.run(["docker", "image", "rm", built], capture_output=True, check=True)


@pytest.mark.docker
def test_failed_build(context: Path, builder: Callable[..., str]) -> None:
    with pytest.raises(ImageError, match=r"(?s)step that failed: .*RUN echo broken; exit 7\n.*broken.*: 7\n"):
        builder(Build(str(context)), None, QuietProgress())


@pytest.mark.docker
def test_dockerfile_elsewhere(context: Path, builder: Callable[..., str], tag: str, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "Dockerfile.other"
    other.parent.mkdir()
    other.write_text(f"FROM {BASE}\nENV OTHER=1\n")
    builder(Build(str(context), dockerfile=str(other), tag=tag), None, QuietProgress())
    assert "OTHER=1" in environment(tag)


@pytest.mark.docker
def test_without_the_command_line_says_what_it_cannot_do(
    context: Path, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    shown = Lines()
    with monkeypatch.context() as patched:
        patched.setattr(module.shutil, "which", lambda name: None)
        assert build_image(Build(str(context), target="one", tag=tag), None, shown) == tag
    assert shown.notices == [LIMITATION]
