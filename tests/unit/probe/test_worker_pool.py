"""When workers are started."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from importguard.probe import worker_pool
from importguard.probe.worker_pool import WorkerPool


@pytest.fixture
def pool() -> Any:
    """One that has a module to ask, and whose workers never start: the limit of processes is reached."""
    queues = SimpleNamespace(
        sweep=[], suspect=None, fresh=deque(["shop"]), where=deque(), alone=deque(), starts={}
    )
    made: Any = WorkerPool.__new__(WorkerPool)
    made.jobs, made.workers, made.decisions, made.full_since = 2, {}, queues, 0.0
    made.start_worker = refuse
    return made


def refuse(kind: str, modules: list[str]) -> None:
    raise BlockingIOError


def test_what_cannot_start_waits_for_what_runs(pool: Any) -> None:
    """A module's threads or processes fill the limit; they end with it."""
    assert pool.start_waiting_work()
    assert list(pool.decisions.fresh) == ["shop"]
    asked = []
    pool.start_worker = lambda kind, modules: asked.append(modules)
    pool.start_waiting_work()
    assert (asked, list(pool.decisions.fresh)) == ([["shop"]], [])


def test_where_nothing_runs_it_waits_for_some_seconds(pool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pool.start_waiting_work()
    monkeypatch.setattr(worker_pool, "FULL_SECONDS", -1.0)
    with pytest.raises(BlockingIOError):
        pool.start_waiting_work()
    pool.workers = {1: SimpleNamespace(kind="sweep", is_waiting=False)}
    assert pool.start_waiting_work()
