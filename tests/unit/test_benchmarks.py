"""The README's fidelity table is the one that benchmarks/results.json gives, and its claims hold in it."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

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
        pinned[file.stem] = file.read_text().splitlines()[1].split("==")[1]
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
