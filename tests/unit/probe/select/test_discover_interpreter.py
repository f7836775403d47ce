"""Which Python is found, and what is said when it is missing, too old, or does not start."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from importguard.probe.select.discover import discover_application
from importguard.probe.start import interpreter
from importguard.probe.start.launch import Launch
from importguard.probe.worker_program import RESULTS

BASE = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info[:2])


class Image:
    """An application with one module, and folders of programs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.app = root / "app"
        self.app.mkdir()
        (self.app / "main.py").touch()

    def environment(self, name: str) -> Path:
        """A virtual environment's ``bin``, with a Python of its own prefix."""
        folder = self.root / name / "bin"
        folder.mkdir(parents=True)
        settings = f"home = {BASE.parent}\ninclude-system-site-packages = false\n"
        (folder.parent / "pyvenv.cfg").write_text(settings)
        for python in ("python", "python3"):
            (folder / python).symlink_to(BASE)
        return folder

    def program(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def discover(self, *cmd: str, environ=None, **request):
        request = {"workdir": str(self.app), "cmd": list(cmd), **request}
        launch = Launch(request, environ or {})
        found, _ = discover_application(request, launch)
        launch.end_asked_worker()
        return found


@pytest.fixture
def image(tmp_path: Path) -> Image:
    return Image(tmp_path)


def executable(found) -> str:
    assert found["error"] is None, found["error"]
    return found["interpreter"]["executable"]


def test_the_interpreter_of_the_console_script_before_that_in_path(image):
    first, second = image.environment("first"), image.environment("second")
    image.program(first / "uvicorn", f"#!{second}/python\nfrom uvicorn.main import main\n")
    environ = {"PATH": f"{first}:/usr/bin"}
    found = image.discover("uvicorn", "main:app", environ=environ)
    assert executable(found) == f"{second}/python"
    assert found["interpreter"]["why"] == f"the first line of {first}/uvicorn, #!{second}/python"


def test_order_of_what_else_names_one(image):
    first, second = image.environment("first"), image.environment("second")
    path = {"PATH": f"{first}:/usr/bin"}
    assert executable(image.discover("nginx", environ=path)) == f"{first}/python3"
    virtual = {**path, "VIRTUAL_ENV": str(second.parent)}
    assert executable(image.discover("nginx", environ=virtual)) == f"{second}/python3"
    assert executable(image.discover(f"{second}/python", "main.py", environ=path)) == f"{second}/python"
    found = image.discover("nginx", environ=path, python=f"{second}/python")
    assert executable(found) == f"{second}/python"
    assert executable(image.discover("nginx", environ=path, python="python")) == f"{first}/python"


def test_no_python(image):
    found = image.discover("nginx", environ={"PATH": "/nonexistent:/nowhere", "VIRTUAL_ENV": "/venv"})
    assert found["error"] == (
        "no Python found: no python3 or python in PATH (/nonexistent:/nowhere) nor in VIRTUAL_ENV (/venv), "
        "and none named by the start command (nginx); choose one with --python"
    )
    assert found["interpreter"] is None


def test_a_python_that_the_command_names_and_the_image_lacks(image):
    found = image.discover("python3.99", "main.py", environ={"PATH": str(image.environment("venv"))})
    assert "the start command's python3.99 was not found (PATH=" in found["error"]
    found = image.discover("nginx", python="/nope/python")
    assert found["error"] == "there is no program /nope/python in the image (--python)"


def test_a_python_that_leads_out_of_the_image(image):
    folder = image.environment("venv")
    python = folder / "python3.98"
    python.symlink_to("/root/.local/share/uv/python/bin/python3.98")
    found = image.discover(str(python), "main.py", environ={"PATH": str(folder)})
    assert found["error"].startswith(f"the start command's {python} leads to /root/.local/share/uv/python")


def test_a_script_whose_python_is_gone(image):
    folder = image.environment("venv")
    image.program(folder / "uvicorn", "#!/build/venv/bin/python\nfrom uvicorn.main import main\n")
    found = image.discover("uvicorn", "main:app", environ={"PATH": str(folder)})
    assert found["error"].startswith(
        f"{folder}/uvicorn starts with #!/build/venv/bin/python, which is not in"
    )


def test_a_python_that_is_too_old(image):
    answer = r"version\0003.6.15\000end\000\000"
    fake = image.program(
        image.root / "bin" / "python3",
        f"#!/bin/sh\nprintf '{answer}' >&{RESULTS}\n",
    )
    found = image.discover("python3", "main.py", environ={"PATH": str(fake.parent)})
    assert found["error"] == f"{fake} is Python 3.6.15; importguard needs Python 3.7 or later in the image"


@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_real_pythons_that_are_too_old(image, version):
    present = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    if not present:
        pytest.skip(f"there is no Python {version} on this machine")
    found = image.discover(str(present[0]), "main.py")
    assert f"is Python {version}." in found["error"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import sys; sys.stdout.write('noise'); sys.stderr.write('noise')", None),
        ("import os; os.write(1, b'x' * 10_000_000)", None),
        ("import os; os.close(0)", None),
        ("print('version\\0001\\000end\\000')", None),
        ("raise ValueError('broken')", None),
        ("import os\nif os.fork() == 0: os.setsid(); os.execlp('sleep', 'sleep', '30')", None),
        ("import os; print('bye', flush=True); os._exit(3)", "ended with exit code 3 while starting"),
        ("import sys; sys.exit(0)", "ended with exit code"),
        ("import os; os.kill(os.getpid(), 9)", "was killed by signal 9 while starting"),
        ("import time; time.sleep(600)", "did not start within 1 s"),
        ("import os; os.closerange(3, 99)", "ended with exit code"),
    ],
)
def test_what_sitecustomize_does(image, monkeypatch, body, expected):
    hangs = "time.sleep(600)" in body
    monkeypatch.setattr(interpreter, "ANSWER_SECONDS", 1.0 if hangs else 60.0)
    extra = image.root / "extra"
    extra.mkdir()
    (extra / "sitecustomize.py").write_text(body + "\n")
    environ = {"PATH": str(image.environment("venv")), "PYTHONPATH": str(extra)}
    started = time.monotonic()
    found = image.discover("python3", "main.py", environ=environ)
    assert time.monotonic() - started < 25
    if expected is None:
        assert found["error"] is None
        assert ["main", f"{image.app}/main.py"] in found["modules"]
    else:
        assert expected in found["error"]
        assert ("bye" in found["error"]) == ("bye" in body)


