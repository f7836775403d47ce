"""A program that the source's own project defines, and that no installer wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest
from unit.diagnosis.world import BUILDER, clues, dist, dockerfile_of, observed, only, source, where

from importguard.evidence.imports import StartProblem
from importguard.evidence.surroundings import Distribution, OtherInterpreter
from importguard.model import Diagnosis
from importguard.source.dockerfile_model import Copy, Install
from importguard.source.model import Place, ProjectScript
from importguard.source.project_scripts import with_project_scripts

WEB = ProjectScript("shop-web", "shop.main:run", Place("pyproject.toml", 5, 'shop-web = "shop.main:run"'))
WITHOUT = Install(7, 0, "uv", "uv sync --frozen --no-install-project")
WHOLE = Install(9, 0, "uv", "uv sync --frozen", locals=("/app",))
PIP = Install(9, 0, "pip", "pip install .", locals=("/app",))


def diagnosed(*installs: Install, packaged: bool = True) -> Diagnosis:
    script = ProjectScript(WEB.name, WEB.target, WEB.place, packaged)
    seen = observed(problem=StartProblem("shop-web", "", "absent"))
    return only(seen, source(dockerfile=dockerfile_of(installs=installs), scripts=(script,)))


@pytest.mark.parametrize(
    ("installs", "remedy", "line"),
    [
        ((), "'RUN pip install .'", 1),
        ((WITHOUT,), "'RUN uv sync --frozen' below", 7),
        ((Install(3, 0, "poetry", "poetry install --no-root"),), "'RUN poetry install' below", 3),
    ],
)
def test_no_line_installs_the_project(installs: tuple[Install, ...], remedy: str, line: int) -> None:
    found = diagnosed(*installs)
    assert found.cause == "project-not-installed"
    assert "pyproject.toml:5 defines" in found.explanation
    assert remedy in found.remedy
    assert where(found)[1] == ("Dockerfile", line)


def test_uv_installs_no_project_that_is_not_packaged() -> None:
    found = diagnosed(WITHOUT, WHOLE, packaged=False)
    assert "[build-system] to pyproject.toml" in found.remedy
    assert where(found)[1] == ("pyproject.toml", 5)


@pytest.mark.parametrize(("install", "packaged"), [(WHOLE, True), (PIP, False)])
def test_where_a_line_installs_the_project_it_was_left_behind(install: Install, packaged: bool) -> None:
    assert diagnosed(install, packaged=packaged).cause == "program-left-behind"


@pytest.mark.parametrize(
    ("header", "rest", "packaged"),
    [
        ("project", '[build-system]\nrequires = ["hatchling"]\n', True),
        ("project", "", False),
        ("project", "[tool.uv]\npackage = true\n", True),
        ("tool.poetry", "[tool.poetry]\npackage-mode = false\n[build-system]\n", False),
    ],
)
def test_the_programs_of_a_project_are_read(tmp_path: Path, header: str, rest: str, packaged: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[{header}.scripts]\nshop-web = "shop.main:run"\n{rest}')
    place = Place("pyproject.toml", 2, WEB.place.text)
    found = with_project_scripts(source(root=str(tmp_path))).scripts
    assert found == (ProjectScript(WEB.name, WEB.target, place, packaged),)


@pytest.mark.parametrize("text", [None, "[project", 'scripts = "x"\n'])
def test_a_project_file_that_cannot_be_read_defines_none(tmp_path: Path, text: Optional[str]) -> None:
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    assert with_project_scripts(source(root=str(tmp_path))).scripts == ()


def in_environment(*installed: Distribution, program: str = "gunicorn", path: str = "") -> Diagnosis:
    """The program of an environment that the final stage takes from another one."""
    python = OtherInterpreter("/app/.venv/bin/python", "3.13.1", ("/app/.venv/lib",), installed)
    seen = observed(
        problem=StartProblem(program, path, "absent"), clues=clues(interpreters=(python,), distributions=())
    )
    venv = Copy(8, 1, "COPY --from=builder /app/.venv /app/.venv", ("/app/.venv",), "/app/.venv", 0)
    code = Copy(9, 1, "COPY . .", (".",), "/app/")
    docker = dockerfile_of((venv, code), stages=BUILDER, installs=[Install(3, 0, "uv", "uv sync")])
    return only(seen, source(dockerfile=docker, scripts=(WEB,)))


@pytest.mark.parametrize(
    ("program", "installed"),
    [
        ("gunicorn", dist("gunicorn")),
        ("fastapi", dist("fastapi-cli", "1", "fastapi")),
        ("shop-web", dist("shop", "1", "shop")),
        ("shop-web", dist("kit", editable=True)),
    ],
)
def test_an_environment_is_not_in_path(program: str, installed: Distribution) -> None:
    found = in_environment(dist("attrs"), installed, program=program)
    assert where(found) == ("not-in-path", ("Dockerfile", 8))
    assert found.change == 'ENV PATH="/app/.venv/bin:$PATH"'
    assert f"{program} is installed in /app/.venv, and /app/.venv/bin is not in PATH" in found.explanation


def test_an_environment_that_has_no_such_program_is_not_to_blame() -> None:
    assert in_environment(dist("attrs")).cause == "program-left-behind"
    assert in_environment(dist("gunicorn"), path="/srv/gunicorn").cause == "program-left-behind"
