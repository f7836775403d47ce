"""Which variables a body needs after the one for want of which it failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.code.lookups import Lookups
from importguard.probe.code.required import variables_required_from

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


def required(lookups: Lookups, module: str, line: int, said: str) -> list[str]:
    return variables_required_from(lookups, [(module, line)], said)


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
    assert required(lookups, "settings", line_of("return"), "LATER is missing") == ["LATER"]
    assert required(lookups, "elsewhere", 1, "FIRST") == []


NUMBERS = """
import os
def load():
    Config(
        token=env.str("TOKEN"), user=env.str("DB_USER"))
    port = int(os.getenv("LOADED"))
    if port:
        return None
    late = int(os.getenv("LATE"))
APP_PORT = int(os.getenv("APP_PORT"))
settings = load()
USER = os.getenv("DB_USER")
DB_PORT = int(os.environ.get("DB_PORT"))
HOSTS = os.getenv("HOSTS").split(",")
FIRST = os.getenv("FIRST")[0]
TTL, SIZE, HEX = int(os.getenv("TTL", 0)), float(os.getenv("SIZE", "")), int("HEX", 16)
NAMES = os.getenv("NAMES", "").split(",")
EMPTY, SET = int(os.getenv("EMPTY")), int(os.getenv("SET"))
BLANK = os.getenv("BLANK").strip()
"""


def test_numbers_and_parts_of_what_is_not_set(tmp_path: Path) -> None:
    path = tmp_path / "settings.py"
    path.write_text(NUMBERS)
    lookups = Lookups({"settings": str(path)}, {"EMPTY": "", "SET": "1", "BLANK": ""})

    def after(*texts: str, said: str) -> list[str]:
        places = [("settings", NUMBERS[: NUMBERS.index(text)].count("\n") + 1) for text in texts]
        return variables_required_from(lookups, places, said)

    rest = ["DB_PORT", "HOSTS", "FIRST", "EMPTY"]
    assert after("APP_PORT", said="invalid literal for int() with base 10: '' APP_PORT") == [
        "APP_PORT",
        *rest,
    ]
    assert after("APP_PORT", said="no such file") == []
    asked = after("token=", "settings = load", said='Environment variable "TOKEN" not set')
    assert asked == ["TOKEN", "DB_USER", "LOADED", *rest]


REFUSALS = """
import os, sys
TOKEN = os.getenv("TOKEN")
if not TOKEN:
    raise RuntimeError("TOKEN is required")
URL, KEY = os.getenv("URL"), os.getenv("KEY", "")
if not os.getenv("DB_USER") or os.getenv("DB_NAME") is None:
    print("no database")
    sys.exit(1)
if "REGION" not in os.environ:
    raise RuntimeError
if os.getenv("OLD"):
    raise RuntimeError("OLD is gone")
if not os.getenv("MODE", "dev"):
    raise RuntimeError
if not os.getenv("NOTE"):
    print("no note")
if not os.getenv("CPU") and not has_cuda():
    raise RuntimeError
if not is_valid(os.getenv("PLAN")):
    raise RuntimeError
EMAIL = os.getenv("EMAIL")
if not EMAIL:
    raise RuntimeError
"""


def test_variables_for_want_of_which_the_body_raises_or_exits(tmp_path: Path) -> None:
    path = tmp_path / "settings.py"
    path.write_text(REFUSALS)
    place = "settings", REFUSALS[: REFUSALS.index("raise")].count("\n") + 1
    for environ, expected in (
        ({}, ["DB_USER", "DB_NAME", "REGION", "EMAIL"]),
        ({"DB_USER": "", "DB_NAME": "", "REGION": ""}, ["DB_USER", "EMAIL"]),
    ):
        lookups = Lookups({"settings": str(path)}, environ)
        assert variables_required_from(lookups, [place], "TOKEN is required") == expected
