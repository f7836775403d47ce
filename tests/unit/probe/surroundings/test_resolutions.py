"""How names resolve: the import system's order, told from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import pytest
from unit.probe.surroundings.scenes import questions, resolver, write

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.resolutions import resolve_questions


def resolved(top: Path, name: str, **asked: Any) -> dict[str, Any]:
    """The resolution of one name; paths below ``top``."""
    wanted = asked or {"missing": [name]}
    found = {one["name"]: one for one in resolve_questions(resolver(top), questions(**wanted), Budget(5))}
    one = found[name]
    for key in ("path", "hidden"):
        one[key] = _below(top, one[key])
    return one


def _below(top: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_below(top, item) for item in value]
    return value and value[len(str(top)) + 1 :]


@pytest.mark.parametrize(
    ("files", "name", "kind", "path"),
    [
        (["app/a.py"], "a", "module", "app/a.py"),
        (["app/a/__init__.py"], "a", "package", "app/a/__init__.py"),
        (["app/a/__init__.pyc"], "a", "package", "app/a/__init__.pyc"),
        (["app/a/b.py"], "a", "namespace", "app/a"),
        (["app/a.abi3.so"], "a", "extension", "app/a.abi3.so"),
        (["app/a.cpython-39-x86_64-linux-gnu.so"], "a", "absent", None),
        (["app/a/__init__.py", "app/a/b.py"], "a.b", "module", "app/a/b.py"),
        (["app/a.py", "app/a/b.py"], "a.b", "absent", None),
        (["app/a/x.py", "site-packages/a/b.py"], "a.b", "module", "site-packages/a/b.py"),
        (["app/a/x.py", "site-packages/a/__init__.py"], "a.x", "absent", None),
        (["app/os.py", "std/os.py"], "os", "frozen", "std/os.py"),
        (["app/sys.py"], "sys", "builtin", None),
        ([], "a", "absent", None),
    ],
)
def test_kinds(tmp_path: Path, files: list[str], name: str, kind: str, path: Optional[str]) -> None:
    write(tmp_path, dict.fromkeys(files, ""))
    one = resolved(tmp_path, name)
    assert (one["kind"], one["path"]) == (kind, path)


@pytest.mark.parametrize(
    ("files", "name", "hidden"),
    [
        (["app/queue.py", "std/queue.py"], "queue", ["std/queue.py"]),
        (["app/yaml/__init__.py", "site-packages/yaml/__init__.py"], "yaml", ["site-packages/yaml"]),
        (["app/a.py", "app/a/b.py"], "a", ["app/a"]),
        (["app/a.py", "app/a/__init__.py"], "a", ["app/a.py"]),
        (["app/a/x.py", "site-packages/a/__init__.py"], "a", ["app/a"]),
        (["app/a/x.py", "site-packages/a/b.py"], "a", []),
        (["app/os.py", "std/os.py"], "os", ["app/os.py"]),
        (["app/sys.py"], "sys", ["app/sys.py"]),
        (["app/a.py"], "a", []),
    ],
)
def test_hidden(tmp_path: Path, files: list[str], name: str, hidden: list[str]) -> None:
    write(tmp_path, dict.fromkeys(files, ""))
    assert resolved(tmp_path, name)["hidden"] == hidden


def test_the_application_s_names_that_have_a_rival_are_told_unasked(tmp_path: Path) -> None:
    write(tmp_path, {"app/queue.py": "", "std/queue.py": "", "app/fine.py": ""})
    found = resolve_questions(resolver(tmp_path), questions(), Budget(5))
    assert [one["name"] for one in found] == ["queue"]


def test_siblings_are_those_of_the_parent_or_of_the_application_s_roots(tmp_path: Path) -> None:
    write(tmp_path, {"app/shop/__init__.py": "", "app/shop/Cart.py": "", "app/shop/models/x.py": ""})
    write(tmp_path, {"std/json.py": "", "site-packages/yaml.py": "", "app/shop/__pycache__/x.pyc": ""})
    assert resolved(tmp_path, "shop.cart")["siblings"] == ["Cart", "models"]
    assert resolved(tmp_path, "shop")["siblings"] == ["shop"]


def test_the_packages_above_are_resolved_too(tmp_path: Path) -> None:
    write(tmp_path, {"app/a.py": ""})
    found = resolve_questions(resolver(tmp_path), questions(missing=["a.b.c"]), Budget(5))
    assert [(one["name"], one["kind"]) for one in found] == [
        ("a", "module"),
        ("a.b", "absent"),
        ("a.b.c", "absent"),
    ]


def test_the_module_of_a_missing_name(tmp_path: Path) -> None:
    write(tmp_path, {"app/shop/__init__.py": "", "app/shop/cart.py": ""})
    asked = {"names": [("shop.cart", "Basket")]}
    assert resolved(tmp_path, "shop.cart", **asked)["kind"] == "module"
    assert resolved(tmp_path, "shop.cart.Basket", **asked)["kind"] == "absent"
