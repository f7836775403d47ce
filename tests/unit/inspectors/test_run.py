"""Finding a Python in the image that can run the probe, with an engine written by hand."""

from __future__ import annotations

import json
import marshal
import py_compile
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional

import pytest

from importguard.config import Build, Config, WorkingDirectory
from importguard.engines.base import CommandNotFound, Exit, Image, Limits, Run
from importguard.errors import EngineError, InspectionError
from importguard.evidence.inspection import ImageFacts
from importguard.inspectors.pythons import candidate_pythons
from importguard.inspectors.run import (
    GRACE,
    inspect_by_running,
    probe_command,
    probe_input,
)
from importguard.inspectors.shipment import cached_code_of
from importguard.progress import QuietProgress

IMAGE = Image("shop:1.4", "sha256:0", "linux/amd64", env=("PATH=/opt/bin:/usr/bin",), workdir="/app")
PYTHON_2 = b"Unknown option: -I\nusage: python [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"


def discovery(executable: str) -> dict[str, object]:
    return {
        "event": "discovery",
        "interpreter": {"executable": executable, "version": "3.13.5", "implementation": "CPython"},
        "search_path": ["/app"],
        "modules": [["app", "/app/app.py"]],
        "skipped": [],
        "notes": [],
        "details": [],
    }


VERDICT = {
    "event": "module",
    "name": "app",
    "outcome": "imported",
    "failure": None,
    "seconds": 0.1,
    "culprit": None,
    "detail": "",
    "output": "",
}
END = {"event": "end", "complete": True, "error": None}


class Container:
    """An engine whose image has some Pythons, ``"good"`` or of another kind, by path.

    ``"absent"`` is a link to what is not there.
    """

    def __init__(self, found: dict[str, str], late: bool = False) -> None:
        self.found = found
        self.has_input = True
        self.withholds_privileges = False
        self.late = late  # whether only the output says that there is no such file
        self.tried: list[str] = []
        self.limits: Optional[Limits] = None

    def image(self, reference: str, *, pull: str, platform: Optional[str]) -> Image:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def limits_not_held(self) -> str:
        return "Memory was not limited."

    def history(self, image: Image) -> Sequence[str]:
        return ("WORKDIR /app",)

    def find_programs(self, image: Image, pattern: re.Pattern[str]) -> Sequence[str]:
        return [path for path in self.found if pattern.fullmatch(path)]

    @contextmanager
    def run(
        self,
        image: Image,
        command: Sequence[str],
        env: Sequence[str],
        limits: Limits,
        stdin: Callable[[], bytes] = bytes,
    ) -> Iterator[Run]:
        self.tried.append(command[0])
        self.limits = limits
        kind = self.found.get(command[0])
        if kind == "absent" or (kind is None and not self.late):
            raise CommandNotFound(command[0])
        run = Run()
        run.output = self.output(run, kind, command[0], marshal.loads(stdin())[2]["secret"])
        yield run

    def output(self, run: Run, kind: Optional[str], python: str, secret: str) -> Iterator[bytes]:
        if kind is None:
            raise CommandNotFound(python)
        events: list[dict[str, object]] = []
        if kind == "good":
            events = [discovery(python), VERDICT, END]
        elif kind == "old":
            events = [{"event": "too_old", "version": "3.6", "executable": python}]
        elif kind == "two":
            yield PYTHON_2
        elif kind == "unplugged":
            raise EngineError("the engine went away")
        for event in events:
            yield f"\n{secret} {json.dumps(event)}\n".encode()
        run.exit = Exit(0 if events else 2)


def executable(engine: Container, config: Optional[Config] = None) -> str:
    return inspect_by_running(engine, IMAGE, config or Config(), QuietProgress(), bool).executable


@pytest.mark.parametrize("late", [False, True])
def test_the_first_python_that_is_there_is_used(late: bool) -> None:
    engine = Container({"/usr/bin/python3": "good", "python3.12": "good"}, late)
    assert executable(engine) == "/usr/bin/python3"
    assert engine.tried[:2] == ["python3", "python"]
    assert engine.tried[-1] == "/usr/bin/python3"


def test_a_limit_that_does_not_hold_is_a_note() -> None:
    container = Container({"python3": "good"})
    evidence = inspect_by_running(container, IMAGE, Config(), QuietProgress())
    assert evidence.notes[-1] == "Memory was not limited."


