"""A file that an import opens and the image lacks: what the build makes of the source's."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest
from unit.diagnosis.world import SITE, raising, where

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.source.data_files import with_data_files
from importguard.source.model import Source, Tree
from importguard.source.packaging_lines import with_packaging
from importguard.source.reader import read_source

PYPROJECT = '[build-system]\nrequires = ["setuptools"]\n\n[tool.setuptools]\npackages = ["shop"]\n'


def tree(folder: Path, path: str, dockerfile: str, ignore: str = "") -> Source:
    """A source with shop/data/rates.json, as it is gathered for a module that opens ``path``."""
    files = {
        "shop/__init__.py": "",
        "shop/main.py": "",
        "shop/util.py": "",
        "shop/data/rates.json": "{}",
        "pyproject.toml": PYPROJECT,
        "Dockerfile": f"FROM python:3.13-slim\nWORKDIR /app\n{dockerfile}\n",
        ".dockerignore": ignore,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return with_packaging(with_data_files(read_source(Tree(str(folder))), [path]))


@pytest.mark.parametrize(
    ("path", "dockerfile", "ignore", "told"),
    [
        ("/app/shop/data/rates.json", "COPY . .", "*.md\n**/data/\n", ("ignored", (".dockerignore", 2))),
        ("/app/shop/data/rates.json", "COPY shop/*.py shop/", "", ("not-copied", ("Dockerfile", 3))),
        (f"{SITE}/shop/data/rates.json", "COPY . .", "", ("not-packaged", ("pyproject.toml", 4))),
        ("data/rates.json", "COPY . .", "", ("copied-elsewhere", ("Dockerfile", 3))),
        ("./shop/data/rates.json", "COPY shop/*.py shop/", "", ("not-copied", ("Dockerfile", 3))),
        # Production mounts it, and a file of the source is called like it.
        ("/etc/shop/rates.json", "COPY . .", "", None),
        # A file of another name, and one that some library looks for.
        ("/app/shop/data/other.json", "COPY . .", "", None),
        (f"{SITE}/library/rates.json", "COPY . .", "", None),
        ("rates/rates.json", "COPY . .", "", None),
    ],
)
def test_why_a_file_is_not_there(
    tmp_path: Path,
    path: str,
    dockerfile: str,
    ignore: str,
    told: Optional[tuple[str, tuple[str, int]]],
) -> None:
    seen = raising("FileNotFoundError", f"[Errno 2] No such file or directory: '{path}'")
    source = tree(tmp_path, path, dockerfile, ignore)
    (found,) = diagnose_findings(run_checks(seen), seen, source)
    assert (where(found.diagnosis) if found.diagnosis else None) == told


@pytest.mark.parametrize(
    "words", ["No such file or directory", "Unable to load configuration file (No such file or directory)"]
)
def test_the_words_of_the_error_are_the_librarys_own(tmp_path: Path, words: str) -> None:
    """Flask's ``Config.from_pyfile`` puts its own before the path."""
    path = "/app/shop/data/rates.json"
    seen = raising("FileNotFoundError", f"[Errno 2] {words}: '{path}'")
    (found,) = diagnose_findings(run_checks(seen), seen, tree(tmp_path, path, "COPY . .", "**/data/\n"))
    assert found.diagnosis is not None
    assert where(found.diagnosis) == ("ignored", (".dockerignore", 1))


@pytest.mark.parametrize(
    ("pattern", "exception"),
    [
        ("**/data/", "!shop/data/"),
        ("shop/data/*", "!shop/data/**"),
        ("**/rates.json", "!shop/data/rates.json"),
        ("**/*.json", "!shop/data/rates.json"),
    ],
)
def test_only_a_folder_that_is_left_out_whole_is_let_in_whole(
    tmp_path: Path, pattern: str, exception: str
) -> None:
    """Not '!shop/data/**' for one file that a pattern of its name leaves out: others would get in."""
    path = "/app/shop/data/rates.json"
    seen = raising("FileNotFoundError", f"[Errno 2] No such file or directory: '{path}'")
    (found,) = diagnose_findings(run_checks(seen), seen, tree(tmp_path, path, "COPY . .", f"{pattern}\n"))
    assert found.diagnosis is not None
    assert found.diagnosis.change == exception
