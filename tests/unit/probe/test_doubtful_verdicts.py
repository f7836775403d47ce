"""One question for all failures that fail alike."""

from __future__ import annotations

from typing import Optional

from importguard.probe.doubtful_verdicts import Doubts
from importguard.probe.verdicts import Verdict


def failed(name: str, message: str = "no", line: int = 1, path: Optional[str] = None) -> Verdict:
    frames = [(path or f"/app/{name}.py", line, "<module>", name)]
    return Verdict(name, "failed", ("ValueError", message, None, frames, []))


def test_the_first_of_those_that_fail_alike_is_asked_and_answers_for_the_others() -> None:
    doubts = Doubts()
    first, second = failed("a", path="/app/base.py"), failed("b", path="/app/base.py")
    assert doubts.add_doubtful_verdict(first, "error") == "ask"
    assert doubts.add_doubtful_verdict(second, "error") == "wait"
    assert doubts.take_fresh_verdict(failed("a", path="/app/base.py")) == ([second], [])
    assert doubts.add_doubtful_verdict(failed("c", path="/app/base.py"), "error") == "confirmed"


def test_where_the_answer_is_another_all_are_asked() -> None:
    doubts = Doubts()
    doubts.add_doubtful_verdict(failed("a", path="/app/base.py"), "error")
    doubts.add_doubtful_verdict(failed("b", path="/app/base.py"), "error")
    assert doubts.take_fresh_verdict(Verdict("a", "imported")) == ([], ["b"])
    assert doubts.add_doubtful_verdict(failed("c", path="/app/base.py"), "error") == "ask"


def test_another_place_other_words_or_another_reason_is_another_question() -> None:
    doubts = Doubts()
    assert doubts.add_doubtful_verdict(failed("a", path="/app/base.py"), "error") == "ask"
    assert doubts.add_doubtful_verdict(failed("b", path="/app/base.py", line=2), "error") == "ask"
    assert doubts.add_doubtful_verdict(failed("c", "other", path="/app/base.py"), "error") == "ask"
    assert doubts.add_doubtful_verdict(failed("d", path="/app/base.py"), "state") == "ask"


def test_a_name_that_a_whole_module_lacks_is_asked_once_wherever_it_is_imported() -> None:
    doubts = Doubts()
    lacks = "cannot import name 'Schema' from 'shop.types' (/app/shop/types.py)"
    assert doubts.add_doubtful_verdict(failed("a", lacks), "lacks 1") == "ask"
    assert doubts.add_doubtful_verdict(failed("b", lacks), "lacks 1") == "wait"
    assert doubts.add_doubtful_verdict(failed("c", lacks), "lacks 2") == "ask"


def test_an_import_that_passes_is_asked_once_for_those_that_met_the_same_failures() -> None:
    doubts = Doubts()
    assert doubts.add_doubtful_verdict(Verdict("a", "imported"), "attempts 1") == "ask"
    assert doubts.add_doubtful_verdict(Verdict("b", "imported"), "attempts 1") == "wait"
    assert doubts.add_doubtful_verdict(Verdict("c", "imported"), "state") == "ask"


def test_members_of_a_circle_that_met_the_same_failures_share_a_question() -> None:
    """Each fails with words of its own: they name the member that is half imported when it comes first."""
    doubts = Doubts()
    half = "cannot import name 'A' from partially initialized module 'shop.a' (/app/shop/a.py)"
    first, second = failed("a", half), failed("b", half.replace("'A'", "'B'"))
    assert doubts.add_doubtful_verdict(first, "attempts 1") == "ask"
    assert doubts.add_doubtful_verdict(second, "attempts 1") == "wait"
    assert doubts.add_doubtful_verdict(failed("c", half), "attempts 2") == "ask"
    assert doubts.add_doubtful_verdict(failed("d", "other"), "attempts 1") == "ask"
    assert doubts.take_fresh_verdict(failed("a", half)) == ([second], [])


def test_a_verdict_waits_for_the_doubtful_ones_that_it_rests_on() -> None:
    doubts = Doubts()
    doubts.add_doubtful_verdict(Verdict("base", "imported"), "each")
    user = Verdict("user", "imported")
    assert doubts.rest_verdict(user, ["base"]) == "wait"
    assert "user" in doubts
    assert doubts.release_resting() == ([], [])
    doubts.take_fresh_verdict(Verdict("base", "imported"))
    assert doubts.release_resting() == ([user], [])
    assert doubts.rest_verdict(Verdict("later", "imported"), ["base"]) == "confirmed"


def test_a_verdict_that_rests_on_a_refuted_one_is_asked_about() -> None:
    doubts = Doubts()
    doubts.add_doubtful_verdict(Verdict("base", "imported"), "each")
    user = Verdict("user", "imported")
    assert doubts.rest_verdict(user, ["base"]) == "wait"
    doubts.take_fresh_verdict(failed("base"))
    assert doubts.release_resting() == ([], [user])
    assert doubts.rest_verdict(Verdict("later", "imported"), ["base"]) == "ask"


def test_other_words_of_the_same_failure_refute_nothing() -> None:
    """A message can name an address, or a file of the run."""
    doubts = Doubts()
    doubts.add_doubtful_verdict(failed("base", "<object at 0x7f01>"), "each")
    doubts.rest_verdict(failed("user"), ["base"])
    doubts.take_fresh_verdict(failed("base", "<object at 0x7f02>"))
    confirmed, refuted = doubts.release_resting()
    assert (len(confirmed), refuted) == (1, [])


def test_what_passes_beside_a_false_alarm_is_asked_about() -> None:
    """Where the other one passes, the ``else`` of its guarded import runs."""
    doubts = Doubts()
    doubts.add_doubtful_verdict(failed("base"), "each")
    passing, failing = Verdict("passing", "imported"), failed("failing")
    assert [doubts.rest_verdict(one, ["base"]) for one in (passing, failing)] == ["wait", "wait"]
    doubts.take_fresh_verdict(Verdict("base", "imported"))
    assert doubts.release_resting() == ([], [passing, failing])
