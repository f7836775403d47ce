"""Circular imports, judged from each member as the entry, with modules given as text."""

from __future__ import annotations

import sys
from textwrap import dedent
from types import SimpleNamespace
from typing import Any, Optional

import pytest

from importguard.probe.code.imports import parse_module
from importguard.probe.workers.simulation import Fails, Simulation, Undecided
from importguard.probe.workers.statements import import_operations

ABSENT = ModuleNotFoundError("No module named 'absent'", name="absent")


class World:
    """Modules in a cycle, given as text, and what is known of those outside."""

    def __init__(
        self, sources: dict[str, str], outside: Optional[dict[str, Any]] = None, **options: Any
    ) -> None:
        self.sources = {name: dedent(source) for name, source in sources.items()}
        self.outside = {"absent": ABSENT, "ok": SimpleNamespace(name=1), **(outside or {})}
        self.packages = {name.rpartition(".")[0] for name in sources}
        self.failures = options.get("failures", {})
        self.unreadable = options.get("unreadable", ())
        self.asked: list[str] = []

    def fact(self, name: str, parent: str) -> Any:
        self.asked.append(name)
        known = self.outside[name]
        if isinstance(known, BaseException):
            return SimpleNamespace(error=known, module=None)
        return None if known is None else SimpleNamespace(error=None, module=known)

    def operations_of(self, name: str) -> Any:
        if name in self.unreadable:
            return None
        return import_operations(parse_module(self.sources[name], name + ".py"), name, name in self.packages)

    def enter(self, name: str) -> Simulation:
        files = {module: "/" + module + ".py" for module in self.sources}
        simulation = Simulation(
            self.sources.__contains__, self.fact, self.operations_of, files, self.failures
        )
        simulation.simulate_import(name)
        return simulation


def verdict(sources: dict[str, str], entry: str, **options: Any) -> str:
    """passes | undecided | the message of the error by which the import fails."""
    try:
        World(sources, **options).enter(entry)
    except Undecided:
        return "undecided"
    except Fails as fails:
        return str(fails.memo.error)
    return "passes"


NAME_FIRST = {"a": "value = 1\nfrom b import other", "b": "from a import value\nother = 2"}
NAME_LAST = {"a": "from b import other\nvalue = 1", "b": "from a import value\nother = 2"}


def test_a_cycle_passes_from_the_entry_that_binds_the_name_first() -> None:
    assert verdict(NAME_FIRST, "a") == "passes"
    assert verdict(NAME_LAST, "b") == "undecided"


def test_a_name_that_is_not_bound_yet_must_be_run_for_real() -> None:
    assert verdict(NAME_FIRST, "b") == "undecided"  # a asks the half-imported b for a name bound at its end
    assert verdict(NAME_LAST, "a") == "undecided"


def test_a_cycle_by_module_passes_from_both_ends() -> None:
    both = {"a": "import b\nvalue = 1", "b": "import a\nother = 2"}
    assert verdict(both, "a") == "passes"
    assert verdict(both, "b") == "passes"


def test_an_attribute_of_a_half_imported_module() -> None:
    taken = {"a": "import b\nclass A: pass", "b": "import a\nclass B(a.A): pass"}
    assert verdict(taken, "a") == "undecided"
    assert verdict(taken, "b") == "passes"


@pytest.mark.parametrize(
    "use",
    [
        "x = a.A",
        "x = [a.A]",
        "f(a.A.method)",
        "def f(x=a.A): pass",
        "def f(*, x=a.A): pass",
        "@a.A\ndef f(): pass",
        "@a.A\nclass C: pass",
        "class C:\n    x = a.A",
        "class C(metaclass=a.A): pass",
        "if a.A: pass",
        "for x in a.A: pass",
        "while a.A: pass",
        "with a.A: pass",
        "a.A.attribute = 1",
        "x: int = a.A",
        "x += a.A",
        "(y := a.A)",
    ],
)
def test_expressions_that_run_at_import_use_names(use: str) -> None:
    if ":=" in use and sys.version_info < (3, 8):
        pytest.skip("assignment expressions came with Python 3.8")
    assert verdict({"a": "import b\nA = 1", "b": "import a\n" + use}, "a") == "undecided"
    assert verdict({"a": "A = 1\nimport b", "b": "import a\n" + use}, "a") == "passes"


@pytest.mark.parametrize(
    "use", ["f = lambda: a.A", "def f():\n    return a.A", "x = a.__name__", "x = not_a.A"]
)
def test_what_does_not_run_at_import_uses_nothing(use: str) -> None:
    assert verdict({"a": "import b\nA = 1", "b": "import a\n" + use}, "a") == "passes"


