"""What a check creates, what it may do, and that nothing of it is left however it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

import pytest
from scenarios.support import build, check, command, docker, environment

FILES = {
    "app/__init__.py": "",
    "app/a_fine.py": "",
    "app/m_hangs.py": "import time\ntime.sleep(3600)\n",
    "app/z_broken.py": "import not_there_xyz\n",
}


@pytest.fixture(scope="module")
def hanging() -> Iterator[str]:
    """An image of its own, so that its containers can be told from everybody else's."""
    nonce = uuid.uuid4().hex[:12]
    lines = f"FROM base\nCOPY app /srv/app\nWORKDIR /srv\nVOLUME /data\nLABEL nonce={nonce}\n"
    image = build(f"hanging-{nonce}", lines, FILES)
    yield image
    left = containers(image)
    if left:
        docker("rm", "-fv", *left)
    docker("rmi", image)
    assert not left


def containers(image: str) -> list[str]:
    """The containers of an image, running or not, that importguard made."""
    return docker("ps", "-aq", "--filter", f"ancestor={image}", "--filter", "label=importguard").split()


def wait_for(condition: Callable[[], Any]) -> Any:
    """Wait until the condition holds; return its value, false when it did not within a minute."""
    end = time.monotonic() + 60
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.2)


def _hear_interrupts() -> None:
    """Undo what a shell does to background jobs, as this run may be one: SIGINT ignored, and inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """A check under way, and its container."""

    def __init__(self, image: str, *options: str) -> None:
        line = command("check", image, "--format", "json", "--pull", "never", *options)
        self.image = image
        self.process = subprocess.Popen(
            line,
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_hear_interrupts,
        )
        running = wait_for(
            lambda: docker(
                "ps", "-q", "--filter", f"ancestor={image}", "--filter", "label=importguard"
            ).split()
        )
        assert running, "no container was started"
        self.details = json.loads(docker("inspect", running[0]))[0]
        self.volumes = [mount["Name"] for mount in self.details["Mounts"]]

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever the test found, leave no process behind."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def assert_nothing_is_left(self) -> None:
        """Its container and volumes are gone, or go by themselves."""
        assert wait_for(lambda: not containers(self.image)), "the container is still there"
        kept = docker("volume", "ls", "-q").split()
        assert not set(kept) & set(self.volumes)

    def end(self) -> tuple[int, str, str]:
        """Wait for the check; give its exit code and what it said."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode(), err.decode()


def test_the_container_is_shut_in(hanging: str) -> None:
    with Running(hanging, "--memory", "512m") as running:
        running.process.send_signal(signal.SIGTERM)
        running.end()
    details, host = running.details, running.details["HostConfig"]
    assert "importguard" in details["Config"]["Labels"]
    assert len(running.volumes) == 1, "the image's own volume, and nothing of the host"
    assert not host["Binds"]
    assert host["NetworkMode"] == "none"
    assert host["Privileged"] is False
    assert host["CapDrop"] == ["ALL"]
    assert {name.replace("CAP_", "") for name in host["CapAdd"] or []} <= {
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "CHOWN",
        "NET_BIND_SERVICE",
        "SETUID",
        "SETGID",
    }
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] == 512 << 20
    assert host["MemorySwap"] in (512 << 20, 0, -1)
    assert 0 < host["PidsLimit"] < 100_000
    assert host["LogConfig"]["Type"] == "none", "what is printed would fill the host's disk"
    assert not details["LogPath"]
    assert details["Config"]["Tty"] is False
    assert not host["PidMode"]
    assert host["IpcMode"] != "host"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_nothing_is_left_after(hanging: str, number: signal.Signals) -> None:
    with Running(hanging) as running:
        running.process.send_signal(number)
        code, out, err = running.end()
    assert code not in (0, 1), "an interrupted check is no verdict"
    assert "Traceback" not in err
    assert not out.strip() or json.loads(out)["images"][0]["complete"] is False
    running.assert_nothing_is_left()


def test_nothing_is_left_after_kill_9(hanging: str) -> None:
    """The container notices that nobody holds its standard input any more."""
    with Running(hanging) as running:
        running.process.kill()
        running.end()
    running.assert_nothing_is_left()


def test_container_that_somebody_kills(hanging: str) -> None:
    with Running(hanging) as running:
        docker("kill", running.details["Id"])
        code, _, err = running.end()
    assert code == 4
    assert "Traceback" not in err
    running.assert_nothing_is_left()


@pytest.mark.parametrize("exact", [False, True], ids=["plan", "exact"])
def test_time_runs_out(hanging: str, exact: bool) -> None:
    """What was not reached is unchecked: no pass."""
    result = check(hanging, "--timeout", "8", *(["--exact", "--jobs", "1"] if exact else []))
    assert result.code == 4
    assert result.image["complete"] is False
    assert result.outcome("app.m_hangs") in ("unchecked", "timed_out")
    assert result.image["summary"]["unchecked"] >= 1
    assert "imported" in {entry["outcome"] for entry in result.image["modules"]}
    assert not containers(hanging)


def test_what_is_known_when_time_runs_out_is_told_as_ever() -> None:
    lines = {
        "main": "import not_there_xyz",
        "s_hangs": "import time; time.sleep(1000)",
        "z": "",
        "__init__": "",
    }
    files = {f"app/{name}.py": line + "\n" for name, line in lines.items()}
    dockerfile = 'FROM base\nWORKDIR /srv\nCOPY . .\nCMD ["python3", "-m", "app.main"]\n'
    result = check(build("late", dockerfile, files), "--timeout", "8", "--jobs", "2")
    assert result.code == 1
    assert result.image["complete"] is False
    assert result.finding("IG101")["breaks_startup"] is True
    assert "distribution" in result.finding("IG101")["diagnosis"]["explanation"]
    assert any(note.startswith("Most of the time went to app.s_hangs") for note in result.image["notes"])


def test_a_module_that_hangs_does_not_stop_the_others(hanging: str) -> None:
    result = check(hanging, "--module-timeout", "2")
    assert result.outcomes(["app.a_fine", "app.m_hangs", "app.z_broken"]) == {
        "app.a_fine": "imported",
        "app.m_hangs": "timed_out",
        "app.z_broken": "failed",
    }
    assert result.finding("IG108")["module"] == "app.m_hangs"
    assert result.code == 1
    assert not containers(hanging)


def test_checks_at_once_do_not_disturb_one_another(hanging: str) -> None:
    others = [
        build(
            f"at-once-{number}",
            "FROM base\nCOPY app /srv/app\nWORKDIR /srv\n",
            {"app/__init__.py": "", "app/x.py": f"import not_there_{number}\n"},
        )
        for number in range(2)
    ]
    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(check, hanging, "--module-timeout", "3")
        rest = list(pool.map(check, [*others, others[0]]))
    assert [result.finding("IG101")["missing"] for result in rest] == [
        "not_there_0",
        "not_there_1",
        "not_there_0",
    ]
    assert slow.result().finding("IG101")["missing"] == "not_there_xyz"
    assert {result.code for result in (*rest, slow.result())} == {1}


def test_nothing_is_left_after_an_error() -> None:
    nonce = uuid.uuid4().hex[:12]
    image = build(
        f"error-{nonce}",
        f'FROM scratch\nCOPY hello /hello\nVOLUME /data\nLABEL nonce={nonce}\nCMD ["/hello"]\n',
        {"hello": "no program"},
    )
    try:
        assert check(image).code == 4
        assert not containers(image)
    finally:
        docker("rmi", image)
