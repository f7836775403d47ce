"""Installed extension modules that lack a library, told without importing anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from unit.probe.surroundings.elf_files import AARCH64, elf
from unit.probe.surroundings.scenes import scene, write

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.libraries import Loader
from importguard.probe.surroundings.unloaded import find_unloaded_extensions

TAG = "cpython-313-x86_64-linux-gnu"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    elf(tmp_path / "python", interpreter="/lib64/ld-linux-x86-64.so.2")
    return tmp_path


def told(top: Path, **environ: str) -> dict[str, list[str]]:
    application = scene(top, executable=str(top / "python"))
    loader = Loader(str(top / "python"), environ, str(top), "/nowhere")
    return {
        one["module"]: one["not_found"] for one in find_unloaded_extensions(application, loader, Budget(5))
    }


def driver(top: Path, init: str = "from psycopg2._psycopg import connect\n") -> Path:
    """A package whose extension needs a library, as psycopg2 is when it was compiled in another stage."""
    package = top / "site-packages" / "psycopg2"
    elf(package / f"_psycopg.{TAG}.so", "libgone.so.5", symbol="PyInit__psycopg")
    write(package, {"__init__.py": init})
    return package


def test_what_importing_the_package_would_lack(top: Path) -> None:
    driver(top)
    assert told(top) == {"psycopg2._psycopg": ["libgone.so.5"]}
    elf(top / "lib" / "libgone.so.5")
    assert told(top, LD_LIBRARY_PATH=str(top / "lib")) == {}


@pytest.mark.parametrize(
    "init",
    [
        "",
        "try:\n    from . import _psycopg\nexcept ImportError:\n    _psycopg = None\n",
        "def connect():\n    from . import _psycopg\n",
    ],
    ids=["not imported", "guarded", "late"],
)
def test_what_the_package_can_do_without_is_not_told(top: Path, init: str) -> None:
    driver(top, init)
    assert told(top) == {}


def test_a_library_that_lies_among_the_packages_may_have_been_loaded_before(top: Path) -> None:
    """``ctypes.CDLL`` in ``__init__.py``, as torch does with those of the nvidia distributions."""
    driver(top)
    elf(top / "site-packages" / "libs" / "libgone.so.5")
    assert told(top) == {}


@pytest.mark.parametrize(
    ("name", "needed", "changes"),
    [
        ("pyodbc.cpython-312-x86_64-linux-gnu.so", "liblost.so.2", {}),
        (f"pyodbc.{TAG}.so", "liblost.so.2", {"machine": AARCH64}),
        (f"pyodbc.{TAG}.so", "libcuda.so.1", {}),
        ("libplugin.so", "liblost.so.2", {"symbol": ""}),
    ],
    ids=["another Python", "another machine", "the driver's", "no module"],
)
def test_no_false_alarm(top: Path, name: str, needed: str, changes: dict) -> None:  # type: ignore[type-arg]
    elf(top / "site-packages" / name, needed, **{"symbol": "PyInit_pyodbc", **changes})
    assert told(top) == {}


def test_modules_at_the_top(top: Path) -> None:
    site = top / "site-packages"
    elf(site / f"pyodbc.{TAG}.so", "liblost.so.2", symbol="PyInit_pyodbc")
    elf(site / f"_ldap.{TAG}.so", "libaway.so.2", symbol="PyInit__ldap")
    elf(site / f"_other.{TAG}.so", "libother.so.2", symbol="PyInit__other")
    write(site, {"ldap/__init__.py": "import _ldap\n"})
    assert told(top) == {"pyodbc": ["liblost.so.2"], "_ldap": ["libaway.so.2"]}
