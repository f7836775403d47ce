"""Which modules are tests, by the names that pytest and unittest go by. The host asks it of a source too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = frozenset(["tests", "test", "e2e"])


def names_a_test(module: str) -> bool:
    """Whether pytest or unittest would take a module of this name for a test, or for a part of one."""
    return module == "conftest" or module.startswith("test_") or module.endswith("_test")


def is_called_tests(folder: str) -> bool:
    """Whether a folder's name says that it may be one of tests: ``tests``, ``test``, ``tests_e2e``."""
    return not _WORDS.isdisjoint(folder.split("_"))


def is_test_folder(name: str, modules: Iterable[str]) -> bool:
    """Whether a folder is one of tests; ``modules`` are the names of the modules in it and below it.

    A folder ``test`` must hold some: ``django.test``, say, is what applications import. Of another, such as
    ``tests_e2e``, most must say so: ``lab_tests`` may be an application for laboratories.
    """
    if name in ("tests", "test"):
        return name == "tests" or any(map(names_a_test, modules))
    said = [is_called_tests(module) or module == "conftest" for module in modules if module != "__init__"]
    return is_called_tests(name) and 2 * sum(said) > len(said)
