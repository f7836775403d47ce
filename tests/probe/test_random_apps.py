"""The fast plan against fresh interpreters on random applications: a part of benchmarks/random_apps.py."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


SEEDS = (28, 36, 37, 44, 45, 52, 55)
"""Of each, a plan was wrong: it bound half-imported modules too early, or did not ask members of a circle."""

SEEDS_OF_CYCLES = (38, 81, 109)
"""Of each, a plan was wrong: it did not hear the doubts of a member's run as the entry."""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_says_what_fresh_interpreters_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    random_apps = importlib.import_module("random_apps")
    modules, failing, differences = random_apps.compare(random_apps.write(seed, random_apps.MODULES))
    assert 0 < failing <= modules == random_apps.MODULES
    assert [str(difference) for difference in differences] == []


@pytest.mark.parametrize("seed", SEEDS_OF_CYCLES)
def test_dense_cycles(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    random_apps = importlib.import_module("random_apps")
    modules, failing, differences = random_apps.compare(random_apps.write_cycles(seed))
    assert 0 < failing <= modules
    assert [str(difference) for difference in differences] == []


def test_an_application_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    random_code = importlib.import_module("random_code")
    assert random_code.write(1) == random_code.write(1) != random_code.write(2)
