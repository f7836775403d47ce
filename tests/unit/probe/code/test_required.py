"""Which variables a body needs after the one for want of which it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.code.lookups import Lookups
from importguard.probe.code.required import variables_required_from as required

SETTINGS = """
import os, environ
env = environ.Env(DEBUG=(bool, False))
FIRST = os.environ["FIRST"]
DEBUG = env("DEBUG")
DATABASES = {
    "default": {
        "ENGINE": env.str("ENGINE"),
        "NAME": env.str("DATABASE"),
        "USER": env.str("DB_USER", "shop"),
        "PORT": env.int("DB_PORT", default=5432),
    }
}
if DEBUG:
    TOKEN = os.environ["TOKEN"]
class Mail:
    HOST = os.environ["MAIL_HOST"]
KEY = os.environ["KEY"] if DEBUG else ""
OTHER = os.getenv("OTHER") or os.environ["ELSE"]
os.environ["SET"] = "1"
REGION = region("REGION")
LAST = env("LAST")
def later():
    return env("LATER")
"""


@pytest.fixture
def lookups(tmp_path: Path) -> Lookups:
    path = tmp_path / "settings.py"
    path.write_text(SETTINGS)
    return Lookups({"settings": str(path)}, {"MAIL_HOST": "mail"})


def line_of(text: str) -> int:
    return SETTINGS[: SETTINGS.index(text)].count("\n") + 1


def test_all_that_the_rest_of_the_body_cannot_do_without(lookups: Lookups) -> None:
    said = "Set the ENGINE environment variable b'ENGINE'"
    assert required(lookups, "settings", line_of('"ENGINE"'), said) == ["ENGINE", "DATABASE", "LAST"]


def test_what_is_asked_by_a_function_counts_where_that_function_failed(lookups: Lookups) -> None:
    assert required(lookups, "settings", line_of("FIRST ="), "'FIRST'") == ["FIRST"]
    found = required(lookups, "settings", line_of("REGION ="), "REGION is missing")
    assert found == ["REGION"]


def test_in_a_branch_the_rest_of_it_and_what_comes_after_it(lookups: Lookups) -> None:
    assert required(lookups, "settings", line_of("TOKEN ="), "'TOKEN'") == ["TOKEN"]


def test_where_nothing_is_named_nothing_is_told(lookups: Lookups) -> None:
    assert required(lookups, "settings", line_of("FIRST ="), "no such file") == []
    assert required(lookups, "settings", line_of("return"), "LATER is missing") == []
    assert required(lookups, "elsewhere", 1, "FIRST") == []