@pytest.mark.parametrize(
    ("user", "withholds", "told"),
    [
        ("app:app", True, True),
        ("1001", True, True),
        ("app", False, False),
        ("0:0", True, False),
        ("", True, False),
    ],
)
def test_files_that_seem_to_be_the_user_s_are_a_note(user: str, withholds: bool, told: bool) -> None:
    container = Container({"python3": "good"})
    container.withholds_privileges = withholds
    evidence = inspect_by_running(container, replace(IMAGE, user=user), Config(), QuietProgress())
    assert any(f"as those of {user}:" in note for note in evidence.notes) is told


def test_the_python_that_was_named_comes_first() -> None:
    engine = Container({"python3": "good", "/my/python": "good"})
    assert executable(engine, Config(python="/my/python")) == "/my/python"
    assert engine.tried == ["/my/python"]


@pytest.mark.parametrize("kind", ["old", "two"])
def test_another_python_is_used_where_one_is_too_old(kind: str) -> None:
    engine = Container({"python3": kind, "/opt/venv/bin/python3": "good"})
    assert executable(engine) == "/opt/venv/bin/python3"


@pytest.mark.parametrize(
    ("kind", "said"), [("old", r"python is 3\.6"), ("two", r"python is older than 3\.4")]
)
def test_a_python_that_is_too_old_is_told(kind: str, said: str) -> None:
    with pytest.raises(InspectionError, match=rf"shop:1\.4: .*too old \({said}\).* 3\.7 or newer"):
        executable(Container({"python": kind}))


def test_no_python_at_all_says_where_it_looked() -> None:
    with pytest.raises(InspectionError) as failure:
        executable(Container({}))
    message = str(failure.value)
    assert "no Python in the image" in message
    for part in ("/opt/bin:/usr/bin", "/usr/local/bin/python3", "/opt/venv/bin/python3", "--python"):
        assert part in message


def test_a_python_in_a_folder_of_its_own_is_found() -> None:
    """As of Nix, of Bazel's runfiles and of uv."""
    store = "/nix/store/x-python3/bin"
    paths = (f"{store}/deep/bin/python3", f"{store}/python3.12", "/bin/pip3")
    engine = Container(dict.fromkeys(paths, "good"))
    assert executable(engine) == f"{store}/python3.12"


def test_a_python_that_cannot_be_started_is_told() -> None:
    """As of a virtual environment without the Python that it links to."""
    with pytest.raises(InspectionError, match=r"It has /app/\.venv/bin/python3: what that leads to"):
        executable(Container({"/app/.venv/bin/python3": "absent"}))


def test_a_probe_that_dies_is_no_reason_to_try_another() -> None:
    engine = Container({"python3": "dies", "python": "good"})
    with pytest.raises(InspectionError, match="exit code 2"):
        executable(engine)
    assert engine.tried == ["python3"]


def test_an_engine_that_fails_is_no_verdict() -> None:
    with pytest.raises(EngineError):
        executable(Container({"python3": "unplugged"}))


def test_the_container_s_limits_leave_the_probe_time_to_speak() -> None:
    engine = Container({"python3": "good"})
    config = Config(timeout=60.0, memory=1 << 30, network="bridge")
    seen = inspect_by_running(engine, IMAGE, config, QuietProgress(), bool)
    assert engine.limits == Limits(1 << 30, 60.0 + GRACE, "bridge")
    assert seen.memory == 1 << 30


def test_where_a_python_may_be() -> None:
    image = replace(IMAGE, entrypoint=("/opt/app/bin/gunicorn", "app"), cmd=("python3.11", "-m", "app"))
    found = list(candidate_pythons(image, Config()))
    assert found[:4] == ["python3.11", "python3", "python", "/opt/app/bin/python3"]
    assert len(found) == len(set(found))


def test_every_run_has_a_secret_of_its_own() -> None:
    class Listening(Container):
        def run(self, image: Image, *arguments: Any, **options: Any) -> Run:
            secrets.add(marshal.loads(arguments[-1]())[2]["secret"])
            return super().run(image, *arguments, **options)

    secrets: set[str] = set()
    for _ in range(2):
        executable(Listening({"python3": "good"}))
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= 32


def request(image: Image, config: Config) -> dict[str, Any]:
    found: dict[str, Any] = marshal.loads(probe_input(image, config, "s"))[2]
    return found


