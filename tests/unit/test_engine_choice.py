"""Which engine checks which image."""

from __future__ import annotations

import subprocess
import sys

import pytest

from importguard import engine_choice
from importguard.config import Build, Config
from importguard.engine_choice import EnginePool
from importguard.errors import EngineError, UsageError
from importguard.evidence.starts import StartSettings
from importguard.progress import QuietProgress

DEAD: dict[str, bool] = {}


class Named:
    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = 0

    def check(self) -> None:
        if self.name in DEAD:
            raise EngineError(f"{self.name} is dead")

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> EnginePool:
    made = {name: (lambda *_, name=name: Named(name)) for name in engine_choice.ENGINES}
    monkeypatch.setattr(engine_choice, "ENGINES", made)
    return EnginePool(QuietProgress())


@pytest.mark.parametrize(
    ("reference", "config", "engine"),
    [
        ("shop", Config(), "docker"),
        ("shop", Config(engine="docker"), "docker"),
        ("docker:shop", Config(), "docker"),
        ("shop", Config(engine="podman"), "podman"),
        ("oci-archive:x.tar", Config(), "embedded"),
        ("oci-archive:x.tar", Config(engine="embedded"), "embedded"),
        ("shop", Config(engine="embedded"), "embedded"),
        ("registry:example.org/shop:1", Config(), "embedded"),
        ("./context", Config(build=Build("./context")), "docker"),
        ("oci-archive:x.tar", Config(start=StartSettings()), "embedded"),
        ("podman:shop", Config(start=StartSettings()), "podman"),
    ],
)
def test_the_engine_of_an_image(pool: EnginePool, reference: str, config: Config, engine: str) -> None:
    chosen, name = pool.engine_of(reference, config)
    assert chosen.name == engine  # type: ignore[attr-defined]
    assert name == reference.replace("docker:", "").replace("podman:", "")


@pytest.mark.parametrize(
    ("reference", "config"),
    [
        ("oci-archive:x.tar", Config(engine="docker")),
        ("docker:shop", Config(engine="embedded")),
        ("registry:example.org/shop:1", Config(engine="podman")),
        (".", Config(build=Build("."), engine="embedded")),
        (".", Config(build=Build("."), engine="podman")),
    ],
)
def test_what_contradicts_itself(pool: EnginePool, reference: str, config: Config) -> None:
    with pytest.raises(UsageError, match="engine"):
        pool.engine_of(reference, config)


def test_podman_takes_the_place_of_docker(pool: EnginePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setitem(DEAD, "docker", True)
    assert pool.engine_of("shop", Config())[0].name == "podman"  # type: ignore[attr-defined]
    assert pool.engine_of(".", Config(build=Build(".")))[0].name == "docker"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["DOCKER_HOST", "DOCKER_CONTEXT"])
def test_podman_is_not_asked_in_place_of_a_daemon_that_is_named(
    pool: EnginePool, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "build-server")
    monkeypatch.setitem(DEAD, "docker", True)
    with pytest.raises(EngineError, match="docker is dead") as raised:
        pool.engine_of("shop", Config())
    assert "podman" not in str(raised.value)


def test_where_none_answers_all_say_why(pool: EnginePool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setitem(DEAD, "docker", True)
    monkeypatch.setitem(DEAD, "podman", True)
    with pytest.raises(EngineError, match=r"(?s)docker is dead\npodman is dead\n.*oci-archive"):
        pool.engine_of("shop", Config())


def test_the_embedded_engine_says_that_it_is_not_for_windows() -> None:
    code = (
        "import sys, click, docker\nfrom importguard.cli.main import main\n"
        "sys.platform = 'win32'; sys.modules['fcntl'] = sys.modules['resource'] = None\n"
        "main(sys.argv[1:])"
    )
    for arguments in (["cache", "list"], ["check", "oci-archive:app.tar"]):
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 3, done.stderr
        assert "needs Linux" in done.stderr + done.stdout
        assert "internal error" not in done.stderr


def test_services_of_one_run_are_of_one_engine(pool: EnginePool, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Config(start=StartSettings())
    archives = [("oci-archive:x.tar", start), ("registry:example.org/shop:1", start)]
    assert pool.engine_for_starts(archives).name == "embedded"  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"oci-archive:x.tar and shop are for two engines"):
        pool.engine_for_starts([*archives, ("shop", start)])
    monkeypatch.setitem(DEAD, "docker", True)
    monkeypatch.setitem(DEAD, "podman", True)
    assert pool.engine_for_starts([("shop", start), *archives]).name == "embedded"  # type: ignore[attr-defined]
    assert pool.engine_for_starts([("shop", start)]) is None


def test_an_engine_is_made_once_and_closed(pool: EnginePool) -> None:
    first, _ = pool.engine_of("one", Config())
    second, _ = pool.engine_of("two", Config())
    pool.close()
    assert first is second
    assert first.closed == 1  # type: ignore[attr-defined]
