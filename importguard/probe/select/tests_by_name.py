"""Which modules are tests, by the names that pytest and unittest go by. The host asks it of a source too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_WORDS = frozenset(["tests", "test", "e2e"])
_KINDS = frozenset(["unit", "integration", "functional", "end", "to"])


def names_a_test(module: str) -> bool:
    """Whether pytest or unittest would take a module of this name for a test, or for a part of one."""
    return module == "conftest" or module.startswith("test_") or module.endswith("_test")


def is_called_tests(folder: str) -> bool:
    """Whether a folder's name alone says that it is one of tests: ``tests``, ``test``, ``tests_e2e``.

    Every word of it must: ``lab_tests`` is an application for laboratories.
    """
    words = folder.split("_")
    return has_test_word(folder) and all(word in _WORDS or word in _KINDS for word in words)


def has_test_word(name: str) -> bool:
    """Whether a folder or module may be one of tests by a word of its name: ``lab_tests`` may be one, too."""
    return not _WORDS.isdisjoint(name.split("_"))


def is_test_folder(name: str, modules: Iterable[str]) -> bool:
    """Whether a folder is one of tests; ``modules`` are the names of the modules in it and below it.

    A folder ``test`` must hold some: ``django.test``, say, is what applications import. Of another, such as
    ``tests_e2e``, most must say so; of ``smoke_tests`` a conftest must, too: ``lab_tests`` has none.
    """
    if name in ("tests", "test"):
        return name == "tests" or any(map(names_a_test, modules))
    others = [module for module in modules if module != "__init__"]
    most = sum(has_test_word(module) or module == "conftest" for module in others) * 2 > len(others)
    if is_called_tests(name):
        return most
    return has_test_word(name) and most and "conftest" in others
