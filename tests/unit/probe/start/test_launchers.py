"""What scripts written in Python start by ``subprocess`` and ``os.exec…``."""

# ruff: noqa: F401, F811
from __future__ import annotations

import pytest
from unit.probe.start.test_command import Image, image

from importguard.probe.code.launched_programs import LauncherCode

SATELLITE = """
import sys
import subprocess
import venv
from pathlib import Path

_PROGRAM_DIR = Path(__file__).parent.parent
_VENV_DIR = _PROGRAM_DIR / ".venv"

context = venv.EnvBuilder().ensure_directories(_VENV_DIR)
subprocess.check_call([context.env_exe, "-m", "satellite"] + sys.argv[1:])
"""


def environment(image) -> str:
    """A virtual environment beside the application; its Python."""
    image.write(".venv/pyvenv.cfg", "home = /usr/bin")
    python = image.write(".venv/bin/python", "\x7fELF")
    python.chmod(0o755)
    return str(python)


def launcher(image, text: str, name: str = "script/run"):
    """The start commands of a script; those that it starts come last."""
    image.write(name, text if text.startswith("\n") else f"import os, subprocess, sys\n{text}\n")
    return image.parse(["python3", name, "--debug"])


def test_a_launcher_of_a_virtual_environment_that_it_names(image):
    python = environment(image)
    start, main = launcher(image, SATELLITE)
    assert start.secondary
    assert start.main_file == str(image.app / "script/run")
    assert (main.executable, main.entries) == (python, [("satellite", None)])
    assert main.argv == ["-m", "--debug"]
    assert main.own_roots == [str(image.app)]


def test_a_launcher_without_its_environment_is_judged_as_before(image):
    assert len(launcher(image, SATELLITE)) == 1


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("subprocess.run(['uvicorn', 'a.main:app'], check=True)", [("a.main", "app")]),
        ("subprocess.run('exec uvicorn a:app', shell=True)", [("a", "app")]),
        ("os.execvp('gunicorn', ['gunicorn', 'a.wsgi'])", [("a.wsgi", "application")]),
        ("os.execlp('gunicorn', 'gunicorn', 'a.wsgi')", [("a.wsgi", "application")]),
        ("os.execle('bin/x', 'x', 'a.wsgi', {})", None),
        ("sys.exit(os.system('uvicorn a:app'))", [("a", "app")]),
        ("subprocess.run([sys.executable, '-m', 'a'] + sys.argv[1:])", [("a", None)]),
        ("COMMAND = ['uvicorn', 'a:app']\nCOMMAND += ['--reload']\nsubprocess.call(COMMAND)", [("a", "app")]),
        ("subprocess.call(['uvicorn', 'a:app', '--port', os.environ['PORT']])", [("a", "app")]),
        ("from subprocess import run as go\ngo(args=['uvicorn', 'a:app'])", [("a", "app")]),
        ("subprocess.call(['uvicorn', *['b:app']], cwd='sub')", [("b", "app")]),
        (
            "def main():\n    run()\ndef run():\n    subprocess.call(['uvicorn', 'a:app'])\n"
            "if __name__ == '__main__':\n    sys.exit(main())",
            [("a", "app")],
        ),
        ("while True:\n    subprocess.call(['uvicorn', 'a:app'])", [("a", "app")]),
        ("try:\n    subprocess.call(['uvicorn', 'a:app'])\nexcept OSError:\n    raise", [("a", "app")]),
        ("line = f'gunicorn a.wsgi -b :{port}'\nsubprocess.run(line.split())", [("a.wsgi", "application")]),
        ("subprocess.run(shlex.split('gunicorn a.wsgi'))", [("a.wsgi", "application")]),
        ("os.system(f'gunicorn a.wsgi -b :{os.environ[0]}')", [("a.wsgi", "application")]),
        ("import a\nos.execvp('gunicorn', ['gunicorn', 'a.wsgi'])", [("a.wsgi", "application")]),
        ("web = subprocess.Popen(['uvicorn', 'a:app'])\nsys.exit(web.wait())", [("a", "app")]),
        ("subprocess.run(['python3', '-m', 'a'])\nserve()", None),
        ("subprocess.run(['python3', '-m', 'a'])\nclass Server:\n    pass", None),
        ("subprocess.run([f'{home}/bin/uvicorn', 'a:app'])", None),
        ("def never():\n    subprocess.call(['uvicorn', 'a:app'])", None),
        ("subprocess.call(COMMAND)", None),
        ("subprocess.call([choose(), 'a:app'])", None),
        ("subprocess.call(['cp', 'a', 'b'])", None),
        ("import a\nsubprocess.call(['uvicorn', 'a:app'])", None),
        ("import config\nsubprocess.call(['uvicorn', 'a:app'])", None),
        ("subprocess.call(['uvicorn'", None),
    ],
)
def test_what_a_launcher_starts(image, text, entries):
    image.write("script/config.py")
    start, *started = launcher(image, text)
    assert start.secondary is bool(started)
    if entries is None:
        assert not started
        assert start.recognised
    else:
        assert [command.entries for command in started] == [entries]
        assert not started[0].conditional


