"""What a worker asks its application for when that is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Optional

import pytest

from importguard.probe.workers.fresh import load_named, missing_attributes


def of_nothing() -> None:
    """Fail as a module of a library does whose guarded import left None."""
    exec(compile("import importguard_not_there", "<settings>", "exec"))


def of_a_value() -> None:
    int("None")


def of_advice() -> None:
    raise LookupError("You need to install the redis library")


class Application:
    """Counts what it was asked for, and does ``action`` when its backend is."""

    loader = property(lambda self: self)

    def __init__(self, action: Optional[Callable[[], None]]) -> None:
        self.action = action
        self.asked: list[str] = []

    def load(self) -> None:
        self.asked.append("load")

    @property
    def backend(self) -> None:
        self.asked.append("backend")
        if self.action is not None:
            self.action()


def asked(monkeypatch: pytest.MonkeyPatch, action: Optional[Callable[[], None]] = None) -> list[str]:
    """What the application of a module was asked for, whose ``app`` is another framework's."""
    module = ModuleType("shop_work")
    application = Application(action)
    vars(module).update(app=object(), celery=application)
    monkeypatch.setitem(sys.modules, "shop_work", module)
    load_named("shop_work", [], ["loader.load()", "backend", "absent.part"])
    return application.asked


def test_all_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch) == ["load", "backend"]


@pytest.mark.parametrize("action", [of_nothing, of_advice])
def test_what_cannot_be_imported_is_raised(
    monkeypatch: pytest.MonkeyPatch, action: Callable[[], None]
) -> None:
    with pytest.raises(LookupError if action is of_advice else ModuleNotFoundError):
        asked(monkeypatch, action)


def test_a_value_that_only_production_has_is_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, of_a_value) == ["load", "backend"]


def test_any_object_of_a_class_will_do_where_a_server_looks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shop, library = ModuleType("shop"), ModuleType("library")
    monkeypatch.setitem(sys.modules, "shop", shop)
    kind = "instance of library:Base"
    assert missing_attributes("shop", [kind]) == [kind]
    monkeypatch.setitem(sys.modules, "library", library)
    vars(library)["Base"] = Application
    vars(shop).update(app=3, Base=Application)
    assert missing_attributes("shop", [kind, "app"]) == [kind]
    vars(shop)["web"] = type("Own", (Application,), {})(None)
    assert missing_attributes("shop", [kind]) == []
