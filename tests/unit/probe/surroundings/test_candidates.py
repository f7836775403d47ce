"""Missing modules elsewhere in the image: what the walk finds, and what it does not enter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.candidates import Walk, lacks_what_is_below

SUFFIXES = [".cpython-313-x86_64-linux-gnu.so", ".abi3.so", ".so"]


def files(top: Path, *names: str) -> None:
    for name in names:
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def walked(top: Path, *missing: str, seconds: float = 5) -> Walk:
    walk = Walk(list(missing), SUFFIXES, Budget(seconds))
    walk.walk_folders([str(top / "a"), str(top)])
    return walk


def found(walk: Walk, top: Path) -> set[tuple[str, str, str, bool]]:
    def below(path: str) -> str:
        return os.path.relpath(path, top)

    return {(one["module"], below(one["path"]), below(one["root"]), one["exact"]) for one in walk.candidates}


@pytest.mark.parametrize(
    ("name", "module", "root"),
    [
        ("src/shop/cart.py", "shop.cart", "src"),
        ("src/shop/cart.pyc", "shop.cart", "src"),
        ("src/shop/cart.cpython-313-x86_64-linux-gnu.so", "shop.cart", "src"),
        ("cart.py", "cart", "."),
        ("a/b/c/d.py", "b.c.d", "a"),
    ],
)
def test_a_module(tmp_path: Path, name: str, module: str, root: str) -> None:
    files(tmp_path, name)
    assert found(walked(tmp_path, module), tmp_path) == {(module, name, root, True)}


def test_a_package_and_a_folder_with_modules(tmp_path: Path) -> None:
    files(
        tmp_path, "one/shop/__init__.py", "two/shop/cart.py", "three/shop/readme.txt", "four/shop/deep/a.py"
    )
    assert found(walked(tmp_path, "shop"), tmp_path) == {
        ("shop", "one/shop", "one", True),
        ("shop", "two/shop", "two", True),
    }


@pytest.mark.parametrize(
    "name",
    ["cart.txt", "shop/cart.py.bak", "cart.cpython-311-x86_64-linux-gnu.so", "other/cart.py", "cart"],
)
def test_what_is_no_candidate(tmp_path: Path, name: str) -> None:
    files(tmp_path, name)
    assert walked(tmp_path, "shop.cart").candidates == []


def test_names_that_differ_in_case_only(tmp_path: Path) -> None:
    files(tmp_path, "src/Shop/cart.py", "src/shop/Cart.py", "lib/shop/cart.py")
    assert found(walked(tmp_path, "shop.cart"), tmp_path) == {
        ("shop.cart", "src/Shop/cart.py", "src", False),
        ("shop.cart", "src/shop/Cart.py", "src", False),
        ("shop.cart", "lib/shop/cart.py", "lib", True),
    }


def test_site_folders_are_noted_and_searched_as_an_import_would(tmp_path: Path) -> None:
    site = "venv/lib/python3.12/site-packages"
    files(tmp_path, f"{site}/yaml/__init__.py", f"{site}/deep/yaml.py", f"{site}/Six.py")
    walk = walked(tmp_path, "yaml", "six", "yaml.nodes")
    assert walk.candidates == []
    assert walk.sites == [str(tmp_path / site)]
    walk.search_folder(walk.sites[0])
    assert found(walk, tmp_path) == {
        ("yaml", f"{site}/yaml", site, True),
        ("six", f"{site}/Six.py", site, False),
    }
    assert [one["site"] for one in walk.candidates] == [True, True]


def test_folders_that_are_not_entered(tmp_path: Path) -> None:
    files(
        tmp_path,
        "node_modules/cart.py",
        ".git/cart.py",
        "__pycache__/cart.py",
        "lib/python3.12/os.py",
        "lib/python3.12/json/cart.py",
    )
    assert walked(tmp_path, "cart").candidates == []


def test_links_lead_nowhere(tmp_path: Path) -> None:
    files(tmp_path, "a/cart.py")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to("b")
    os.mkfifo(tmp_path / "a" / "cart.pyc")
    assert len(walked(tmp_path, "cart").candidates) <= 2


def test_a_name_that_is_everywhere_is_told_twenty_times(tmp_path: Path) -> None:
    files(tmp_path, *(f"{number}/cart.py" for number in range(50)))
    assert len(walked(tmp_path, "cart").candidates) == 20


def test_it_ends_when_time_is_up(tmp_path: Path) -> None:
    for number in range(150):
        (tmp_path / str(number)).mkdir()
    walk = walked(tmp_path, "cart", seconds=0)
    assert any("want of time" in note for note in walk.budget.notes)


def test_names_that_are_not_text(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)
    with open(folder + b"/cart.py", "w"):
        pass
    (one,) = walked(tmp_path, "cart").candidates
    values: list[Any] = [one["path"], one["root"]]
    assert all(value.isascii() for value in values)


@pytest.mark.parametrize(
    ("statement", "lacks"),
    [
        ("from azure.storage.blob import Client", True),
        ("import azure.storage", True),
        ("from azure.settings import NAME", False),
        ("import azure", False),
        ("from azure import storage", False),
    ],
)
def test_another_package_of_that_name(tmp_path: Path, statement: str, lacks: bool) -> None:
    """A folder without what is imported below it is not what the statement means."""
    files(tmp_path, "azure/__init__.py", "azure/settings.py")
    store = tmp_path / "azure" / "store.py"
    store.write_text(f"\n{statement}\n")
    (candidate,) = walked(tmp_path, "azure").candidates
    assert lacks_what_is_below(candidate, {"azure": (str(store), 2)}) is lacks
