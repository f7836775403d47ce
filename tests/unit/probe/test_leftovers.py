"""What the imports leave on the disk: who names it, and how much it may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe import disk, leftovers
from importguard.probe.disk import LIMIT, Disk
from importguard.probe.leftovers import Leftovers


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(leftovers, "FOLDERS", (str(tmp_path / "tmp"),))
    for name in ("tmp", "app/data"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("left", ["tmp/prom", "app/prom", "app/data/prom"])
def test_who_names_what_is_new(folder: Path, left: str) -> None:
    sources = {
        "a": "os.makedirs('/tmp/prom')",
        "b": 'p = f"{base}/prom/x"',
        "c": "import prom",
        "d": "'promise', 'x-prom'",
        "e": "Path('data') / 'prom'",
    }
    files = {}
    for name, text in sources.items():
        (folder / "app" / f"{name}.py").write_text(text)
        files[name] = str(folder / "app" / f"{name}.py")
    before = Leftovers(str(folder / "app"), {"HOME": "/no/such/home"})
    assert before.modules_naming_new_files(files) == []
    (folder / left).mkdir()
    assert before.modules_naming_new_files({**files, "gone": "/no/such/file", "none": ""}) == ["a", "b", "e"]


def test_what_is_called_like_the_application_is_named_by_its_new_folder(folder: Path) -> None:
    sources = {"shop.all": "'shop'", "shop.one": "home / '.config' / 'shop'"}
    files = {}
    for name, text in sources.items():
        (folder / "app" / f"{name}.py").write_text(text)
        files[name] = str(folder / "app" / f"{name}.py")
    before = Leftovers(str(folder / "app"), {})
    (folder / "tmp" / ".config" / "shop").mkdir(parents=True)
    assert before.modules_naming_new_files(files) == ["shop.one"]
    (folder / "tmp" / "shop").mkdir()
    assert before.modules_naming_new_files(files) == ["shop.all", "shop.one"]


def test_a_new_folder_of_the_home_called_like_the_application_is_named_by_what_is_in_it(folder: Path) -> None:
    sources = {"shop.all": "'shop'", "shop.one": "home / 'shop' / 'logs'"}
    files = {}
    for name, text in sources.items():
        (folder / "app" / f"{name}.py").write_text(text)
        files[name] = str(folder / "app" / f"{name}.py")
    before = Leftovers(str(folder / "app"), {"HOME": f"{folder}/tmp"})
    (folder / "tmp" / "shop").mkdir()
    assert before.modules_naming_new_files(files) == ["shop.all", "shop.one"]
    (folder / "tmp" / "shop" / "logs").mkdir()
    assert before.modules_naming_new_files(files) == ["shop.one"]


def test_caches_and_short_names_are_nothing(folder: Path) -> None:
    before = Leftovers(str(folder / "app"), {})
    (folder / "app" / "__pycache__").mkdir()
    (folder / "tmp" / "x").touch()
    (folder / "app" / "a.py").write_text("'__pycache__', 'x'")
    assert before.modules_naming_new_files({"a": str(folder / "app" / "a.py")}) == []


def test_an_overrun_is_told_where_the_container_wrote_it(monkeypatch: pytest.MonkeyPatch) -> None:
    free, written = [10 * LIMIT], [0]
    monkeypatch.setattr(disk, "_free_bytes", lambda: free[0])
    monkeypatch.setattr(disk, "_written_since", lambda begun: written[0])
    watched = Disk()
    assert watched.reason_to_end(["shop.a"]) is None
    free[0] -= LIMIT + 1
    assert watched.reason_to_end(["shop.a"]) is None, "another process of the host"
    free[0] -= LIMIT + 1
    written[0] = LIMIT
    assert (
        watched.reason_to_end(["shop.a"])
        == "more than 2 GB were written to the disk while shop.a was imported"
    )
    written[0] = 0
    free[0] = 0
    assert watched.reason_to_end([]) is not None, "nobody else takes that much"


def test_what_was_written_is_counted(tmp_path: Path) -> None:
    assert disk._free_bytes() > 0
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"x" * 100_000)
    assert disk._written_since(0.0, str(tmp_path)) >= 100_000
    assert disk._written_since(float("inf"), str(tmp_path)) == 0
