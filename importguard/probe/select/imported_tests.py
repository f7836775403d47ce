"""Modules that have the name of a test and are none: code that is checked imports them.

``shop/ab_test.py`` and ``shop/test_client.py`` are left out by their names. Where a function imports one, no
other import loads it: a failure would show in production only.
"""

from __future__ import annotations

from importguard.probe.code.quick_scan import likely_imports
from importguard.probe.select.selection import TESTS
from importguard.probe.select.tests_by_name import has_test_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from importguard.probe.select.selection import Selection


def take_imported_tests(selection: Selection) -> None:
    """Select what was left out as a test by its own name, and is imported by what is selected.

    What lies in a folder of tests stays out, and so does what only a runner of tests imports.
    """
    folders = {name.rpartition(".")[0] for name in selection.modules} | selection.modules.keys()
    left_out = {
        name: path
        for name, (path, reason) in selection.skipped.items()
        if reason == TESTS and name.rpartition(".")[0] in folders
    }
    for name, file in list(selection.modules.items()) if left_out else ():
        for imported in _imported_names(name, file, left_out):
            selection.force_module(imported, left_out.pop(imported))


def _imported_names(name: str, file: str | None, left_out: Iterable[str]) -> list[str]:
    """Those of ``left_out`` that the file of the module ``name`` seems to import anywhere in it."""
    if not file or not file.endswith(".py") or _runs_tests(name.rpartition(".")[2]):
        return []
    try:
        with open(file, "rb") as opened:
            text = opened.read()
    except OSError:
        return []
    mentioned = [other for other in left_out if other.rpartition(".")[2].encode() in text]
    if not mentioned:
        return []
    package = name if file.endswith("/__init__.py") else name.rpartition(".")[0]
    found = set()
    for target, names in likely_imports(text, package):
        found.update([target, *(target + "." + one for one in names)])
    return [other for other in mentioned if other in found]


def _runs_tests(name: str) -> bool:
    """Whether a module's own name says that it runs tests, or helps them: ``run_tests``, ``testing``."""
    return has_test_word(name) or "testing" in name
