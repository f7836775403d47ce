"""Which verdicts are final, and what is asked again: the decisions, with no process at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Optional

import pytest

from importguard.probe.verdict_decisions import VerdictDecisions
from importguard.probe.verdicts import Verdict, Verdicts
from importguard.probe.worker_pool import WorkerPool

ABSENT = ("ModuleNotFoundError", "No module named 'absent'", "absent", [], [])
BUSY = ("OSError", "[Errno 98] Address already in use", None, [], [])
WRONG = ("ValueError", "wrong", None, [("/app/shop/a.py", 1, "<module>", "shop.a")], [])


class Decisions(VerdictDecisions):
    """The decisions on three modules, whose frames are kept."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, dict[str, Any]]] = []
        self.modules = ["shop.a", "shop.b", "shop.c"]
        discovery: Any = {"modules": [(name, None) for name in self.modules], "environ": {}}
        super().__init__(Verdicts(discovery, lambda event, **values: self.frames.append((event, values))))
        self.sweep.extend(self.modules)

    @property
    def told(self) -> dict[str, str]:
        """The final verdicts, as the host hears them."""
        return {
            str(values["name"]): str(values["outcome"]) for event, values in self.frames if event == "module"
        }


class Pool(WorkerPool):
    """A pool for ``decisions`` that starts nothing."""

    def __init__(self, decisions: VerdictDecisions, jobs: int = 2) -> None:
        request: Any = {"secret": "s", "module_timeout": 9.0, "jobs": jobs}
        discovery: Any = {"setup": None}
        launch: Any = None
        super().__init__(request, {}, launch, discovery, decisions, ends=0.0)
        self.started: list[str] = []

    def start_worker(self, kind: str, modules: list[str], find: object = ()) -> Any:
        self.started.append(f"{kind} {' '.join(modules)}")
        worker = SimpleNamespace(kind=kind, modules=modules, is_waiting=False, verdict=None)
        self.workers[len(self.started)] = worker  # type: ignore[assignment]
        return worker


@pytest.fixture
def decisions() -> Decisions:
    return Decisions()


def swept(
    decisions: VerdictDecisions, name: str, failure: Any = None, doubt: Optional[str] = None, **extra: Any
) -> None:
    """The sweep says this of a module."""
    verdict = Verdict(name, "failed" if failure else "imported", failure, "", 0.1)
    decisions.take_sweep_verdict(verdict, {"doubt": doubt, "rests": [], **extra})


def asked(
    decisions: VerdictDecisions, name: str, outcome: str, failure: Any = None, kind: str = "fresh"
) -> None:
    """A fresh interpreter says this of a module."""
    worker: Any = SimpleNamespace(kind=kind)
    if name in decisions.fresh:
        decisions.fresh.remove(name)
    decisions.take_fresh_verdict(worker, Verdict(name, outcome, failure, "", 0.1), {"loaded": [], "lost": []})


def test_what_the_sweep_is_sure_of_is_told_at_once(decisions: Decisions) -> None:
    swept(decisions, "shop.a")
    swept(decisions, "shop.b", ABSENT)
    assert decisions.told == {"shop.a": "imported", "shop.b": "failed"}
    assert (list(decisions.fresh), list(decisions.sweep)) == ([], ["shop.c"])


def test_what_it_is_not_sure_of_is_told_when_a_fresh_interpreter_has_spoken(decisions: Decisions) -> None:
    swept(decisions, "shop.a", WRONG, "error")
    assert (decisions.told, list(decisions.fresh)) == ({}, ["shop.a"])
    asked(decisions, "shop.a", "imported")
    assert decisions.told == {"shop.a": "imported"}


def test_one_answer_is_enough_for_those_that_fail_alike(decisions: Decisions) -> None:
    for name in decisions.modules:
        swept(decisions, name, WRONG, "error")
    assert list(decisions.fresh) == ["shop.a"]
    asked(decisions, "shop.a", "failed", WRONG)
    assert decisions.told == dict.fromkeys(decisions.modules, "failed")