def test_application_files_with_names_that_the_question_needs(image):
    for name in ("sys", "posix", "_imp", "os", "json", "encodings"):
        (image.app / f"{name}.py").write_text("raise SystemExit(9)\n")
    environ = {"PATH": str(image.environment("venv"))}
    assert executable(image.discover("python3", "main.py", environ=environ))


def test_a_wrapper_script_around_python_is_looked_through(image):
    folder = image.environment("venv")
    shim = image.program(image.root / "shims" / "python3", f'#!/bin/sh\nexec {folder}/python "$@"\n')
    found = image.discover("python3", "main.py", environ={"PATH": f"{shim.parent}:/bin"})
    assert executable(found) == f"{folder}/python"
    assert [entry["target"] for entry in found["entrypoints"]] == ["main"]


def test_no_descriptors_or_processes_are_left(image):
    environ = {"PATH": str(image.environment("venv"))}
    before = sorted(os.listdir("/proc/self/fd")), children()
    image.discover("python3", "main.py", environ=environ)
    assert (sorted(os.listdir("/proc/self/fd")), children()) == before


def children() -> set[str]:
    """The processes that this one has started and not collected; the tests' own may be among them."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {pid for file in tasks for pid in file.read_text().split()}


def test_the_environment_that_a_launcher_starts(image):
    """Told at first: nothing of the application is installed for the Python that runs the launcher."""
    system, own = image.environment("usr"), image.environment("own")
    (image.app / "run").write_text(
        f"import subprocess, sys\nsubprocess.check_call(['{own}/python', 'main.py'] + sys.argv[1:])\n"
    )
    found = image.discover("python3", "run", environ={"PATH": str(system)})
    assert executable(found) == f"{own}/python"
    assert [entry["target"] for entry in found["entrypoints"]] == ["main"]


def test_an_environment_that_uv_makes_at_the_start(image):
    """The system's Python has the packages, and uv run takes an empty environment: it passed."""
    (image.app / "pyproject.toml").write_text("[tool.ruff]\n")
    environ = {"PATH": f"{image.environment('usr')}"}
    image.program(image.root / "usr" / "bin" / "uv", "\x7fELF")
    found = image.discover("uv", "run", "main.py", environ=environ)
    assert found["error"].startswith(f"uv run makes an empty {image.app}/.venv when it starts")
    found = image.discover("uv", "run", "main.py", environ=environ, python="python3")
    assert executable(found) == f"{image.root}/usr/bin/python3"
