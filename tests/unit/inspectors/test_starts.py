"""What a start says of the import check."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import pytest
from unit.builders import ended, evidence

from importguard.evidence.imports import EntryPoint
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart, StartSettings
from importguard.inspectors.starts import failing_target, with_shown_targets


def unending(command: str, start: Optional[ServiceStart]) -> Evidence:
    """The target of ``command`` was imported without end, and then started."""
    entry = EntryPoint(command, "main", "main", None, "timed_out")
    return replace(evidence(ended("main", "timed_out", "60 s"), entrypoints=(entry,)), start=start)


STARTED = ServiceStart("python3 main.py", StartSettings(), port=8080, held=True)


def test_what_does_not_end_is_started() -> None:
    assert failing_target(unending("python3 main.py", None)) is None


@pytest.mark.parametrize(
    ("command", "start", "shown"),
    [
        ("python3 main.py", STARTED, True),
        ("gunicorn main:app", STARTED, True),
        ("/usr/bin/python3.12 -u main.py", replace(STARTED, port=None), True),
        ("celery -A main worker", replace(STARTED, port=None), False),
        ("python3 main.py", replace(STARTED, held=False), False),
        ("python3 main.py", None, False),
    ],
)
def test_a_program_without_a_guard_is_shown_by_its_start(
    command: str, start: Optional[ServiceStart], shown: bool
) -> None:
    seen = with_shown_targets(unending(command, start))
    assert (seen.modules[0].outcome == "imported") is shown
    assert (seen.entrypoints[0].outcome == "ok") is shown
    assert any("does not end" in note for note in seen.notes) is shown
