"""Compiled modules that do not load: what is told of them, and of which."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Optional

import pytest
from unit.probe.surroundings.elf_files import AARCH64, elf
from unit.probe.surroundings.scenes import questions, scene, write

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.extensions import failing_extensions, python_of
from importguard.probe.surroundings.libraries import Loader
from importguard.probe.surroundings.resolutions import Resolver

TAG = "cpython-313-x86_64-linux-gnu"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    elf(tmp_path / "python", interpreter="/lib64/ld-linux-x86-64.so.2")
    return tmp_path


def told(top: Path, **asked: Any) -> dict[str, dict[str, Any]]:
    application = scene(top, executable=str(top / "python"))
    loader = Loader(str(top / "python"), {}, str(top), "/nowhere")
    found = failing_extensions(application, Resolver(application), questions(**asked), loader, Budget(5))
    return {one["module"]: one for one in found}


@pytest.mark.parametrize(
    "asked",
    [lambda path: {"libraries": [path]}, lambda _: {"refused": ["cv2.cv2"]}],
    ids=["by path", "by name"],
)
def test_a_library_is_missing_and_what_would_fail_next(
    top: Path, asked: Callable[[str], dict[str, Any]]
) -> None:
    package = top / "site-packages" / "cv2"
    elf(package / f"cv2.{TAG}.so", "libGone.so.1", "libAway.so.0")
    elf(package / "deep" / "more.abi3.so", "libLost.so.6", symbol="PyInit_more")
    elf(package / "fine.abi3.so", symbol="PyInit_fine")
    elf(package / "plugins" / "libplugin.so", "libNever.so.1")
    elf(top / "site-packages" / "other" / "x.abi3.so", "libX.so.1")
    write(package, {"__init__.py": ""})
    found = told(top, **asked(str(package / f"cv2.{TAG}.so")))
    assert set(found) == {"cv2.cv2", "cv2.deep.more"}
    assert found["cv2.cv2"] == {
        "module": "cv2.cv2",
        "path": str(package / f"cv2.{TAG}.so"),
        "tag": TAG,
        "python": "3.13",
        "machine": "x86_64",
        "libc": "glibc",
        "not_found": ["libGone.so.1", "libAway.so.0"],
        "symbols": [],
    }
    assert found["cv2.deep.more"]["not_found"] == ["libLost.so.6"]


@pytest.mark.parametrize("asked", [{"missing": ["numpy._core"]}, {"names": [("numpy", "_core")]}])
def test_a_file_of_another_python_for_a_module_that_is_missing(top: Path, asked: dict[str, Any]) -> None:
    write(top, {"site-packages/numpy/__init__.py": ""})
    elf(top / "site-packages" / "numpy" / "_core.cpython-311-x86_64-linux-gnu.so")
    found = told(top, **asked)
    assert (found["numpy._core"]["python"], found["numpy._core"]["not_found"]) == ("3.11", [])


def test_another_machine_and_another_libc(top: Path) -> None:
    one = elf(top / "site-packages" / "one.abi3.so", machine=AARCH64)
    two = elf(top / "site-packages" / "two.cpython-313-x86_64-linux-musl.so", "libc.musl-x86_64.so.1")
    found = told(top, libraries=[str(one), str(two)])
    assert (found["one"]["machine"], found["one"]["tag"], found["one"]["libc"]) == ("aarch64", "abi3", None)
    assert (found["two"]["machine"], found["two"]["libc"]) == ("x86_64", "musl")


def test_what_is_no_library_is_not_told(top: Path) -> None:
    write(top, {"site-packages/one.abi3.so": "text"})
    assert told(top, libraries=[str(top / "site-packages" / "one.abi3.so"), "/absent.so"]) == {}


@pytest.mark.parametrize(
    ("tag", "python"),
    [
        ("cpython-312-x86_64-linux-gnu", "3.12"),
        ("cpython-37m-x86_64-linux-gnu", "3.7"),
        ("cpython-313t-x86_64-linux-gnu", "3.13"),
        ("pypy310-pp73-x86_64-linux-gnu", "3.10"),
        ("abi3", None),
        ("", None),
        ("cpython", None),
    ],
)
def test_the_python_of_a_tag(tag: str, python: Optional[str]) -> None:
    assert python_of(tag) == python
