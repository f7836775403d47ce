"""Which verdicts are final, and what is asked again: the supervisor's decisions, with no process at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Optional

import pytest

from importguard.probe.supervisor import Supervisor
from importguard.probe.verdicts import Verdict

ABSENT = ("ModuleNotFoundError", "No module named 'absent'", "absent", [], [])
BUSY = ("OSError", "[Errno 98] Address already in use", None, [], [])
WRONG = ("ValueError", "wrong", None, [("/app/shop/a.py", 1, "<module>", "shop.a")], [])


class Told(Supervisor):
    """A supervisor of three modules whose frames are kept; ``start`` starts nothing."""

    def __init__(self, jobs: int = 2) -> None:
        self.frames: list[tuple[str, dict[str, Any]]] = []
        limits = {"timeout": 60.0, "module_timeout": 9.0, "jobs": jobs}
        request: Any = {"secret": "s", "exact": False, "only": [], "reverse": False, **limits}
        super().__init__(request, {})
        self.modules = ["shop.a", "shop.b", "shop.c"]
        self.sweep.extend(self.modules)
        self.found = self.verdicts.found = {"modules": [(name, None) for name in self.modules], "environ": {}}
        self.started: list[str] = []

    def write_frame(self, event: str, **values: object) -> None:
        self.frames.append((event, values))

    def start_worker(self, kind: str, modules: list[str], find: object = ()) -> Any:
        self.started.append(f"{kind} {' '.join(modules)}")
        worker = SimpleNamespace(kind=kind, modules=modules, is_waiting=False, verdict=None)
        self.workers[len(self.started)] = worker  # type: ignore[assignment]
        return worker

    @property
    def told(self) -> dict[str, str]:
        """The final verdicts, as the host hears them."""
        return {
            str(values["name"]): str(values["outcome"]) for event, values in self.frames if event == "module"
        }


@pytest.fixture
def supervisor() -> Told:
    return Told()


def swept(
    supervisor: Supervisor, name: str, failure: Any = None, doubt: Optional[str] = None, **extra: Any
) -> None:
    """The sweep says this of a module."""
    verdict = Verdict(name, "failed" if failure else "imported", failure, "", 0.1)
    supervisor.take_sweep_verdict(verdict, {"doubt": doubt, "rests": [], **extra})


def asked(supervisor: Supervisor, name: str, outcome: str, failure: Any = None, kind: str = "fresh") -> None:
    """A fresh interpreter says this of a module."""
    worker: Any = SimpleNamespace(kind=kind)
    if name in supervisor.fresh:
        supervisor.fresh.remove(name)
    supervisor.take_fresh_verdict(
        worker, Verdict(name, outcome, failure, "", 0.1), {"loaded": [], "lost": []}
    )


def test_what_the_sweep_is_sure_of_is_told_at_once(supervisor: Told) -> None:
    swept(supervisor, "shop.a")
    swept(supervisor, "shop.b", ABSENT)
    assert supervisor.told == {"shop.a": "imported", "shop.b": "failed"}
    assert (list(supervisor.fresh), list(supervisor.sweep)) == ([], ["shop.c"])


def test_what_it_is_not_sure_of_is_told_when_a_fresh_interpreter_has_spoken(supervisor: Told) -> None:
    swept(supervisor, "shop.a", WRONG, "error")
    assert (supervisor.told, list(supervisor.fresh)) == ({}, ["shop.a"])
    asked(supervisor, "shop.a", "imported")
    assert supervisor.told == {"shop.a": "imported"}


def test_one_answer_is_enough_for_those_that_fail_alike(supervisor: Told) -> None:
    for name in supervisor.modules:
        swept(supervisor, name, WRONG, "error")
    assert list(supervisor.fresh) == ["shop.a"]
    asked(supervisor, "shop.a", "failed", WRONG)
    assert supervisor.told == dict.fromkeys(supervisor.modules, "failed")


def test_where_the_answer_is_another_all_are_asked(supervisor: Told) -> None:
    for name in supervisor.modules:
        swept(supervisor, name, WRONG, "error")
    asked(supervisor, "shop.a", "imported")
    assert supervisor.told == {"shop.a": "imported"}
    assert list(supervisor.fresh) == ["shop.b", "shop.c"]


def test_the_entry_point_of_production_is_never_inferred(supervisor: Told) -> None:
    supervisor.starts = {"shop.a": {}}
    swept(supervisor, "shop.a")
    assert supervisor.told == {}


def test_who_reaches_a_module_that_ends_the_process_ends_with_it(supervisor: Told) -> None:
    asked(supervisor, "shop.a", "exited")
    swept(supervisor, "shop.b", heir="shop.a")
    assert supervisor.told == {"shop.a": "exited", "shop.b": "exited"}


def test_the_sweep_stops_where_it_died_until_the_culprit_is_judged(supervisor: Told) -> None:
    """``shop.a`` was being imported, and in it ``shop.b``."""
    supervisor.blame_nested_import(["shop.a", "shop.b"])
    assert (supervisor.suspect, list(supervisor.fresh)) == ("shop.b", ["shop.b"])
    supervisor.start_waiting_work()
    assert supervisor.started == ["fresh shop.b"]
    asked(supervisor, "shop.b", "crashed")
    assert (supervisor.suspect, supervisor.fatal) == (None, {"shop.b": "crashed"})
    supervisor.start_waiting_work()
    assert supervisor.started[-1] == "sweep shop.a shop.c", "which gets by without it"


def test_what_passes_alone_and_kills_the_sweep_twice_is_left_to_fresh_interpreters(supervisor: Told) -> None:
    for _ in range(2):
        supervisor.blame_nested_import(["shop.b"])
        supervisor.verdicts.final.pop("shop.b", None)
        asked(supervisor, "shop.b", "imported")
    assert supervisor.fatal == {"shop.b": "ask"}


def test_a_port_that_another_worker_may_hold_is_tried_with_nothing_beside_it(supervisor: Told) -> None:
    asked(supervisor, "shop.a", "failed", BUSY)
    assert (supervisor.told, list(supervisor.alone)) == ({}, ["shop.a"])
    asked(supervisor, "shop.a", "failed", BUSY, kind="alone")
    assert supervisor.told == {"shop.a": "failed"}


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


def test_a_process_that_was_killed_is_tried_alone_first(supervisor: Told) -> None:
    """It may have been for want of memory, which another worker took."""
    supervisor.take_worker_death(ended("shop.a", "signal SIGKILL"))
    assert (supervisor.told, list(supervisor.alone)) == ({}, ["shop.a"])


def test_a_process_that_ended_without_a_word_is_asked_where(supervisor: Told) -> None:
    supervisor.take_worker_death(ended("shop.a", "exit code 0"))
    (waiting,) = supervisor.where
    assert (supervisor.told, waiting.name, waiting.outcome) == ({}, "shop.a", "crashed")


def test_an_interpreter_that_never_began_is_told_as_that(supervisor: Told) -> None:
    supervisor.take_worker_death(ended("shop.a", "exit code 0", current=[]))
    ((_, told),) = supervisor.frames
    assert told["detail"] == "the interpreter did not start: exit code 0"


def test_workers_that_wait_leave_their_place_to_others() -> None:
    supervisor = Told(jobs=2)
    supervisor.sweep.clear()
    supervisor.fresh.extend(supervisor.modules)
    supervisor.start_waiting_work()
    assert supervisor.started == ["fresh shop.a", "fresh shop.b"]
    for worker in supervisor.workers.values():
        worker.is_waiting = True
    supervisor.start_waiting_work()
    assert supervisor.started[2:] == ["fresh shop.c"]