def test_where_the_answer_is_another_all_are_asked(decisions: Decisions) -> None:
    for name in decisions.modules:
        swept(decisions, name, WRONG, "error")
    asked(decisions, "shop.a", "imported")
    assert decisions.told == {"shop.a": "imported"}
    assert list(decisions.fresh) == ["shop.b", "shop.c"]


def test_the_entry_point_of_production_is_never_inferred(decisions: Decisions) -> None:
    decisions.starts = {"shop.a": {}}
    swept(decisions, "shop.a")
    assert decisions.told == {}


def test_who_reaches_a_module_that_ends_the_process_ends_with_it(decisions: Decisions) -> None:
    asked(decisions, "shop.a", "exited")
    swept(decisions, "shop.b", heir="shop.a")
    assert decisions.told == {"shop.a": "exited", "shop.b": "exited"}


def test_the_sweep_stops_where_it_died_until_the_culprit_is_judged(decisions: Decisions) -> None:
    """``shop.a`` was being imported, and in it ``shop.b``."""
    pool = Pool(decisions)
    decisions.blame_nested_import(["shop.a", "shop.b"])
    assert (decisions.suspect, list(decisions.fresh)) == ("shop.b", ["shop.b"])
    pool.start_waiting_work()
    assert pool.started == ["fresh shop.b"]
    asked(decisions, "shop.b", "crashed")
    assert (decisions.suspect, decisions.fatal) == (None, {"shop.b": "crashed"})
    pool.start_waiting_work()
    assert pool.started[-1] == "sweep shop.a shop.c", "which gets by without it"


def test_what_passes_alone_and_kills_the_sweep_twice_is_left_to_fresh_interpreters(
    decisions: Decisions,
) -> None:
    for _ in range(2):
        decisions.blame_nested_import(["shop.b"])
        decisions.verdicts.final.pop("shop.b", None)
        asked(decisions, "shop.b", "imported")
    assert decisions.fatal == {"shop.b": "ask"}


def test_a_port_that_another_worker_may_hold_is_tried_with_nothing_beside_it(decisions: Decisions) -> None:
    asked(decisions, "shop.a", "failed", BUSY)
    assert (decisions.told, list(decisions.alone)) == ({}, ["shop.a"])
    asked(decisions, "shop.a", "failed", BUSY, kind="alone")
    assert decisions.told == {"shop.a": "failed"}


def ended(name: str, detail: str, **more: Any) -> Any:
    """A fresh worker whose process has ended without a verdict on ``name``."""
    fields: dict[str, Any] = {
        "kind": "fresh",
        "modules": [name],
        "current": [name],
        "raised": None,
        "heard": 0.0,
    }
    fields.update({"verdict": None, "ended": False, "last_words": lambda: "", "seconds": lambda: 0.0, **more})
    return SimpleNamespace(how_it_ended=lambda: ("crashed", detail), **fields)


def test_a_process_that_was_killed_is_tried_alone_first(decisions: Decisions) -> None:
    """It may have been for want of memory, which another worker took."""
    decisions.take_worker_death(ended("shop.a", "signal SIGKILL"), ())
    assert (decisions.told, list(decisions.alone)) == ({}, ["shop.a"])


def test_a_process_that_ended_without_a_word_is_asked_where(decisions: Decisions) -> None:
    decisions.take_worker_death(ended("shop.a", "exit code 0"), ())
    (waiting,) = decisions.where
    assert (decisions.told, waiting.name, waiting.outcome) == ({}, "shop.a", "crashed")


def test_an_interpreter_that_never_began_is_told_as_that(decisions: Decisions) -> None:
    decisions.take_worker_death(ended("shop.a", "exit code 0", current=[]), ())
    ((_, told),) = decisions.frames
    assert told["detail"] == "the interpreter did not start: exit code 0"


def test_workers_that_wait_leave_their_place_to_others() -> None:
    decisions = Decisions()
    decisions.sweep.clear()
    decisions.fresh.extend(decisions.modules)
    pool = Pool(decisions, jobs=2)
    pool.start_waiting_work()
    assert pool.started == ["fresh shop.a", "fresh shop.b"]
    for worker in pool.workers.values():
        worker.is_waiting = True
    pool.start_waiting_work()
    assert pool.started[2:] == ["fresh shop.c"]
