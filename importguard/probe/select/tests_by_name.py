"""Which modules are tests, by the names that pytest and unittest go by. The host asks it of a source too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TEST_FOLDERS = frozenset(["tests", "test"])


def names_a_test(module: str) -> bool:
    """Whether pytest or unittest would take a module of this name for a test, or for a part of one."""
    return module == "conftest" or module.startswith("test_") or module.endswith("_test")


def is_test_folder(name: str, modules: Iterable[str]) -> bool:
    """Whether a folder is one of tests; ``modules`` are the names of the modules in it and below it.

    A folder ``test`` must hold some: ``django.test``, say, is what applications import.
    """
    return name == "tests" or (name == "test" and any(map(names_a_test, modules)))
