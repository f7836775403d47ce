"""Where findings are shown: the files of a report, found again in the repository."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from unit.reports import DIAGNOSIS, finding, image

from importguard.config import Build, Config
from importguard.model import Location
from importguard.reporters.wording.places import repository_line
from importguard.source.dockerfile_model import Dockerfile, Stage
from importguard.source.model import Placement, Source, SourceFile
from importguard.source.repository_paths import copied_files, match_paths, with_places


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "backend/Dockerfile",
        "backend/.dockerignore",
        "backend/src/shop/setup.py",
        "backend/src/shop/main.py",
        "backend/.venv/pyvenv.cfg",
        "backend/.venv/lib/shop/main.py",
        "backend/env/pyvenv.cfg",
        "backend/env/lib/shop/setup.py",
        "backend/node_modules/shop/setup.py",
        "deploy/compose.yaml",
        "web/shop/main.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shown(config: Config, **changes: object) -> tuple[str, int | None]:
    found = finding(**changes)
    location = repository_line(found, with_places(image(found, places={}, dockerfile=""), config))
    return location.path, location.line


BUILD = Config(build=Build("backend"))


def test_files_of_the_context_from_the_root_of_the_repository(repository: Path) -> None:
    assert shown(BUILD) == ("backend/src/shop/setup.py", 10)
    assert shown(BUILD, diagnosis=DIAGNOSIS) == ("backend/.dockerignore", 7)
    outside = replace(DIAGNOSIS, location=Location("../deploy/compose.yaml", 4))
    assert shown(BUILD, diagnosis=outside) == ("deploy/compose.yaml", 4)


def test_the_working_directory_may_be_any(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "backend/src")
    assert shown(Config(build=Build(".."))) == ("backend/src/shop/setup.py", 10)
    assert shown(Config(images=("shop",))) == ("backend/src/shop/setup.py", 10)


def test_what_is_in_no_file_of_the_repository_is_shown_at_the_dockerfile(repository: Path) -> None:
    nowhere = {"location": Location("/usr/lib/python3/dist-packages/x.py", 3), "chain": ()}
    assert shown(BUILD, **nowhere) == ("backend/Dockerfile", 1)
    other = Config(build=Build("backend", "deploy/Dockerfile.prod"))
    assert shown(other, **nowhere) == ("deploy/Dockerfile.prod", 1)
    assert shown(Config(images=("shop",)), **nowhere) == ("Dockerfile", 1)
    assert shown(BUILD, location=Location("a\0b", 1), chain=()) == ("backend/Dockerfile", 1)
    assert shown(BUILD, location=Location("../a\0b", 1), chain=()) == ("backend/Dockerfile", 1)


def test_the_source_is_looked_at_before_the_context(repository: Path) -> None:
    config = Config(build=Build("backend"), source="web")
    assert shown(config, location=Location("shop/main.py", 2)) == ("web/shop/main.py", 2)


def test_without_a_repository_the_working_directory_is_its_root(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (repository / ".git").rmdir()
    assert shown(BUILD) == ("backend/src/shop/setup.py", 10)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert shown(Config(build=Build(str(repository / "backend")))) == ("src/shop/setup.py", 10)


def test_a_working_directory_without_a_repository_is_not_searched(repository: Path) -> None:
    """It may be the root of a disk. A file of the very path is still found."""
    (repository / ".git").rmdir()
    assert shown(Config(images=("shop",))) == ("Dockerfile", 1)
    exact = Location("backend/src/shop/setup.py", 10)
    assert shown(Config(images=("shop",)), location=exact) == ("backend/src/shop/setup.py", 10)


def test_a_path_that_two_files_end_with_stands_for_neither() -> None:
    files = ["a/shop/x.py", "b/shop/x.py", "a/shop/y.py", "ashop/z.py", "shop/w.py", "c/shop/w.py"]
    paths = ["shop/x.py", "shop/y.py", "shop/z.py", "shop/w.py", "y.py", ""]
    assert match_paths(paths, files) == {
        "shop/y.py": "a/shop/y.py",
        "shop/w.py": "shop/w.py",
        "y.py": "a/shop/y.py",
    }


def test_a_file_that_was_copied_is_that_one_whatever_else_is_called_like_it(repository: Path) -> None:
    stages = (Stage(0, "build", "python", None, 1), Stage(1, None, "python", None, 4))
    source = Source(
        root=str(repository),
        dockerfile=Dockerfile("web/Dockerfile", stages, final=1),
        files=(SourceFile("web/shop/main.py"), SourceFile("shop/main.py"), SourceFile(".dockerignore")),
        placements=(
            Placement("shop/main.py", "/srv/shop/main.py", 0, 2),
            Placement("web/shop/main.py", "/srv/shop/main.py", 1, 5),
            Placement("web/setup_shop.py", "/srv/lib/shop/setup.py", 1, 6),
        ),
    )
    found = finding()
    places = copied_files([found], source, ["/app", "/srv", "/srv/lib"])
    assert places == {"shop/main.py": "web/shop/main.py", "shop/setup.py": "web/setup_shop.py"}
    config = Config(images=("shop",))
    shown = with_places(image(found, places={}, import_path=("/app", "/srv", "/srv/lib")), config, source)
    assert shown.places == places
    assert repository_line(found, shown) == Location("web/setup_shop.py", 10)

    named = replace(DIAGNOSIS, location=Location("shop/main.py", 1))
    assert copied_files([replace(found, diagnosis=named)], source, ["/srv"]) == {}
    assert copied_files([found], Source("/"), ["/srv"]) == {}
