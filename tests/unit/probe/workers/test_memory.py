"""Each body runs once: what an import did is remembered, undone, and done again for the next importer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.probe.workers.applications import run_beside

PROGRAM = """
from importguard.probe.workers.memory import Memory


class Observer:  # of a sweep that asks nothing more
    selected = set()
    def begin(self, visit): pass
    def stumbled(self, error): raise error
    def imported(self, visit, memo, seconds): pass
    def end(self, visit, memo, seconds): pass
    def resolve(self, memo): return memo


before = dict(sys.modules)
memory = Memory(FATAL, PATCHED, Observer())
for name in NAMES:
    if name not in memory.memos and name not in memory.fatal:
        memory.observe(name)
answer = {
    "ran": RAN,
    "left": [name for name in sys.modules if name not in before],
    "memos": {
        name: {
            "error": memo.error and "%s: %s" % (type(memo.error).__name__, memo.error),
            "loaded": sorted(key for key in memo.loaded if key.partition(".")[0] in TOPS),
            "pending": type(memo.pending) is list,
            "cycle": sorted(memo.cycle),
        }
        for name, memo in memory.memos.items()
    },
    "fatal": memory.fatal,
}
"""


@pytest.fixture
def observe(tmp_path: Path) -> Any:
    """Observe the import of each of the names, one after the other, in one process."""

    def run(
        application: Mapping[str, str],
        *names: str,
        fatal: Mapping[str, str] | None = None,
        patched: Sequence[str] = (),
    ) -> Any:
        tops = sorted({path.partition("/")[0].partition(".")[0] for path in application})
        asked = (
            f"NAMES, FATAL, PATCHED, TOPS = {names!r}, {dict(fatal or {})!r}, {set(patched)!r}, {tops!r}\n"
        )
        return run_beside(tmp_path, application, asked + PROGRAM)

    return run


def test_a_body_runs_once_and_appears_for_each_importer(observe: Any) -> None:
    answer = observe({"a.py": "import c\n", "b.py": "import c\nc.VALUE\n", "c.py": "VALUE = 1\n"}, "a", "b")
    assert answer["ran"] == ["a", "c", "b"]
    assert answer["memos"]["a"]["loaded"] == ["a", "c"]
    assert answer["memos"]["b"]["loaded"] == ["b", "c"]


def test_after_each_import_the_process_has_its_baseline(observe: Any) -> None:
    answer = observe({"a.py": "import c\n", "c.py": ""}, "a")
    assert answer["left"] == []


def test_a_failed_body_runs_no_second_time_and_its_error_is_raised_again(observe: Any) -> None:
    answer = observe({"a.py": "import c\n", "b.py": "import c\n", "c.py": "import absent\n"}, "a", "b")
    assert answer["ran"] == ["a", "c", "b"]
    for name in ("a", "b", "c"):
        assert answer["memos"][name]["error"] == "ModuleNotFoundError: No module named 'absent'"


def test_what_one_import_brings_another_does_not_have(observe: Any) -> None:
    """In one process, ``b`` would find the submodule that ``a`` has bound on the package."""
    answer = observe(
        {"a.py": "import p.sub\n", "b.py": "import p\np.sub\n", "p/__init__.py": "", "p/sub.py": ""}, "a", "b"
    )
    assert answer["memos"]["a"]["error"] is None
    assert answer["memos"]["b"]["error"] == "AttributeError: module 'p' has no attribute 'sub'"


def test_what_a_module_changes_is_there_for_its_importers_alone(observe: Any) -> None:
    answer = observe(
        {
            "a.py": "import os\nos.environ['IG_MEMO'] = '1'\n",
            "b.py": "import os\nos.environ['IG_MEMO']\n",
            "c.py": "import a\nimport os\nos.environ['IG_MEMO']\n",
        },
        "a",
        "b",
        "c",
    )
    assert answer["memos"]["b"]["error"] == "KeyError: 'IG_MEMO'"
    assert answer["memos"]["c"]["error"] is None
    assert answer["ran"].count("a") == 1


def test_a_package_that_fails_takes_its_submodules_along(observe: Any) -> None:
    answer = observe({"p/__init__.py": "import p.sub\nimport absent\n", "p/sub.py": ""}, "p", "p.sub")
    assert answer["memos"]["p.sub"]["error"] == "ModuleNotFoundError: No module named 'absent'"
    assert answer["memos"]["p.sub"]["loaded"] == answer["memos"]["p"]["loaded"]


def test_a_module_that_ends_the_process_is_not_imported_and_neither_is_who_imports_it(observe: Any) -> None:
    application = {"a.py": "import b\n", "b.py": "import leaves\n", "leaves.py": "import os\nos._exit(0)\n"}
    answer = observe(application, "a", fatal={"leaves": "exited"})
    assert "leaves" not in answer["ran"]
    assert answer["fatal"] == {"leaves": "exited", "a": "ask", "b": "ask"}


def test_members_of_a_cycle_wait_for_a_verdict_of_their_own(observe: Any) -> None:
    """``b`` was imported while ``a`` was half imported: which is entered first decides."""
    answer = observe({"a.py": "import b\nVALUE = 1\n", "b.py": "import a\n"}, "a")
    assert answer["ran"] == ["a", "b"]
    assert answer["memos"]["a"] == {
        "error": None,
        "loaded": ["a", "b"],
        "pending": False,
        "cycle": ["a", "b"],
    }
    assert answer["memos"]["b"]["pending"] is True
    assert answer["memos"]["b"]["loaded"] == ["a", "b"], "what its first entry loaded"


def test_what_is_being_handled_is_no_part_of_an_error(observe: Any) -> None:
    """A fresh interpreter that imports ``c`` handles nothing meanwhile."""
    answer = observe(
        {
            "a.py": "try:\n    import absent\nexcept ImportError:\n    import c\n",
            "c.py": "raise ValueError('own')\n",
            "b.py": "try:\n    import c\nexcept ValueError as e:\n    assert e.__context__ is None\n",
        },
        "a",
        "b",
    )
    assert answer["memos"]["b"]["error"] is None
    assert answer["memos"]["a"]["error"] == "ValueError: own"


@pytest.mark.parametrize("patched", ["src.config", "config", ".config", "app.src.config"])
def test_what_a_function_sets_in_its_module_is_undone_under_each_name_of_it(
    observe: Any, patched: str
) -> None:
    application = {
        "src/config.py": "MODE = ''\ndef set_mode(m):\n    global MODE\n    MODE = m\n",
        "a.py": "import src.config\nsrc.config.set_mode('x')\n",
        "b.py": "import src.config\nassert src.config.MODE == 'x'\n",
    }
    answer = observe(application, "a", "b", patched=[patched])
    assert answer["memos"]["b"]["error"] == "AssertionError: "
    assert observe(application, "a", "b", patched=["other"])["memos"]["b"]["error"] is None


def test_a_package_that_fails_behind_a_submodule_that_passes_is_not_tried_without_end(observe: Any) -> None:
    """The submodule imports its package, which fails again, and is then another memo of that package."""
    application = {
        "lib/__init__.py": "from .version import V\nfrom .types import X\n",
        "lib/version.py": "V = 1\n",
        "lib/types.py": "from json import not_there\n",
        "a.py": "import lib\n",
    }
    answer = observe(application, "a", "lib", "lib.version")
    assert answer["memos"]["a"]["error"].startswith("ImportError: cannot import name 'not_there'")
    assert answer["ran"].count("lib") < 30, "thousands of times, where nothing ends that"
