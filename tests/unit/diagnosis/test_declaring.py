"""The line to add, as the file that declares requirements has it, and the lock file that follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import failed, frame, no_module
from unit.diagnosis.world import (
    SITE,
    clues,
    dist,
    dockerfile_of,
    lacking,
    needs,
    observed,
    only,
    pip,
    source,
    where,
)

from importguard.evidence.imports import Frame
from importguard.source.model import Place, Requirement


def declared(text: str, path: str, name: str = "fastapi") -> Requirement:
    """A requirement whose line in the file at ``path`` is ``text``."""
    return replace(needs(name, path=path), place=Place(path, 7, text))


def lock(path: str) -> Requirement:
    return needs("fastapi", 1, path, kind="lock")


@pytest.mark.parametrize(
    ("path", "text", "lock_path", "change", "told"),
    [
        ("requirements.txt", "fastapi", None, "PyYAML", "add PyYAML to requirements.txt"),
        ("pyproject.toml", '"fastapi",', None, '"PyYAML",', "add PyYAML to pyproject.toml"),
        ("pyproject.toml", '"fastapi",', "uv.lock", '"PyYAML",', ", and run 'uv lock'"),
        ("api/pyproject.toml", '"fastapi",', "uv.lock", '"PyYAML",', ", and run 'uv lock'"),
        ("pyproject.toml", '"fastapi",', "other/uv.lock", '"PyYAML",', "add PyYAML to pyproject.toml"),
        ("pyproject.toml", 'fastapi = "^1"', "poetry.lock", 'PyYAML = "*"', ", and run 'poetry lock'"),
        ("pyproject.toml", 'fastapi = {version = "^1"}', None, 'PyYAML = "*"', "to pyproject.toml"),
        ("Pipfile", 'fastapi = "*"', "Pipfile.lock", 'PyYAML = "*"', ", and run 'pipenv lock'"),
        ("environment.yml", "- fastapi", None, "- PyYAML", "add PyYAML to environment.yml"),
        ("setup.py", '"fastapi",', None, '"PyYAML",', "add PyYAML to setup.py"),
        ("setup.cfg", "fastapi", None, "PyYAML", "add PyYAML to setup.cfg"),
        ("requirements.in", "fastapi", None, "PyYAML", ", and run 'pip-compile requirements.in'"),
    ],
)
def test_a_requirement_is_written_as_its_file_has_it(
    path: str, text: str, lock_path: Optional[str], change: str, told: str
) -> None:
    locks = (lock(lock_path),) if lock_path else ()
    reads = dockerfile_of(installs=[pip(files=(path, *([lock_path] if lock_path else [])))])
    world = source(requirements=[declared(text, path), *locks], dockerfile=reads)
    found = only(lacking("yaml"), world)
    assert (found.cause, found.change) == ("not-declared", change)
    assert found.remedy.endswith(told)


@pytest.mark.parametrize(
    ("path", "text", "change"),
    [
        ("pyproject.toml", '"pydantic>=2",', '"pydantic[email]>=2",'),
        ("pyproject.toml", 'pydantic = ">=2"', 'pydantic = {extras = ["email"], version = ">=2"}'),
        ("environment.yml", "- pydantic>=2", "- pydantic[email]>=2"),
    ],
)
def test_an_extra_is_written_as_its_file_has_it(path: str, text: str, change: str) -> None:
    requires = ('email-validator>=2; extra == "email"',)
    pydantic = dist("pydantic", "2.11", requires=requires, extras=("email",))
    way = [frame("shop.main", 3), Frame(f"{SITE}/pydantic/networks.py", 9, "check", "pydantic.networks")]
    seen = observed(
        failed("shop.main", no_module("email_validator", *way)), clues=clues(distributions=(pydantic,))
    )
    one = replace(declared(text, path, "pydantic"), specifier=">=2")
    found = only(seen, source(requirements=[one], dockerfile=dockerfile_of(installs=[pip(files=(path,))])))
    assert (found.cause, found.change) == ("extra-not-installed", change)


COMPILED = [needs("fastapi", 1, "requirements.in"), needs("fastapi", 4, "requirements.txt")]


def test_a_compiled_file_is_not_the_one_to_write_into() -> None:
    world = source(requirements=COMPILED, dockerfile=dockerfile_of(installs=[pip()]))
    found = only(lacking("yaml"), world)
    assert where(found) == ("not-declared", ("requirements.in", 1))
    assert found.remedy == "add PyYAML to requirements.in, and run 'pip-compile requirements.in'"


def test_a_compiled_file_that_is_older_than_the_declaration() -> None:
    asked = needs("pyyaml", 2, "requirements.in")
    installs = dockerfile_of(installs=[pip()])
    found = only(lacking("yaml"), source(requirements=[*COMPILED, asked], dockerfile=installs))
    assert where(found) == ("declared-not-installed", ("requirements.in", 2))
    assert "requirements.txt was compiled without it: Dockerfile:3 installs" in found.explanation
    assert found.remedy.startswith("compile it anew ('pip-compile requirements.in'")
    # What was compiled is not behind: the image is.
    current = needs("pyyaml", 9, "requirements.txt")
    found = only(lacking("yaml"), source(requirements=[*COMPILED, asked, current], dockerfile=installs))
    assert "compiled" not in found.explanation
