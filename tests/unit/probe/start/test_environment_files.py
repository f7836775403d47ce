"""Variables that a start command itself sets before it loads the application."""

# ruff: noqa: F401, F811
from __future__ import annotations

from pathlib import Path

import pytest
from unit.probe.start.test_command import Image, image

from importguard.probe.start.environment_files import read_environment_file

FILE = """# comment
TITLE=x
export NAME = "two words"  # last
EMPTY=
LINES='a
b'
PLAIN=a#b # c
no assignment
PATH=/elsewhere
PYTHONPATH=/elsewhere
"""


def test_what_an_environment_file_sets(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(FILE)
    found = read_environment_file(f"{tmp_path}/.env")
    assert {name: found[name] for name in ("TITLE", "NAME", "EMPTY", "LINES", "PLAIN")} == {
        "TITLE": "x",
        "NAME": "two words",
        "EMPTY": "",
        "LINES": "a\nb",
        "PLAIN": "a#b",
    }
    assert read_environment_file(f"{tmp_path}/gone") == {}


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn a:app --env-file prod.env",
        "gunicorn --env TITLE=x -e NAME=y a:app",
        "gunicorn -c conf.py a:app",
        "gunicorn --config=python:conf a:app",
        "flask --env-file prod.env --app a run",
        "flask -e prod.env run",
        "dotenv -f prod.env run -- uvicorn a:app",
        "dotenv --file=prod.env run uvicorn a:app",
        "set -a; . ./prod.env; set +a; exec uvicorn a:app",
        "set -o allexport && . ./prod.env && uvicorn a:app",
    ],
)
def test_variables_that_the_command_sets(image: Image, command: str) -> None:
    image.write("prod.env", FILE)
    image.write("conf.py", 'raw_env = ["TITLE=x", title()]\n')
    found = image.main(command)
    assert found.recognised
    assert found.environ["TITLE"] == "x"
    assert "TITLE" not in image.environ


def test_a_program_that_runs_already_sets_nothing_that_only_its_start_reads(image: Image) -> None:
    image.write("prod.env", FILE)
    found = image.main("uvicorn a:app --env-file prod.env")
    assert found.environ["PATH"] == image.environ["PATH"]
    assert "PYTHONPATH" not in found.environ


def test_which_value_wins(image: Image) -> None:
    image.write("prod.env", FILE)
    assert image.main("uvicorn a:app --env-file prod.env", TITLE="image").environ["TITLE"] == "image"
    assert image.main("gunicorn -e TITLE=x a:app", TITLE="image").environ["TITLE"] == "x"
    run = "dotenv -f prod.env run {}-- uvicorn a:app"
    assert (
        image.main(run.format("").replace("uvicorn", f"{image.bin}/uvicorn"), TITLE="i").environ["TITLE"]
        == "x"
    )
    assert image.main(run.format("--no-override "), PATH=str(image.bin), TITLE="i").environ["TITLE"] == "i"


def test_what_is_not_exported_is_not_set(image: Image) -> None:
    image.write("prod.env", "TITLE=x\n")
    assert "TITLE" not in image.main(". ./prod.env; uvicorn a:app").environ
    assert "TITLE" not in image.main("set -a; set +a; . ./prod.env; uvicorn a:app").environ


def test_an_environment_file_needs_dotenv(image: Image) -> None:
    """uvicorn and flask end where python-dotenv, which reads the file, is not installed."""
    image.write("prod.env", FILE)
    assert ("dotenv", None) in image.main("uvicorn a:app --env-file prod.env").workers
    assert ("dotenv", None) not in image.main("uvicorn a:app").workers
