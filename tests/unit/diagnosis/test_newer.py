"""Code that is written for a newer Python than the image has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.builders import failed, frame, raised
from unit.diagnosis.world import clues, lacking, observed, only, raising, source, where

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.surroundings import NewerSyntax
from importguard.model import Diagnosis


def under(version: str, seen: Any) -> Diagnosis:
    return only(replace(seen, version=version), source())


def test_syntax_names_the_version_and_the_base_image() -> None:
    place = frame("shop.main", 7)
    failure = raised(("SyntaxError", "invalid syntax (main.py, line 7)", None), frames=[place])
    known = clues(newer=(NewerSyntax(place.path, 7, "3.10", "a 'match' statement"),))
    found = under("3.9.18", observed(failed("shop.main", failure), clues=known))
    assert where(found) == ("newer-python", ("Dockerfile", 1))
    assert "Python 3.10 is the first with a 'match' statement at shop/main.py:7" in found.explanation
    assert found.remedy == "use Python 3.10 or newer at Dockerfile:1"


@pytest.mark.parametrize(
    ("seen", "version", "needs", "backport"),
    [
        (lacking("tomllib"), "3.10.2", "3.11", "tomli"),
        (lacking("zoneinfo"), "3.8.1", "3.9", "backports.zoneinfo"),
        (
            raising("ImportError", "cannot import name 'Self' from 'typing' (/x.py)", name="typing"),
            "3.10.2",
            "3.11",
            "typing_extensions",
        ),
        (
            raising("ImportError", "cannot import name 'StrEnum' from 'enum' (/x.py)", name="enum"),
            "3.9.2",
            "3.11",
            "backports.strenum",
        ),
        (  # Django 6 that was installed with a newer Python
            raising("ImportError", "cannot import name 'markcoroutinefunction' from 'inspect' (/x.py)"),
            "3.11.2",
            "3.12",
            "",
        ),
        (
            raising("AttributeError", "module 'asyncio' has no attribute 'TaskGroup'"),
            "3.10.2",
            "3.11",
            "taskgroup",
        ),
        (
            raising("TypeError", "unsupported operand type(s) for |: 'type' and 'NoneType'"),
            "3.9.2",
            "3.10",
            "",
        ),
        (raising("TypeError", "'type' object is not subscriptable"), "3.8.2", "3.9", ""),
    ],
)
def test_what_the_standard_library_and_the_language_got_later(
    seen: Any, version: str, needs: str, backport: str
) -> None:
    found = under(version, seen)
    assert found.cause == "newer-python"
    assert f"Python {needs} is the first with" in found.explanation
    assert backport in found.remedy


def test_what_the_image_s_python_has_is_another_matter() -> None:
    seen = raising("TypeError", "unsupported operand type(s) for |: 'type' and 'NoneType'")
    assert diagnose_findings(run_checks(seen), seen, source())[0].diagnosis is None
