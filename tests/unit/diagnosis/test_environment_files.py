"""A remedy that asks for variables takes the repository's own example of an environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.diagnosis.world import source

from importguard.diagnosis.environment_files import with_environment_file
from importguard.model import Diagnosis
from importguard.source.environment_examples import with_environment_examples
from importguard.source.model import EnvironmentExample

EXAMPLE = EnvironmentExample(".env.example", frozenset({"TOKEN", "PORT"}))
OTHER = EnvironmentExample("env.example", frozenset({"PORT"}))


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (("TOKEN",), "--env-file .env.example"),
        (("TOKEN", "PORT"), "--env-file .env.example"),
        (("TOKEN", "KEY"), "--env-file .env.example --env KEY=…"),
        (("KEY",), "as it was"),
        ((), "as it was"),
    ],
)
def test_the_file_that_gives_most_of_the_variables(variables: tuple[str, ...], expected: str) -> None:
    asked = Diagnosis("environment", "", "as it was", None, "certain", variables=variables)
    tree = source(environment_examples=(OTHER, EXAMPLE))
    assert with_environment_file(asked, tree).remedy == expected
    assert with_environment_file(asked, None) == asked


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('# for a start\nTOKEN=abc\n\nKEY=\nQUOTED=""\n  PORT=80\n', {"TOKEN", "PORT"}),
        ("export TOKEN=abc\n", None),
        ("TOKEN = abc\n", None),
    ],
)
def test_an_example_counts_where_docker_takes_it(tmp_path: Path, text: str, names: object) -> None:
    (tmp_path / ".env.example").write_text(text)
    found = with_environment_examples(source(root=str(tmp_path))).environment_examples
    assert [one.names for one in found] == ([names] if names is not None else [])


def test_what_the_check_was_given_is_not_asked_of_the_example(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text("TOKEN=abc\nPORT=80\n")
    found = with_environment_examples(source(root=str(tmp_path)), ["TOKEN=abc"]).environment_examples
    assert [one.names for one in found] == [{"PORT"}]