@pytest.mark.parametrize(
    "binding",
    [
        "n = 1",
        "n: int = 1",
        "m, (n, *o) = x",
        "def n(): pass",
        "async def n(): pass",
        "class n: pass",
        "import ok as n",
        "from ok import name as n",
        "for n in x: pass",
        "with x as n: pass",
        "n += 1",
        "if x:\n    n = 1\nelse:\n    n = 2",
        "try:\n    n = 1\nexcept KeyError:\n    n = 2",
        "(n := 1)",
    ],
)
def test_statements_that_bind_a_name(binding: str) -> None:
    modules = {"a": binding + "\nimport b", "b": "from a import n"}
    assert verdict(modules, "a") == "passes"
    assert verdict({**modules, "a": "import b\n" + binding}, "a") == "undecided"


@pytest.mark.parametrize(
    "statement", ["n: int", "del n", "class C:\n    n = 1", "def f():\n    n = 1", "a.n = 1"]
)
def test_statements_that_bind_no_name_of_the_module(statement: str) -> None:
    assert verdict({"a": statement + "\nimport b", "b": "from a import n"}, "a") == "undecided"


def test_a_module_that_is_known_to_fail_fails_its_importers_with_the_way_there() -> None:
    world = World({"a": "import b", "b": "import a\n\nfrom absent import x"})
    with pytest.raises(Fails) as failure:
        world.enter("a")
    assert failure.value.memo.error is ABSENT
    assert failure.value.lead == [("/a.py", 1, "<module>", "a"), ("/b.py", 3, "<module>", "b")]


def test_a_body_that_fails_by_itself_fails_on_its_line() -> None:
    memo = SimpleNamespace(error=ZeroDivisionError("by itself"))
    modules = {"a": "import b\nx = 1\n\ny = 2\n", "b": "import a\n"}
    assert verdict(modules, "b", failures={"a": (4, memo)}) == "by itself"
    assert verdict({"a": "import absent\n"}, "a", failures={"a": (1, memo)}) == "by itself"
    assert verdict({"a": "if x:\n    import ok\n"}, "a", failures={"a": (1, memo)}) == "undecided"
    late = {"a": "import ok\nx = 1\nimport absent\n", "b": "import a\n"}
    assert verdict(late, "b", failures={"a": (2, memo)}) == "by itself"
    assert verdict(late, "b", failures={"a": (4, memo)}) == "No module named 'absent'"


def test_what_failed_fails_for_the_next_importer_too() -> None:
    twice = "try:\n    import {0}\nexcept ImportError:\n    pass\nimport {0}"
    for module in ("b", "absent"):
        modules = {"a": twice.format(module), "b": "import absent"}
        assert verdict(modules, "a") == "No module named 'absent'"


@pytest.mark.parametrize(
    "caught", ["ImportError", "ModuleNotFoundError", "Exception", "(KeyError, x.ImportError)", ""]
)
def test_a_guard_that_takes_the_error(caught: str) -> None:
    guarded = f"try:\n    import b\nexcept {caught}:\n    b = None\nn = 1\nimport c"
    assert verdict({"a": guarded, "b": "import a\nimport absent", "c": "from a import n"}, "a") == "passes"


def test_a_guard_for_another_error_takes_nothing() -> None:
    guarded = "try:\n    import b\nexcept KeyError:\n    b = None\n"
    assert verdict({"a": guarded, "b": "import a\nimport absent"}, "a") == "No module named 'absent'"


def test_the_handler_s_own_imports_run() -> None:
    guarded = "try:\n    import absent\nexcept ImportError:\n    import other\n"
    assert verdict({"a": guarded}, "a", outside={"other": OSError("other")}) == "other"


def test_else_and_finally() -> None:
    source = (
        "try:\n    import {}\nexcept ImportError:\n    pass\n"
        "else:\n    import second\nfinally:\n    import third"
    )
    outside = {"second": OSError("second"), "third": OSError("third")}
    assert verdict({"a": source.format("ok")}, "a", outside=outside) == "second"
    assert verdict({"a": source.format("absent")}, "a", outside=outside) == "third"


def test_a_guard_that_is_computed_is_undecided() -> None:
    guarded = "try:\n    import absent\nexcept errors():\n    pass\n"
    assert verdict({"a": guarded}, "a") == "undecided"


def test_a_guard_does_not_hide_what_is_undecided() -> None:
    guarded = {
        "a": "try:\n    from b import y\nexcept ImportError:\n    y = 0\nx = 1",
        "b": "from a import x\ny = 2",
    }
    assert verdict(guarded, "a") == "undecided"