def test_the_last_program_that_is_sure_to_run_is_the_main_one(image):
    found = launcher(
        image,
        "subprocess.run(['alembic', 'upgrade', 'head'])\n"
        "queue = subprocess.Popen(['celery', '-A', 'a', 'worker'])\n"
        "if os.environ.get('BEAT'):\n    subprocess.run(['celery', '-A', 'beat', 'beat'])\n"
        "os.execvp('uvicorn', ['uvicorn', 'a:app'])",
    )
    assert [command.tool for command in found] == [None, "alembic", "celery", "celery", "uvicorn"]
    assert [command.secondary for command in found] == [True, True, False, True, False]
    assert found[3].conditional


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("os.execvp('gunicorn', ['gunicorn', 'a.wsgi'])", True),
        ("import a\nos.execvp('gunicorn', ['gunicorn', 'a.wsgi'])", True),
        ("if __name__ == '__main__':\n    os.execvp('gunicorn', ['gunicorn', 'a.wsgi'])", False),
    ],
)
def test_a_script_that_an_import_would_run_is_read_instead(image, text, is_read):
    """It ended the process that imported it: a crash was told of a sound image."""
    start, _ = launcher(image, text, "start.py")
    assert start.is_launcher is is_read
    assert start.main_file == (str(image.app / "start.py") if is_read else None)
    assert start.entries == ([] if is_read else [("start", None)])


def test_which_of_two_programs_the_launcher_starts_may_be_open(image):
    start, web, worker = launcher(
        image,
        "if sys.argv[1] == 'web':\n    subprocess.run(['uvicorn', 'a:app'])\n"
        "else:\n    subprocess.run(['celery', '-A', 'a', 'worker'])",
    )
    assert start.secondary
    assert web.secondary
    assert not worker.secondary
    assert web.conditional
    assert worker.conditional


def test_a_python_that_a_condition_chooses_is_that_of_the_environment_which_is_there(image):
    python = environment(image)
    _, main = launcher(
        image,
        f"venv = '{image.app}/.venv'\npython = sys.executable\n"
        "if os.path.exists(venv):\n    python = f'{venv}/bin/python'\n"
        "subprocess.call([python, '-m', 'a'])",
    )
    assert main.executable == python


def test_a_program_that_a_launcher_names_and_the_image_lacks(image):
    main = launcher(image, f"subprocess.call(['{image.app}/.venv/bin/python', '-m', 'a'])")[-1]
    assert main.missing_program == f"{image.app}/.venv/bin/python"


UNCLEAR = {
    "a-condition": "cmd = ['gunicorn', 'a:app']\nif os.environ.get('DEV'):\n    cmd = ['gunicorn', 'b:app']\n"
    "subprocess.run(cmd)\n",
    "appended": "cmd = ['gunicorn']\ncmd.append('a:app')\nsubprocess.run(cmd)\n",
    "unknown-words": "subprocess.run(['gunicorn'] + words())\n",
    "another-folder": "os.chdir('src')\nos.execvp('gunicorn', ['gunicorn', 'a:app'])\n",
    "variables": "os.environ['PYTHONPATH'] = '/x'\nos.execvp('gunicorn', ['gunicorn', 'a:app'])\n",
    "given-variables": "subprocess.run(['gunicorn', 'a:app'], env={'PYTHONPATH': '/x'})\n",
    "execve": "os.execvpe('gunicorn', ['gunicorn', 'a:app'], {'PYTHONPATH': '/x'})\n",
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_a_script_whose_programs_are_not_certain_is_no_launcher(name: str) -> None:
    code = LauncherCode("/app/start.py", [], "/usr/bin/python3", "/app")
    code.read_text("import os\nimport subprocess\n" + UNCLEAR[name])
    assert code.found == []


def test_a_function_of_its_own_that_is_called_like_a_method() -> None:
    code = LauncherCode("/app/start.py", [], "/usr/bin/python3", "/app")
    code.read_text(
        "import os\ndef absolute(x): return x\nroot = absolute('x')\n"
        "os.execvp('gunicorn', ['gunicorn', 'a:app'])\n"
    )
    assert [program.words for program in code.found] == [["gunicorn", "a:app"]]
