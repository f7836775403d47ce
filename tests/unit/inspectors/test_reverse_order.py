"""A second pass in reverse order: what differs is asked of fresh interpreters, and nothing else is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from unit.builders import evidence, failed, imported, no_module, raised

from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.inspectors.reverse_order import with_reverse_order

EMPTY = raised(("IndexError", "list index out of range", None))
FIRST = evidence(imported("shop.a"), imported("shop.b"), failed("shop.c", no_module("redis")))


class Exactly:
    """Answers with the given verdicts, and keeps what was asked."""

    def __init__(self, *answers: ModuleImport) -> None:
        self.answers = answers
        self.asked: list[list[str]] = []

    def __call__(self, names: Sequence[str]) -> Optional[Evidence]:
        self.asked.append(list(names))
        return evidence(*self.answers) if self.answers else None


def test_two_passes_that_agree_ask_nothing() -> None:
    ask = Exactly()
    found = with_reverse_order(FIRST, replace(FIRST, modules=FIRST.modules[::-1]), ask)
    assert (found.modules, ask.asked) == (FIRST.modules, [])
    assert found.notes[-1] == "In reverse order, every module does the same."


def test_a_fresh_interpreter_decides_where_they_differ() -> None:
    reverse = evidence(failed("shop.a", EMPTY), failed("shop.b", EMPTY), failed("shop.c", no_module("redis")))
    ask = Exactly(failed("shop.a", EMPTY), imported("shop.b"))
    found = with_reverse_order(FIRST, reverse, ask)
    assert ask.asked == [["shop.a", "shop.b"]]
    assert {item.name: item.outcome for item in found.modules} == {
        "shop.a": "failed",
        "shop.b": "imported",
        "shop.c": "failed",
    }
    assert "2 modules do something else" in found.notes[-1]
    assert found.details == ("shop.a: failed in a fresh interpreter",)


def test_another_module_that_is_missing_is_a_difference() -> None:
    reverse = evidence(imported("shop.a"), imported("shop.b"), failed("shop.c", no_module("yaml")))
    ask = Exactly(failed("shop.c", no_module("yaml")))
    found = with_reverse_order(FIRST, reverse, ask)
    assert ask.asked == [["shop.c"]]
    assert found.modules[-1].failure == no_module("yaml")


def test_without_an_answer_the_check_is_not_complete() -> None:
    reverse = evidence(failed("shop.a", EMPTY), imported("shop.b"), failed("shop.c", no_module("redis")))
    found = with_reverse_order(FIRST, reverse, Exactly())
    assert (found.modules, found.complete) == (FIRST.modules, False)


def test_a_second_pass_that_broke_off_is_said() -> None:
    crashed = replace(FIRST, complete=False, error="the probe ended without a verdict")
    for reverse, why in ((None, "time ran out"), (crashed, "the probe ended without a verdict")):
        found = with_reverse_order(FIRST, reverse, Exactly())
        said = f"the second pass, in reverse order, broke off: {why}"
        assert found == replace(FIRST, complete=False, error=said, out_of_time=reverse is None)


def test_a_second_pass_that_ran_out_of_time_is_out_of_time() -> None:
    late = replace(FIRST, complete=False, error="time ran out", out_of_time=True)
    assert with_reverse_order(FIRST, late, Exactly()).out_of_time
