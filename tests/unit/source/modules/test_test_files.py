"""Which files of a tree are tests: the host and the probe give one answer."""

from __future__ import annotations

import importlib.machinery
import os
from pathlib import Path

from importguard.probe.select.selection import TESTS, Selection
from importguard.source.modules.module_names import module_name
from importguard.source.modules.test_files import files_of_tests

OF_TESTS = {
    "conftest.py",
    "shop/cart_test.py",
    "shop/test_cart.py",
    "shop/tests/__init__.py",
    "shop/tests/data/helper.py",
    "web/test/__init__.py",
    "web/test/deep/__init__.py",
    "web/test/deep/test_page.py",
    "web/test/helper.py",
    "shop/test_support/__init__.py",
    "shop/tests_e2e/__init__.py",
    "shop/tests_e2e/e2e_test_cart.py",
    "shop/tests_e2e/e2e_test_page.py",
    "shop/tests_e2e/helpers.py",
    "smoke_tests/__init__.py",
    "smoke_tests/conftest.py",
    "smoke_tests/helpers.py",
    "smoke_tests/test_cart.py",
    "smoke_tests/test_login.py",
}
OF_THE_APPLICATION = {
    "shop/__init__.py",
    "shop/contest.py",
    "shop/latest/__init__.py",
    "shop/test/__init__.py",
    "shop/test/client.py",
    "lab_tests/__init__.py",
    "lab_tests/blood_tests.py",
    "lab_tests/models.py",
    "lab_tests/urine_tests.py",
    "lab_tests/views.py",
    "shop/test_support/wheel.py",
    "testing/__init__.py",
    "web/__init__.py",
}


def test_by_the_names_of_files_and_folders() -> None:
    assert files_of_tests(OF_TESTS | OF_THE_APPLICATION) == OF_TESTS


def test_an_image_s_paths_are_absolute() -> None:
    paths = {f"/srv/{path}" for path in OF_TESTS | OF_THE_APPLICATION}
    assert files_of_tests(paths) == {f"/srv/{path}" for path in OF_TESTS}


def test_the_probe_says_the_same_of_the_same_tree(tmp_path: Path) -> None:
    for path in OF_TESTS | OF_THE_APPLICATION:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    selection = Selection(importlib.machinery.all_suffixes(), include_tests=False, exclude=[])
    selection.walk_package([("", [os.fspath(tmp_path)], (), "")])
    skipped = {name for name, (_, reason) in selection.skipped.items() if reason == TESTS}
    assert skipped == {module_name(path, "") for path in OF_TESTS}
    assert set(selection.modules) >= {module_name(path, "") for path in OF_THE_APPLICATION}
