"""Which of the imports that are being observed an import belongs to, and which it meets half imported."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from importguard.probe.workers.memo import Memo
from importguard.probe.workers.visit import Stack, Visit


def begin(stack: Stack, name: str, modules: dict[str, object] | None = None) -> Visit:
    """Begin the import of ``name``; ``modules`` are those that whoever asks for it has."""
    visit = Visit(name, (modules or {}, {}, None), 0.0)
    visit.executing = True
    stack.append(visit)
    return visit


def has_loaded(name: str, *loaded: str, cycle: tuple[str, ...] = ()) -> Memo:
    """What importing ``name`` did: it loaded ``loaded``, in a cycle with the members ``cycle``."""
    memo = Memo(name)
    memo.loaded = dict.fromkeys((name, *loaded), ModuleType("any"))
    memo.cycle = list(cycle)
    return memo


@pytest.fixture
def half_imported(monkeypatch):
    """The module ``shop.cache``, whose body has begun and not ended."""
    module = ModuleType("shop.cache")
    module.__spec__ = ModuleSpec("shop.cache", None)
    module.__spec__._initializing = True
    monkeypatch.setitem(sys.modules, "shop.cache", module)


def test_an_import_belongs_to_the_running_body_of_its_package():
    stack = Stack()
    begin(stack, "shop.web")
    begin(stack, "shop.jobs")
    assert stack.owner("shop.web.views") == 0
    assert stack.owner("shop.jobs") == 1
    assert stack.owner("shop.core") is None
    assert stack.owner("shop.webhooks") is None


def test_a_body_that_runs_again_as_part_of_an_import_owns_what_lies_below_it(half_imported):
    stack = Stack()
    begin(stack, "shop.jobs").hidden["shop", "cache"] = ({}, None)
    assert stack.owner("shop.cache.redis") == 0
    del sys.modules["shop.cache"]
    assert stack.owner("shop.cache.redis") is None


def test_a_module_that_was_loaded_whole_is_met_half_imported_by_its_own_import():
    stack = Stack()
    visit = begin(stack, "shop.dates")
    assert stack.met_half_imported(has_loaded("shop.views", "shop.dates")) == [visit]
    assert stack.met_half_imported(has_loaded("shop.views", "shop.carts")) == []


def test_the_cycles_that_are_known_are_tried_elsewhere():
    stack = Stack()
    visit = begin(stack, "shop.dates")
    members = ("shop.dates", "shop.views")
    assert stack.met_half_imported(has_loaded("shop.views", "shop.dates", cycle=members)) == []
    seen_half = has_loaded("shop.views", "shop.dates")
    seen_half.pending = visit
    assert stack.met_half_imported(seen_half) == []
