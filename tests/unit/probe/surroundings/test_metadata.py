"""Installed distributions, as the different installers of the years have noted them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.metadata import installed_in, read_headers


def write(site: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def one(site: Path) -> dict[str, Any]:
    (found,) = installed_in(str(site), set(os.listdir(site)), Budget(5))
    return found


def test_a_wheel(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "PyYAML-6.0.dist-info/METADATA": "Name: PyYAML\nVersion: 6.0\nRequires-Python: >=3.6\n"
            'Requires-Dist: foo (>=1)\nRequires-Dist: bar; extra == "fast"\nProvides-Extra: fast\n'
            "\nName: no\n",
            "PyYAML-6.0.dist-info/RECORD": "yaml/__init__.py,sha256=x,1\nyaml/cyaml.py,,\n"
            "_yaml/__init__.py,,\n../../bin/yaml,,\nPyYAML-6.0.dist-info/METADATA,,\n",
            "PyYAML-6.0.dist-info/INSTALLER": "pip\n",
        },
    )
    assert one(tmp_path) == {
        "name": "PyYAML",
        "version": "6.0",
        "location": str(tmp_path),
        "provides": ["_yaml", "yaml"],
        "requires": ["foo (>=1)", 'bar; extra == "fast"'],
        "extras": ["fast"],
        "source": None,
        "editable": False,
    }


def test_single_modules_extensions_and_namespaces(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
            "x-1.dist-info/RECORD": "six.py,,\n_cffi.cpython-313-x86_64-linux-gnu.so,,\n"
            "x.libs/liba.so,,\nx.libs/liba-1.so,,\ngoogle/cloud/storage/__init__.py,,\ngoogle/cloud/storage/blob.py,,\n__pycache__/six.cpython-313.pyc,,\n",
        },
    )
    assert one(tmp_path)["provides"] == ["_cffi", "google", "google.cloud.storage", "six"]


def test_without_a_record_its_top_level_names_are_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"x-1.dist-info/METADATA": "Name: x\nVersion: 1\n", "x-1.dist-info/top_level.txt": "ex\n_ex\n"},
    )
    assert one(tmp_path)["provides"] == ["_ex", "ex"]


def test_installed_from_a_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
            "x-1.dist-info/direct_url.json": json.dumps({"url": "file:///src/x", "dir_info": {}}),
        },
    )
    assert (one(tmp_path)["source"], one(tmp_path)["editable"]) == ("/src/x", False)


def test_editable_by_a_finder(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
            "x-1.dist-info/RECORD": "__editable__.x-1.pth,,\n__editable___x_1_finder.py,,\n",
            "x-1.dist-info/direct_url.json": json.dumps(
                {"url": "file:///src", "dir_info": {"editable": True}}
            ),
            "__editable___x_1_finder.py": "MAPPING: dict[str, str] = {'ex': '/src/ex'}\n",
            "__editable___y_1_finder.py": "MAPPING = {'why': '/src/why'}\n",
        },
    )
    assert one(tmp_path)["provides"] == ["ex"]
    assert one(tmp_path)["editable"] is True


def test_editable_by_a_path(tmp_path: Path) -> None:
    source = tmp_path / "src"
    write(source, {"ex/__init__.py": "", "single.py": "", "setup.py": "", "docs/readme.txt": ""})
    site = tmp_path / "site"
    write(
        site,
        {
            "x-1.dist-info/METADATA": "Name: x\nVersion: 1\n",
            "x-1.dist-info/RECORD": "x.pth,,\n",
            "x-1.dist-info/direct_url.json": json.dumps({"url": "file:///s", "dir_info": {"editable": True}}),
            "x.pth": f"{source}\nimport os\n",
        },
    )
    assert one(site)["provides"] == ["ex", "single"]


def test_an_egg_info_folder_and_the_one_file_of_distutils(tmp_path: Path) -> None:
    info = "Name: PyYAML\nVersion: 5.3\n"
    write(tmp_path / "a", {"PyYAML.egg-info/PKG-INFO": info, "PyYAML.egg-info/top_level.txt": "yaml\n"})
    write(tmp_path / "b", {"PyYAML-5.3.egg-info": info, "pyyaml.py": ""})
    assert (one(tmp_path / "a")["version"], one(tmp_path / "a")["provides"]) == ("5.3", ["yaml"])
    assert (one(tmp_path / "b")["name"], one(tmp_path / "b")["provides"]) == ("PyYAML", ["pyyaml"])


def test_an_egg_link(tmp_path: Path) -> None:
    source = tmp_path / "src"
    write(source, {"x.egg-info/PKG-INFO": "Name: x\nVersion: 2\n", "x.egg-info/top_level.txt": "ex\n"})
    write(tmp_path / "site", {"x.egg-link": f"{source}\n.\n"})
    found = one(tmp_path / "site")
    assert (found["version"], found["provides"]) == ("2", ["ex"])
    assert (found["source"], found["editable"]) == (str(source), True)


@pytest.mark.parametrize("text", ["", "Version: 1\n", "\n\nName: x\n", ": x\n", " Name: x\n"])
def test_metadata_without_a_name_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"x-1.dist-info/METADATA": text})
    assert installed_in(str(tmp_path), {"x-1.dist-info"}, Budget(5)) == []


@pytest.mark.parametrize(
    "text", ["[]", "3", "{}", '{"url": 3}', '{"url": "u", "dir_info": 3}', "{", "[" * 9999]
)
def test_a_direct_url_that_is_none(tmp_path: Path, text: str) -> None:
    write(
        tmp_path,
        {"x-1.dist-info/METADATA": "Name: x\nVersion: 1\n", "x-1.dist-info/direct_url.json": text},
    )
    assert one(tmp_path)["editable"] is False


def test_headers_that_are_folded() -> None:
    assert read_headers("A: one\n  two\r\nB:three\nA: four\n\nC: body\n") == {
        "a": ["one two", "four"],
        "b": ["three"],
    }


def test_when_time_is_up_it_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"x-1.dist-info/METADATA": "Name: x\nVersion: 1\n"})
    budget = Budget(0)
    assert installed_in(str(tmp_path), {"x-1.dist-info"}, budget) == []
    assert str(tmp_path) in budget.notes[0]


def test_a_record_of_a_hostile_size_takes_no_time(tmp_path: Path) -> None:
    lines = "".join(f"a{number}/b/c/d/e/f.py,,\n" for number in range(300_000))
    write(
        tmp_path,
        {"x-1.dist-info/METADATA": "Name: x\nVersion: 1\n", "x-1.dist-info/RECORD": lines},
    )
    started = time.process_time()
    assert len(one(tmp_path)["provides"]) == 300
    assert time.process_time() - started < 2.0
