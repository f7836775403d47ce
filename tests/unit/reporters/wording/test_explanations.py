"""`importguard rules` and `importguard explain`: every rule has something to say."""

from __future__ import annotations

import re

import pytest
from unit.command_line import run

from importguard.errors import UsageError
from importguard.model import Rule
from importguard.reporters.wording.explanations import explain_rule, rules_table
from importguard.rules import RULES, find_rule

ALL = list(RULES.values())


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_every_rule_is_explained(one: Rule) -> None:
    """A rule says what it means, how it comes about and how to mend it, in whole sentences."""
    parts = (one.meaning, one.origin, one.remedy)
    assert all(len(part) > 20 and part.endswith(".") for part in parts), one.help_text
    assert one.summary
    assert not one.summary.endswith(".")
    assert one.family


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.id)
def test_every_rule_has_an_example(one: Rule) -> None:
    assert "mended" in one.example, "show the mistake and what mends it"
    assert all(len(line) <= 106 for line in one.example.split("\n"))


def test_numbers_and_names_are_unique_and_well_formed() -> None:
    assert len({one.name for one in ALL}) == len(ALL)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", one.name) for one in ALL)
    assert all(re.fullmatch(r"IG[1-9]\d\d", one.id) for one in ALL)


def test_rules_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rules") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [[one.id, one.name, one.severity.value] for one in ALL]
    assert all(line.endswith(one.summary) for line, one in zip(lines, ALL))


@pytest.mark.parametrize("name", ["IG101", "ig101", "missing-module"])
def test_explain_by_number_and_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", name) == 0
    out = capsys.readouterr().out
    assert out.startswith("IG101 missing-module  (error)\n")
    for heading in ("\nHow it comes about\n", "\nHow to mend it\n", "\nExample\n", "  **/monitoring/\n"):
        assert heading in out
    assert max(map(len, out.splitlines())) <= 110


def test_explain_several(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "IG101", "IG109") == 0
    out = capsys.readouterr().out
    assert out.index("IG101 missing-module") < out.index("\n\nIG109 entrypoint-target")


@pytest.mark.parametrize(
    ("name", "hint"), [("IG1O7", "IG107"), ("mising-module", "missing-module"), ("zzz", "lists all")]
)
def test_an_unknown_rule_names_the_nearest(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "IG101", name) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert hint in output.err
    with pytest.raises(UsageError):
        find_rule(name)


def test_colours_are_for_terminals() -> None:
    assert "\x1b" in explain_rule(ALL[0], color=True)
    assert "\x1b" not in explain_rule(ALL[0])
    assert "\x1b" in rules_table(ALL, color=True)
