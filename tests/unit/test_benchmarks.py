"""The README's fidelity table is the one that benchmarks/results.json gives, and its claims hold in it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from importguard.probe.select.selection import NO_NAME, Selection

ROOT = Path(__file__).parents[2]


def benchmark(name: str) -> ModuleType:
    """A file of benchmarks/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for annotations
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "benchmarks").glob("*.py"))])
def test_each_finds_what_it_imports_of_importguard(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))  # as of a file that Python runs
    benchmark(name)


@pytest.fixture(scope="module")
def results():
    return json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))


def test_readme_shows_the_results(results):
    table = benchmark("table")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert table.replaced(readme, table.render(results)) == readme, "run: python benchmarks/table.py --write"


def test_no_verdict_is_wrong(results):
    assert [line for project in results["projects"] for line in project["differences"]] == []
    assert all(project["complete"] for project in results["projects"])
    assert all(not project["missing_from_report"] for project in results["projects"])


def test_speed(results):
    cpu = results["total"]["cpu"]
    assert cpu["importguard"] <= 1.5 * cpu["naive"]
    assert cpu["truth"] >= 20 * cpu["importguard"]


def test_the_projects_are_enough_to_mean_something(results):
    projects, total = results["projects"], results["total"]
    assert len(projects) >= 5
    assert total["modules"] > 5000
    assert total["failing"] >= 300
    assert total["distinct_missing"] >= 60
    assert min(project["failing"] for project in projects) >= 5
    assert any(project["one_entry_cycles"] for project in projects)


def test_the_sum_is_the_sum(results):
    for key in ("modules", "failing", "causes", "naive_wrong", "importguard_wrong", "unstable_count"):
        assert results["total"][key] == sum(project[key] for project in results["projects"])


def test_the_versions_are_those_of_the_projects(results):
    pinned = {}
    for file in (ROOT / "benchmarks" / "projects").glob("*.txt"):
        lines = file.read_text().splitlines()
        if not any(
            line.startswith("# sample:") for line in lines
        ):  # an application, of which no table is kept
            pinned[file.stem] = lines[1].split("==")[1]
    assert {project["name"]: project["version"] for project in results["projects"]} == pinned


def test_a_report_is_read_as_one_verdict_a_module():
    compare = benchmark("compare")
    image = {
        "modules": [
            {"name": "a", "outcome": "failed"},
            {"name": "b", "outcome": "failed"},
            {"name": "c", "outcome": "imported"},
            {"name": "d", "outcome": "skipped"},
        ],
        "findings": [
            finding("IG101", "a", "x", reached=True),
            finding("IG102", "b", "c.name", reached=True),
            finding("IG101", "b", "y", reached=False),
        ],
    }
    verdicts = compare.reported(image)
    assert {name: (verdict.outcome, verdict.missing) for name, verdict in verdicts.items()} == {
        "a": ("failed", "x"),
        "b": ("failed", None),
        "c": ("imported", None),
    }


@pytest.fixture
def application(tmp_path):
    """A tree with one module of each kind."""
    files = {
        "good.py": "import json",
        "gone.py": "import no_such_module",
        "hidden.py": """
try:
    import no_such_module
except ImportError as error:
    raise RuntimeError("could not set up") from error
""",
        "nameless.py": """
try:
    import no_such_module
except ImportError as error:
    raise ModuleNotFoundError("install the extras") from error
""",
        "leaves.py": "import os; os._exit(0)",
        "raises_exit.py": "raise SystemExit(0)",
        "crashes.py": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "hangs.py": "while True: pass",
        "package/__init__.py": "",
        "package/test/cases.py": "",
        "package/tests/anything.py": "",
        "other/test/test_it.py": "",
        "other/namespaced.py": "",
        "class.py": "",
        "setup.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return str(tmp_path)


def test_the_walk_finds_what_can_be_imported(application):
    modules, left_out = benchmark("truth").walk(application)
    assert sorted(modules) == [
        "crashes",
        "gone",
        "good",
        "hangs",
        "hidden",
        "leaves",
        "nameless",
        "other.namespaced",
        "package",
        "package.test.cases",
        "raises_exit",
    ]
    assert sorted(left_out) == ["other.test.test_it", "package.tests.anything", "setup"]


def test_the_walk_and_the_probe_select_the_same(application):
    """They are written apart; a module that only one of them knows would never be compared."""
    modules, left_out = benchmark("truth").walk(application)
    selection = Selection([], include_tests=False, exclude=[])
    selection.walk_package(selection.add_folder_contents("", [selection.list_folder(application)]))
    assert sorted(selection.modules) == sorted(modules)
    skipped = {name for name, (_, reason) in selection.skipped.items() if reason != NO_NAME}
    assert sorted(skipped) == sorted(left_out)


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="memfd_create(2) is Linux's")
def test_the_truth_is_what_a_fresh_interpreter_says(application, capsys):
    names = ["good", "gone", "hidden", "nameless", "leaves", "raises_exit", "crashes", "hangs"]
    benchmark("truth").truth({"root": application, "modules": names, "timeout": 2})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["name"], line["outcome"], line["missing"]) for line in lines] == [
        ("good", "imported", None),
        ("gone", "failed", "no_such_module"),
        ("hidden", "failed", "no_such_module"),
        ("nameless", "failed", "no_such_module"),
        ("leaves", "exited", None),
        ("raises_exit", "exited", None),
        ("crashes", "crashed", None),
        ("hangs", "timed_out", None),
    ]


def test_a_module_without_a_verdict_differs():
    compare = benchmark("compare")
    truth = {"a": compare.Verdict("imported", None), "b": compare.Verdict("failed", "x", "one text")}
    other = {"b": compare.Verdict("failed", "x", "another text")}
    assert [difference.module for difference in compare.differing(truth, other)] == ["a"]


def finding(rule: str, module: str, missing: str, *, reached: bool) -> dict[str, object]:
    return {
        "rule": rule,
        "module": module,
        "missing": missing,
        "message": "",
        "affected": [module],
        "reached": reached,
    }


def test_missing_modules_get_the_name_of_the_right_distribution(results):
    names = benchmark("names")
    measured = names.measure()
    assert measured == json.loads(names.NAMES.read_text("utf-8")), "run: python benchmarks/names.py --write"
    assert measured["total"]["wrong"] == 0
    assert measured["total"]["right"] >= 100
    shown = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    assert names.render(measured).partition("\n\n")[0] in shown
    missing = {name for project in results["projects"] for name in project["missing"] if name.isidentifier()}
    standard = getattr(sys, "stdlib_module_names", missing)  # no such list below 3.10
    assert missing - standard - names.read_truth().keys() == set()


RECIPES = sorted((ROOT / "benchmarks" / "incidents").glob("*.toml"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_each_recipe_of_an_incident_can_be_read(file: Path) -> None:
    recipe = benchmark("incident_recipes").read_recipe(file)
    assert re.fullmatch("[0-9a-f]{40}", recipe.broken)
    assert re.fullmatch("[0-9a-f]{40}", recipe.fixed)
    assert recipe.broken != recipe.fixed
    assert recipe.source.startswith(f"https://github.com/{recipe.repository}/")
    assert re.fullmatch(r".+:\d+", recipe.expect.place)
    for known in (recipe.expect, *recipe.known):
        assert known.missing or known.module, known


def test_there_are_recipes_of_incidents() -> None:
    assert len(RECIPES) >= 12