def test_the_working_directory_of_production_goes_along() -> None:
    config = Config(workdir=WorkingDirectory("/srv", "compose.yaml:3"))
    assert request(IMAGE, config)["production_workdir"] == ("/srv", "compose.yaml:3")


def test_the_request_holds_what_the_probe_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image = replace(IMAGE, entrypoint=("e",), cmd=("c",))
    config = Config(packages=("p",), exclude=("x",), commands=("run",), setup="m:f", exact=True, jobs=3)
    assert request(image, config) == {
        "secret": "s",
        "lifeline": True,
        "only": [],
        "reverse": False,
        "entrypoint": ("e",),
        "cmd": ("c",),
        "workdir": "/app",
        "production_workdir": None,
        "commands": ("run",),
        "python": None,
        "packages": ("p",),
        "exclude": ("x",),
        "include_tests": False,
        "setup": "m:f",
        "exact": True,
        "timeout": 600.0,
        "module_timeout": 60.0,
        "isolated": True,
        "jobs": 3,
        "source": False,
        "files": False,
    }


@pytest.mark.parametrize("inside", ["shop.py", "src/shop.py"])
def test_the_files_are_asked_for_where_a_source_may_be(
    inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / inside).parent.mkdir(exist_ok=True)
    (tmp_path / inside).write_text("")
    monkeypatch.chdir(tmp_path)
    assert request(IMAGE, Config())["files"] is True


@pytest.mark.parametrize("config", [Config(source="."), Config(build=Build("."))])
def test_the_probe_is_told_that_a_source_is_to_be_compared(config: Config) -> None:
    assert request(IMAGE, config)["source"] is True


def test_the_facts_of_the_image_hold_no_values_of_variables() -> None:
    image = replace(
        IMAGE,
        env=("PYTHONPATH=/srv/lib", "TOKEN=hunter2"),
        user="app",
        volumes=("/data",),
        created="2026-01-01T00:00:00Z",
    )
    facts = inspect_by_running(Container({"python3": "good"}), image, Config(), QuietProgress(), bool).image
    assert facts == ImageFacts(
        "2026-01-01T00:00:00Z",
        "/app",
        "app",
        ("PYTHONPATH", "TOKEN"),
        "/srv/lib",
        ("/data",),
        history=("WORKDIR /app",),
    )
    assert "hunter2" not in str(facts)


def test_the_interpreter_is_isolated_and_every_file_of_the_probe_travels() -> None:
    assert probe_command("/bin/python3")[:4] == ["/bin/python3", "-I", "-S", "-c"]
    files, _, _ = marshal.loads(probe_input(IMAGE, Config(), "s"))
    assert {"importguard", "importguard.probe", "importguard.probe.supervisor"} <= set(files)


def test_nobody_can_read_the_secret_from_the_command_line_of_the_probe() -> None:
    commands = set()

    class Listening(Container):
        def run(self, image: Image, command: Sequence[str], *arguments: Any, **options: Any) -> Run:
            commands.add(tuple(command))
            return super().run(image, command, *arguments, **options)

    for _ in range(2):
        executable(Listening({"python3": "good"}))
    assert len(commands) == 1, "what differs from run to run is the secret"


def test_an_engine_without_a_standard_input_gets_the_probe_in_arguments() -> None:
    commands, inputs = [], []

    class Job(Container):
        def run(self, image: Image, command: Sequence[str], env: Any, limits: Any, stdin: Any = bytes) -> Run:
            commands.append(command)
            inputs.append(stdin())
            given = zlib.decompress(bytes.fromhex("".join(command[5:])))
            return super().run(image, command, env, limits, lambda: given)

    engine = Job({"python3": "good"})
    engine.has_input = False
    assert executable(engine) == "python3"
    assert set(inputs) == {b""}
    assert max(len(argument) for argument in commands[0]) < 128 << 10, "MAX_ARG_STRLEN"


def test_the_code_of_a_file_is_taken_from_the_cache_of_this_python_unless_it_is_stale(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("ANSWER = 42\n")
    assert cached_code_of(file) == b""
    py_compile.compile(str(file), doraise=True)
    space: dict[str, Any] = {}
    exec(marshal.loads(cached_code_of(file)), space)
    assert space["ANSWER"] == 42
    file.write_text("ANSWER = 4242\n")
    assert cached_code_of(file) == b"", "it has changed since"
