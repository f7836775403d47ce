"""Fixtures of the tests of the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from unit.command_line import SOUND, replace_check

from importguard.config import Config


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("IMPORTGUARD_") or name.endswith("_COLOR")]:
        monkeypatch.delenv(name)
    for name in ("GITHUB_ACTIONS", "BUILDER_OUTPUT", "CI"):
        monkeypatch.delenv(name, raising=False)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """Replace the check by one that sees a sound image; the list holds the settings it was given."""
    return replace_check(monkeypatch, SOUND)
