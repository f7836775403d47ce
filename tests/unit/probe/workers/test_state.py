"""What importing a module changes beside the module: each change is seen, undone and done again."""

from __future__ import annotations

import builtins
import importlib.machinery
import json
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

from importguard.probe.workers.state import State


@contextmanager
def state_of_this_process() -> Iterator[State]:
    """The state of this process, which is the baseline, and what it has again afterwards.

    No fixture: pytest changes a variable between a test's setup and its call.
    """
    state = State()
    try:
        yield state
    finally:
        state.settle()
        state.set(state.base)


class Finder:
    """A finder that finds nothing."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        return None


def ask_for_upper_case(text: str) -> str:
    return text.upper()


def set_attribute(owner: object, name: str, value: object) -> Callable[[], None]:
    return lambda: setattr(owner, name, value)


CHANGES: dict[str, tuple[Callable[[], object], Callable[[], bool]]] = {
    "a variable": (
        lambda: os.environ.update(IG_STATE="1"),
        lambda: os.environ.get("IG_STATE") == "1",
    ),
    "a variable less": (
        lambda: os.environ.pop("PATH"),
        lambda: "PATH" not in os.environ,
    ),
    "an entry of the import path": (
        lambda: sys.path.insert(0, "/opt/plugins"),
        lambda: sys.path[0] == "/opt/plugins",
    ),
    "an import path of its own": (
        set_attribute(sys, "path", [*sys.path, "/opt/plugins"]),
        lambda: sys.path[-1] == "/opt/plugins",
    ),
    "a finder": (
        lambda: sys.meta_path.append(Finder),  # type: ignore[arg-type]
        lambda: Finder in sys.meta_path,
    ),
    "a builtin": (
        set_attribute(builtins, "gettext_", str),
        lambda: hasattr(builtins, "gettext_"),
    ),
    "a function of a standard module": (
        set_attribute(json, "dumps", ask_for_upper_case),
        lambda: json.dumps is ask_for_upper_case,  # type: ignore[comparison-overlap]
    ),
    "an attribute of the import system": (  # importlib_metadata, which OpenTelemetry brings
        lambda: delattr(importlib.machinery.PathFinder, "find_distributions"),
        lambda: not hasattr(importlib.machinery.PathFinder, "find_distributions"),
    ),
    "an attribute of sys": (
        set_attribute(sys, "is_frozen_by_tests", True),
        lambda: hasattr(sys, "is_frozen_by_tests"),
    ),
    "a filter of warnings": (
        lambda: warnings.simplefilter("error", BytesWarning),
        lambda: ("error", None, BytesWarning, None, 0) in warnings.filters,
    ),
    "the working directory": (
        lambda: os.chdir("/"),
        lambda: os.getcwd() == "/",
    ),
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_a_change_is_undone_and_done_again(name: str) -> None:
    with state_of_this_process() as state:
        change, is_made = CHANGES[name]
        change()
        effects = state.effects(state.take())
        assert effects is not None

        state.set(state.base)
        assert not is_made()
        assert state.take() == state.base

        state.add(effects)
        assert is_made()


def test_an_import_that_changes_nothing_has_no_effects() -> None:
    with state_of_this_process() as state:
        assert state.effects(state.take()) is None


def test_effects_are_added_to_those_of_other_imports() -> None:
    """As if both modules had been imported in one process."""
    with state_of_this_process() as state:
        sys.path.append("/opt/first")
        first = state.effects(state.take())
        state.set(state.base)
        sys.path.append("/opt/second")
        assert first is not None
        state.add(first)
        state.add(first)
        assert sys.path[-2:] == ["/opt/second", "/opt/first"], "and twice is once"


def test_finders_keep_the_list_that_they_hold_on_to() -> None:
    with state_of_this_process() as state:
        held = sys.path
        sys.path = [*held, "/opt/plugins"]
        state.set(state.base)
        assert sys.path is held


def test_a_value_of_the_application_is_never_asked_whether_it_equals_another() -> None:
    with state_of_this_process() as state:

        class Hostile:
            def __eq__(self, other: object) -> bool:
                raise RuntimeError("asked")

            __hash__ = object.__hash__

        json.dumps = Hostile()  # type: ignore[assignment]
        taken = state.take()
        assert state.differs(state.base)
        state.set(taken)


def test_only_the_modules_that_the_sources_set_names_in_are_watched() -> None:
    """Looking through all of them after each import would take longer than the imports."""
    with state_of_this_process() as state:
        settings = ModuleType("settings")
        settings.DEBUG = False  # type: ignore[attr-defined]
        sys.modules["settings"] = settings
        settings.DEBUG = True  # type: ignore[attr-defined]
        assert not state.differs(state.base)
        state.watch("settings", settings)
        settings.DEBUG = False  # type: ignore[attr-defined]
        assert state.differs(state.base)
        del sys.modules["settings"]


def test_a_name_that_a_package_keeps_when_it_is_asked_for_it() -> None:
    """As pydantic does (PEP 562): who asks next would find it, and not the submodule that it came from."""
    with state_of_this_process() as state:
        package = ModuleType("lazy")
        package.__getattr__ = lambda name: package.__dict__.setdefault(name, object())  # type: ignore[method-assign]
        sys.modules["lazy"] = package
        state.watch_lazy_names("lazy", package)
        package.BaseModel  # noqa: B018
        effects: Any = state.effects(state.take())
        state.set(state.base)
        assert "BaseModel" not in vars(package)
        state.add(effects)
        assert "BaseModel" in vars(package)
        state.set(state.base)
        del sys.modules["lazy"]


def test_what_has_no_part_in_an_import_is_undone_and_forgotten() -> None:
    with state_of_this_process() as state:
        trace, stream = sys.gettrace(), sys.stdout
        sys.settrace(lambda *event: None)
        sys.stdout = sys.stderr
        state.settle()
        assert (sys.gettrace(), sys.stdout) == (None, stream)
        assert state.effects(state.take()) is None
        sys.settrace(trace)


def test_a_thread_of_the_application_binds_names_meanwhile() -> None:
    """devpi's server starts threads on import: a module's names may change while they are compared."""
    module = ModuleType("busy")
    vars(module).update(__path__=[], __getattr__=ask_for_upper_case)
    ended = threading.Event()

    def bind_and_unbind() -> None:
        while not ended.is_set():
            for number in range(200):
                setattr(module, f"name{number}", number)
            for number in range(200):
                delattr(module, f"name{number}")

    thread = threading.Thread(target=bind_and_unbind)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    sys.modules["busy"] = module
    thread.start()
    try:
        with state_of_this_process() as state:
            for _ in range(300):
                state.watch_lazy_names("busy", module)
                state.take()
                state.lazy.clear()
    finally:
        ended.set()
        thread.join()
        sys.setswitchinterval(interval)
        del sys.modules["busy"]


def test_what_code_writes_into_the_importer_cache_is_undone() -> None:
    """A finder that pickles itself there would answer for a folder in every later import."""
    with state_of_this_process() as state:
        sys.path_importer_cache["/opt/plugins"] = Finder  # type: ignore[assignment]
        state.settle_importers()
        assert "/opt/plugins" not in sys.path_importer_cache
        assert set(sys.path_importer_cache) >= {entry for entry in sys.path if entry in state.importers}


def test_a_message_in_sys_is_told_from_a_function_that_was_replaced() -> None:
    """Ansible replaces ``sys.intern``: that says nothing to others. A flag does."""
    with state_of_this_process() as state:
        sys.is_frozen_by_tests = True  # type: ignore[attr-defined]
        flag = state.effects(state.take())
        state.set(state.base)
        intern, sys.intern = sys.intern, ask_for_upper_case
        function = state.effects(state.take())
        sys.intern = intern
        assert flag is not None
        assert function is not None
        assert (state.tells_others(flag), state.tells_others(function)) == (True, False)