CONDITIONS = {
    "True": True,
    "0": False,
    "not 0": True,
    "TYPE_CHECKING": False,
    "not typing.TYPE_CHECKING": True,
    "__name__ == '__main__'": False,
    "'__main__' == __name__": False,
    "__name__ != '__main__'": True,
    "__name__ == 'a'": None,
    "__name__ in ('__main__', 'a')": None,
    "sys.version_info >= (3, 5)": True,
    "sys.version_info < (3, 5)": False,
    "sys.version_info[0] == 2": None,
    "sys.version_info > x": None,
    f"sys.platform == {sys.platform!r}": True,
    "sys.platform != 'a-platform'": True,
    "sys.platform == 'a-platform'": False,
    "sys.platform in ('x', 'y')": None,
    "os.name == 'nt'": None,
    "1 < sys.version_info < 3": None,
    "x": None,
    "not x": None,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions(condition: str) -> None:
    source = f"if {condition}:\n    import one\nelse:\n    import two\n"
    outcomes = {True: "passes", False: "two", None: "undecided"}
    outside = {"one": None, "two": OSError("two")}
    assert verdict({"a": source}, "a", outside=outside) == outcomes[CONDITIONS[condition]]


def test_both_ways_of_an_open_condition_must_pass() -> None:
    assert verdict({"a": "if x:\n    import ok\nelse:\n    import ok\n"}, "a") == "passes"
    assert verdict({"a": "if x:\n    import absent\n"}, "a") == "undecided"
    assert verdict({"a": "for i in x:\n    import absent\n"}, "a") == "undecided"


def test_raise_is_only_passed_over_where_it_may_not_run() -> None:
    assert verdict({"a": "if x:\n    raise ValueError\n"}, "a") == "passes"
    assert verdict({"a": "if True:\n    raise ValueError\n"}, "a") == "undecided"
    assert verdict({"a": "raise ValueError\n"}, "a") == "undecided"


def test_an_import_that_leaves_the_top_and_a_file_that_cannot_be_read_are_undecided() -> None:
    assert verdict({"a": "from .. import x"}, "a") == "undecided"
    assert verdict({"a": "import b", "b": ""}, "a", unreadable=("b",)) == "undecided"


PACKAGE = {"p": "from p.a import value", "p.a": "from p import b\nvalue = 1", "p.b": "import p\nother = 2"}


def test_a_submodule_is_bound_on_its_package_when_it_is_whole() -> None:
    assert verdict(PACKAGE, "p.b") == "passes"
    simulation = World(PACKAGE).enter("p.b")
    assert simulation.bound["p"]["b"] == "p.b"
    assert simulation.complete == {"p", "p.a", "p.b"}


def test_a_package_has_no_attribute_for_a_submodule_that_is_half_imported() -> None:
    taken = {"p.a": "import p.b\nx = p.b.y", "p.b": "import p.a\ny = 1"}
    for package in ({"p": ""}, {}):  # in the cycle, and outside of it
        modules = {**package, **taken}
        assert verdict(modules, "p.a", outside={"p": SimpleNamespace()}) == "passes"
        assert verdict(modules, "p.b", outside={"p": SimpleNamespace()}) == "undecided"


def test_star_imports() -> None:
    whole = {"a": "from b import *\nfrom c import x", "b": "x = 1\n_y = 2", "c": "from a import x"}
    assert verdict(whole, "a") == "passes"
    assert verdict({**whole, "c": "from a import _y"}, "a") == "undecided"
    assert verdict({"a": "import b\nx = 1", "b": "from a import *"}, "a") == "undecided"
    outside = {"lib": SimpleNamespace(x=1)}
    assert verdict({**whole, "a": "from lib import *\nimport c", "b": ""}, "a", outside=outside) == "passes"
    unknown = {"lib": object()}
    assert verdict({"a": "from lib import *"}, "a", outside=unknown) == "undecided"


def test_the_outside_is_asked_once_and_its_parents_first() -> None:
    world = World({"a": "import lib.x\nimport b", "b": "import lib.x"}, {"lib": None, "lib.x": None})
    world.enter("a")
    assert world.asked == ["lib", "lib.x"]


def test_two_entries_of_one_cycle_differ() -> None:
    modules = {"a": "import b\nimport absent", "b": "import c\nimport gone", "c": "import a\nx = 1"}
    outside = {"gone": ModuleNotFoundError("gone", name="gone")}
    assert {entry: verdict(modules, entry, outside=outside) for entry in modules} == {
        "a": "gone",
        "b": "No module named 'absent'",
        "c": "gone",
    }
