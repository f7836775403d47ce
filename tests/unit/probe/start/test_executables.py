"""Which programs that were not found keep a container from starting."""

from __future__ import annotations

import pytest

from importguard.probe.start.command import parse_arguments
from importguard.probe.start.executables import missing_part

START = "exec poetry run gunicorn app:app"


def missing(tmp_path, *words, **environ):
    """The program that is said to be missing, and those that are noted."""
    command = parse_arguments(list(words), {"PATH": str(tmp_path), **environ}, str(tmp_path))[-1]
    problem = missing_part(command, is_plain=False)
    return problem and problem["program"], {command.missing_program, *command.missing_wrappers}


@pytest.mark.parametrize(
    "words",
    [
        ("/bin/bash", "-lc", START),
        ("/bin/bash", "--login", "-c", START),
        ("/bin/bash", "-ic", START),
        ("/bin/sh", "-c", 'eval "$(/opt/init)"; ' + START),
        ("/bin/sh", "-c", 'PATH="$(cmd):$PATH"; ' + START),
        ("/bin/sh", "-c", 'export PATH="`cmd`:$PATH"; ' + START),
        ("/bin/sh", "-c", ". /opt/unknown.sh; " + START),
        ("/bin/sh", "-c", "[ -f /opt/unknown.sh ] && . /opt/unknown.sh; " + START),
        ("/bin/sh", "-c", "init() { . /opt/unknown.sh; }; init; " + START),
        ("/bin/bash", "-lc", f"exec sh -c '{START}'"),
    ],
)
def test_a_path_that_a_shell_makes_may_have_the_program(tmp_path, words):
    program, noted = missing(tmp_path, *words)
    assert program is None
    assert "poetry" in noted


def test_a_server_has_to_be_where_the_image_says(tmp_path):
    """Nothing else would tell that it was not installed."""
    assert missing(tmp_path, "/bin/bash", "-lc", "exec gunicorn app:app")[0] == "gunicorn"
    assert missing(tmp_path, "/bin/bash", "-c", START, BASH_ENV="/opt/unknown.sh")[0] is None


@pytest.mark.parametrize(
    "words",
    [
        ("poetry", "run", "gunicorn", "app:app"),
        ("/bin/bash", "-c", START),
        ("/bin/bash", "-euo", "pipefail", "-c", START),
        ("/bin/sh", "-c", "eval 'PORT=80'; . ./set.sh; PATH=/opt/bin:$PATH; " + START),
    ],
)
def test_a_program_is_missing_in_a_path_that_is_known(tmp_path, words):
    (tmp_path / "set.sh").write_text("export PORT=80\n")
    assert missing(tmp_path, *words)[0] == "poetry"


def test_the_shell_itself_and_a_path_of_its_own_are_looked_up_all_the_same(tmp_path):
    assert missing(tmp_path, "/bin/sh", "-c", f"exec bash -lc '{START}'")[0] == "bash"
    assert missing(tmp_path, "/bin/bash", "-lc", "exec /opt/poetry run gunicorn app:app")[0] == "/opt/poetry"
