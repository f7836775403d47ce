"""Which modules are asked again in a container of their own, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Barrier
from typing import Optional

from unit.builders import entry, evidence, failed, imported, no_module, raised

from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.inspectors.separate_containers import MOST_QUESTIONS, judge_apart

LOCKED = raised(("FileExistsError", "[Errno 17] File exists: '/tmp/x.lock'", None))
REFUSED = raised(("PermissionError", "[Errno 1] Operation not permitted", None))
LOST = raised(("FileNotFoundError", "[Errno 2] No such file or directory: '/tmp/prom'", None))


class Asked:
    """Answers with the given verdicts, and keeps what was asked."""

    def __init__(self, *answers: ModuleImport, **changes: object) -> None:
        self.answers = {item.name: item for item in answers}
        self.changes = changes
        self.asked: list[tuple[tuple[str, ...], bool]] = []

    def __call__(self, names: Sequence[str], privileged: bool) -> Optional[Evidence]:
        self.asked.append((tuple(names), privileged))
        found = [self.answers[name] for name in names if name in self.answers]
        return evidence(*found, **self.changes) if found else None


def outcomes(found: Evidence) -> dict[str, str]:
    return {item.name: item.outcome for item in found.modules}


def test_a_module_that_passes_in_a_container_of_its_own_passes() -> None:
    ask = Asked(imported("shop.d"))
    found = judge_apart(evidence(imported("shop.c"), failed("shop.d", LOCKED)), True, ask)
    assert ask.asked == [(("shop.d",), False)]
    assert outcomes(found) == {"shop.c": "imported", "shop.d": "imported"}
    assert found.details == ("shop.d: imported in a container of its own",)


def test_a_module_that_fails_there_too_keeps_its_verdict() -> None:
    observed = evidence(failed("shop.d", LOCKED))
    assert judge_apart(observed, True, Asked(failed("shop.d", LOCKED))) == observed
    assert judge_apart(observed, True, Asked()) == observed


def test_root_is_asked_with_the_usual_privileges_and_others_have_none() -> None:
    observed = evidence(failed("shop.main", REFUSED), entrypoints=(entry("shop.main", "failed"),))
    answer = entry("shop.main", "ok")
    ask = Asked(imported("shop.main"), entrypoints=(answer,))
    found = judge_apart(observed, True, ask)
    assert ask.asked == [(("shop.main",), True)]
    assert found.entrypoints == (answer,)
    ask = Asked(imported("shop.main"))
    assert judge_apart(observed, False, ask) == observed
    assert ask.asked == []


def test_one_question_a_culprit_and_its_dependents_are_asked_where_it_passes() -> None:
    modules = [failed(name, LOCKED, culprit="shop.d") for name in ("shop.a", "shop.d", "shop.b")]
    ask = Asked(imported("shop.d"), imported("shop.a"), failed("shop.b", no_module("redis")))
    found = judge_apart(evidence(*modules), True, ask)
    assert ask.asked == [(("shop.d",), False), (("shop.a", "shop.b"), False)]
    assert outcomes(found) == {"shop.a": "imported", "shop.d": "imported", "shop.b": "failed"}
    assert found.modules[2].failure == no_module("redis")


def test_other_failures_are_not_asked_again() -> None:
    value = raised(("ValueError", "no", None))
    behind = replace(LOST, missing="redis")
    ask = Asked(imported("shop.a"), imported("shop.b"))
    judge_apart(evidence(failed("shop.a", value), failed("shop.b", behind)), True, ask)
    assert ask.asked == []


def test_questions_are_bounded_and_start_commands_come_first() -> None:
    modules = [failed(f"shop.m{n}", LOST) for n in range(20)]
    ask = Asked()
    judge_apart(evidence(*modules, entrypoints=(entry("shop.m19", "failed"),)), True, ask)
    assert len(ask.asked) == MOST_QUESTIONS
    assert ask.asked[0] == (("shop.m19",), False)


def test_a_module_that_read_what_another_left_fails() -> None:
    observed = evidence(
        *(imported(f"shop.{name}") for name in ("main", "a", "b")),
        entrypoints=(entry("shop.main", "ok", ["shop.main", "shop.b"]),),
        readers=("shop.a", "shop.b"),
    )
    ask = Asked(
        imported("shop.a"),
        failed("shop.b", LOST),
        failed("shop.main", LOST, culprit="shop.b"),
        entrypoints=(entry("shop.main", "failed"),),
    )
    found = judge_apart(observed, True, ask)
    assert [names for names, _ in ask.asked] == [("shop.main",), ("shop.a",), ("shop.b",)]
    assert outcomes(found) == {"shop.main": "failed", "shop.a": "imported", "shop.b": "failed"}
    assert found.entrypoints[0].outcome == "failed"
    # The only one that names the file is the one that made it.
    ask = Asked()
    judge_apart(replace(observed, readers=("shop.a",)), True, ask)
    assert ask.asked == []


def test_a_check_that_broke_off_is_left_alone() -> None:
    ask = Asked(imported("shop.d"))
    judge_apart(evidence(failed("shop.d", LOCKED), complete=False, error="time ran out"), True, ask)
    assert ask.asked == []


def test_two_are_asked_side_by_side() -> None:
    """Either waits until the other one is asked, too."""
    together = Barrier(2, timeout=10)

    def ask(names: Sequence[str], privileged: bool) -> Optional[Evidence]:
        together.wait()
        return evidence(*(imported(name) for name in names))

    observed = evidence(failed("shop.a", LOCKED), failed("shop.b", LOST))
    assert outcomes(judge_apart(observed, True, ask, jobs=2)) == {"shop.a": "imported", "shop.b": "imported"}
