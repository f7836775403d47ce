"""Editable installs before the COPY of what they are to map."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.source.dockerfile.early_installs import early_installs
from importguard.source.model import Tree
from importguard.source.reader import read_source

DOCKERFILE = """\
FROM python
WORKDIR /app
COPY pyproject.toml .
COPY web web
RUN pip install -e .
COPY jobs jobs
COPY start.sh .
"""
SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'


def said(folder: Path, dockerfile: str, project: str = SETUPTOOLS, context: str = ".") -> list[str]:
    files = {
        "Dockerfile": dockerfile,
        "pyproject.toml": project,
        "web/__init__.py": "",
        "jobs/__init__.py": "",
    }
    for name, text in {**files, "jobs/run.py": "", "src/late/__init__.py": ""}.items():
        path = folder / context / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    source = read_source(Tree(str(folder), str(folder / context)), contents=False)
    assert source.dockerfile is not None
    return [one.sentence(source.dockerfile) for one in early_installs(source)]


@pytest.mark.parametrize("context", [".", "back"])
def test_a_package_that_is_copied_after_it(tmp_path: Path, context: str) -> None:
    path = "Dockerfile" if context == "." else "back/Dockerfile"
    assert said(tmp_path, DOCKERFILE, context=context) == [
        f"{path}:5 installs /app as an editable project, which maps what lies there then, and line 6 copies "
        "jobs only afterwards: a console script would not find it. Put that COPY above line 5."
    ]


@pytest.mark.parametrize(
    ("dockerfile", "project"),
    [
        (DOCKERFILE, SETUPTOOLS.replace("setuptools", "hatchling")),
        (DOCKERFILE.replace("pip install -e .", "uv sync"), "[project]\nname = 'shop'\n"),
        (DOCKERFILE.replace("COPY web web", "COPY . ."), SETUPTOOLS),
        (DOCKERFILE.replace("install -e .", "install ."), SETUPTOOLS),
        (DOCKERFILE.replace("COPY jobs jobs", "COPY src src"), SETUPTOOLS),
        ("FROM python\nCOPY . .\n", SETUPTOOLS),
    ],
)
def test_what_misses_nothing(tmp_path: Path, dockerfile: str, project: str) -> None:
    assert said(tmp_path, dockerfile, project) == []
