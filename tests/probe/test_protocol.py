"""The probe's process and its frames: what hostile modules can't do to it, and how it ends."""

from __future__ import annotations

import fcntl
import json
import marshal
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Callable

import pytest
from probe.conftest import SECRET, Verdicts, pythons, run_probe

from importguard.config import Config
from importguard.engines.base import Image
from importguard.inspectors.run import probe_arguments, probe_command, probe_input

FORGE = (
    f"LENGTH = {len(SECRET)}"
    + """
import json, marshal, os
SECRETS = ["", "0" * 32, "secret", "x" * LENGTH, "x" * LENGTH + "-worker", "-worker"]
VERDICT = {"event": "module", "name": "missing", "outcome": "imported"}
TUPLES = [("done", "missing", "imported", None, "", 0.0, {"doubt": None, "lost": [], "loaded": []}), ("end",)]
BODIES = [json.dumps(VERDICT), json.dumps({"event": "end", "complete": True, "error": None})]
BODIES += [marshal.dumps(body, 2).hex() for body in TUPLES]
for descriptor in range(100):
    for secret in SECRETS:
        for body in BODIES:
            try:
                os.write(descriptor, ("\\n" + secret + " " + body + "\\n").encode())
            except OSError:
                break
"""
)

# Module → (its source, its outcome, the detail or the missing module)
HOSTILE = {
    "closes": ("import os\nos.closerange(0, 1000)\n", "imported", ""),
    "closes_and_fails": ("import os\nos.closerange(0, 1000)\nimport not_there\n", "failed", "not_there"),
    "exits": ("import sys\nsys.exit(3)\n", "exited", "sys.exit(3)"),
    "exits_well": ("import sys\nsys.exit()\n", "exited", "sys.exit(None)"),
    "forges": (FORGE, "imported", ""),
    "forks": ("import os\nos.fork()\n", "imported", ""),
    "forks_and_fails": ("import os\nif os.fork() == 0:\n    import not_there\n", "imported", ""),
    "missing": ("import not_there\n", "failed", "not_there"),
    "os_exits": ("import os\nos._exit(0)\n", "exited", "exit code 0"),
    "os_exits_deep": (
        "import os\ndef leave():\n    os._exit(4)\n\n\nleave()\n",
        "exited",
        "exit code 4",
    ),
    "raises_signal": (
        "import os, signal\nos.kill(os.getpid(), 0)\nimport json\nsignal.pthread_kill(\n"
        "    __import__('threading').get_ident(), signal.SIGKILL\n)\n",
        "crashed",
        "signal SIGKILL",
    ),
    "stops_unseen": (
        "import os\nos.kill(os.getpid(), 0)\nimport subprocess\n"
        "subprocess.run(['kill', '-9', str(os.getpid())])\n",
        "crashed",
        "signal SIGKILL",
    ),
    "os_exits_deep_imported": ("\nimport os_exits_deep\n", "exited", "exit code 4"),
    "nul_bytes": ("x = 1\0\n", "failed", ""),
    "nul_bytes_imported": ("import json, nul_bytes\n", "failed", ""),
    "segfaults": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "crashed", "signal SIGSEGV"),
    "zz_after_all": ("import also_not_there\n", "failed", "also_not_there"),
}


@cache
def hostile_verdicts(python: str, exact: bool) -> Verdicts:
    """The verdicts on all hostile modules, in one run."""
    with TemporaryDirectory() as folder:
        for name, (source, _, _) in HOSTILE.items():
            Path(folder, name + ".py").write_text(source, encoding="utf-8")
        return run_probe(Path(folder), python, replace(Config(), exact=exact), clues=False)[0]


@pytest.mark.parametrize("exact", [False, True], ids=["sweep", "exact"])
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_a_hostile_module_gets_its_verdict(python: str, name: str, exact: bool) -> None:
    verdict = hostile_verdicts(python, exact)[name]
    told = (verdict["failure"] or {}).get("missing") or verdict["detail"]
    assert (verdict["outcome"], told) == HOSTILE[name][1:]


@pytest.mark.parametrize("exact", [False, True], ids=["sweep", "exact"])
@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_whose_body_it_was(python: str, exact: bool) -> None:
    """Also where the process ended without a word, and where the interpreter names no file."""
    verdicts = hostile_verdicts(python, exact)
    for name in ("os_exits_deep", "nul_bytes"):
        assert verdicts[name + "_imported"]["culprit"] == verdicts[name]["culprit"] == name
    places = [(Path(path).name, line) for path, line, _, _ in verdicts["os_exits_deep"]["frames"]]
    assert places == [("os_exits_deep.py", 6), ("os_exits_deep.py", 3)]
    assert verdicts["raises_signal"]["frames"][-1][1] in (4, 5)
    assert verdicts["stops_unseen"]["frames"][-1][1] == 0, "its line is not known, and must not be guessed"


NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child"]
if os.getuid() != 0:
    NAMESPACE += ["--user", "--map-root-user"]


@cache
def has_namespaces() -> bool:
    """Whether a process of this machine can be PID 1 of its own, as the probe is in a container."""
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@contextmanager
def started(root: Path, python: str, *wrapper: str) -> Iterator[subprocess.Popen[bytes]]:
    """The probe as a process, which is killed at the end."""
    image = Image("local", "sha256:0", "linux/amd64", cmd=(python, "-c", "pass"), workdir=str(root))
    command = [*wrapper, *probe_command(python)]
    pipe = subprocess.PIPE
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=root, env=environment) as process:
        assert process.stdin is not None
        process.stdin.write(probe_input(image, replace(Config(), python=python), SECRET))
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def events(output: bytes) -> list[dict[str, Any]]:
    mark = SECRET.encode() + b" "
    return [json.loads(line[len(mark) :]) for line in output.splitlines() if line.startswith(mark)]


def eventually(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


# A worker that hangs and an orphan in a session of its own: both hold the lock.
HANGS = """
import fcntl, os, time
file = open(__file__ + ".lock", "w")
fcntl.flock(file, fcntl.LOCK_EX)
if os.fork() == 0:
    os.setsid()
time.sleep(600)
"""


def is_free(lock: Path) -> bool:
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_the_end_of_standard_input_ends_everything(
    python: str, tree: Callable[[dict[str, str]], Path]
) -> None:
    if not has_namespaces():
        pytest.skip("this user can't make a process PID 1 of a namespace")
    root = tree({"hangs.py": HANGS})
    lock = root / "hangs.py.lock"
    with started(root, python, *NAMESPACE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert eventually(lambda: lock.exists() and not is_free(lock))
        assert process.poll() is None
        process.stdin.close()
        said = events(process.stdout.read())
        assert process.wait(timeout=60) == 1
        assert is_free(lock)
    assert said[0]["event"] == "discovery"
    assert said[-1]["event"] != "end"
    assert "hangs" not in [event.get("name") for event in said]


def old_pythons() -> list[str]:
    return [str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.[456].*/bin/python"))]


@pytest.mark.skipif(not old_pythons(), reason="there is no Python older than 3.7 on this machine")
def test_an_old_python_says_that_it_is_too_old(tmp_path: Path) -> None:
    for python in old_pythons():
        with started(tmp_path, python) as process:
            output = process.communicate(timeout=60)[0]
        version = ".".join(Path(python).parts[-3].split(".")[:2])
        assert events(output) == [{"event": "too_old", "version": version, "executable": python}]
        assert process.returncode == 0


def test_what_goes_wrong_before_the_supervisor_is_there_is_said_by_it(tmp_path: Path) -> None:
    image = Image("local", "sha256:0", "linux/amd64", workdir=str(tmp_path))
    files, _, request = marshal.loads(probe_input(image, Config(), SECRET))
    files["importguard.probe.start.launch"] = "def Launch(*_):\n    raise RecursionError('too deep')\n"
    given = marshal.dumps((files, (b"", {}), request), 2)
    done = subprocess.run(probe_command(sys.executable), input=given, capture_output=True, check=False)
    (end,) = events(done.stdout)
    assert (end["event"], end["complete"]) == ("end", False)
    assert "too deep" in end["error"]


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
def test_it_arrives_in_arguments_where_there_is_no_input(python: str, tmp_path: Path) -> None:
    """As in a Kubernetes job: an input that has ended is not the end of the probe."""
    (tmp_path / "shop.py").write_text("import not_there_xyz\n")
    image = Image("local", "sha256:0", "linux/amd64", cmd=(python, "-c", "pass"), workdir=str(tmp_path))
    given = probe_input(image, replace(Config(), python=python), SECRET, lifeline=False)
    done = subprocess.run(
        probe_arguments(python, given),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    told = events(done.stdout)
    verdicts = {event["name"]: event["outcome"] for event in told if event["event"] == "module"}
    assert verdicts["shop"] == "failed", done.stderr
    assert (told[-1]["event"], told[-1]["error"]) == ("end", None)
