"""Which source an image is told apart by."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.builders import IMAGE, evidence, failed, frame, imported, no_module

from importguard.config import Build, Config
from importguard.errors import UsageError
from importguard.evidence.inspection import Evidence
from importguard.model import Location
from importguard.progress import QuietProgress
from importguard.report import ImageReport
from importguard.source.locating.source_choice import NONE, choose_source
from importguard.source.model import Source
from importguard.validation import validate


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source, and an empty folder as the working directory."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    folder = tmp_path / "shop"
    for name in ("shop/__init__.py", "shop/monitoring/__init__.py", "shop/main.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    (folder / "Dockerfile").write_text("FROM scratch\nWORKDIR /app\nCOPY . .\n")
    (folder / "Other").write_text("FROM scratch\nWORKDIR /app\nCOPY shop/*.py shop/\n")
    (folder / ".dockerignore").write_text("\n**/monitoring\n")
    return folder


SOUND = evidence(imported("shop.main"))


def found(config: Config, seen: Evidence = SOUND) -> Source:
    source = choose_source(config, seen).source
    assert source is not None
    return source


def test_the_one_that_is_named(shop: Path) -> None:
    source = found(Config(images=("shop",), source=str(shop)))
    assert (source.root, source.ignore_file) == (str(shop), ".dockerignore")
    assert source.dockerfile is not None
    assert [copy.line for copy in source.dockerfile.copies] == [3]


def test_its_dockerfile(shop: Path) -> None:
    source = found(Config(images=("shop",), source=str(shop), dockerfile=str(shop / "Other")))
    assert source.dockerfile is not None
    assert source.dockerfile.path == "Other"


def test_a_dockerfile_makes_the_working_directory_the_source(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    source = found(Config(images=("shop",), dockerfile="Other"), evidence(imported("not_here")))
    assert source.dockerfile is not None
    assert source.dockerfile.path == "Other"


def test_the_builds_context_and_dockerfile(shop: Path) -> None:
    source = found(Config(build=Build(str(shop), str(shop / "Other"))))
    assert source.root == str(shop)
    assert source.dockerfile is not None
    assert source.dockerfile.path == "Other"


def test_a_build_argument_that_has_its_value_from_outside(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "Other").write_text("FROM scratch\nARG PLACE=/default\nCOPY shop ${PLACE}/shop\n")
    config = Config(build=Build(str(shop), str(shop / "Other"), build_args=("PLACE",)))
    monkeypatch.delenv("PLACE", raising=False)
    for place in ("/default", "/given"):
        dockerfile = found(config).dockerfile
        assert dockerfile is not None
        assert [copy.destination for copy in dockerfile.copies] == [f"{place}/shop"]
        monkeypatch.setenv("PLACE", "/given")


def test_a_source_around_the_builds_context(shop: Path) -> None:
    source = found(Config(build=Build(str(shop)), source=str(shop.parent)))
    assert (source.root, source.context, source.ignore_file) == (
        str(shop.parent),
        "shop",
        "shop/.dockerignore",
    )


def test_the_working_directory_where_it_holds_the_application(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(images=("shop",))
    assert choose_source(config, SOUND).source is None
    monkeypatch.chdir(shop)
    assert found(config).root == str(shop)
    another = evidence(imported("store.main"), imported("store.cart"), imported("shop.main"))
    assert choose_source(config, another).source is None
    assert choose_source(config, evidence(imported("shop\0"))).source is None
    assert choose_source(config, evidence()).source is None
    (shop / "src").mkdir()
    (shop / "src/worker.py").touch()
    assert found(config, evidence(imported("shop.main"), imported("worker"))).root == str(shop)


def test_a_context_that_is_no_folder_is_no_source(shop: Path) -> None:
    assert choose_source(Config(build=Build("https://example.org/shop.git")), SOUND).source is None


class Shelf:
    def image(self, reference: str, **options: object) -> object:
        return IMAGE

    def close(self) -> None:
        pass


LOST = evidence(failed("shop.main", no_module("shop.monitoring", frame("shop.main", 3))))


def judged(config: Config, seen: Evidence = LOST) -> ImageReport:
    (image,) = validate(config, QuietProgress(), engine=Shelf(), inspector=lambda *_: seen).images  # type: ignore[arg-type]
    return image


def test_the_report_names_the_line(shop: Path) -> None:
    (finding,) = judged(Config(images=("shop",), source=str(shop))).findings
    assert finding.diagnosis is not None
    assert (finding.diagnosis.cause, finding.diagnosis.change) == ("ignored", "!shop/monitoring/")
    assert finding.diagnosis.location == Location(".dockerignore", 2)


def test_without_a_source_the_report_says_what_one_would_tell(shop: Path) -> None:
    image = judged(Config(images=("shop",)))
    assert any(note.startswith(NONE) for note in image.notes)
    assert NONE not in judged(Config(images=("shop",)), SOUND).notes
    assert NONE not in judged(Config(images=("shop",), source=str(shop))).notes


def test_a_source_that_is_not_there_is_wrong_usage_before_anything_is_done(shop: Path) -> None:
    def inspect(*_: object) -> Evidence:
        raise AssertionError("nothing is to be inspected")

    with pytest.raises(UsageError, match="--source nowhere is no folder"):
        validate(
            Config(images=("shop",), source="nowhere"), QuietProgress(), engine=Shelf(), inspector=inspect
        )  # type: ignore[arg-type]
