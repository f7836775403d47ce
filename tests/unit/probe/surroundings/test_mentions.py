"""Where settings name a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.mentions import find_mentions
from importguard.probe.surroundings.questions import Questions

SETTINGS = """\
INSTALLED_APPS = [
    "django.contrib.auth",
    "corsheaders",
]
INSTALLED_APPS += ["corsheaders.apps.CorsConfig"]
INSTALLED_APPS.append('corsheaders')
LOGGING = {"formatters": {"json": {"()": "corsheaders.log:Formatter"}}}
app.conf.include = ["corsheaders"]
load("corsheaders")
OTHER = ["corsheaders2", "not corsheaders", b"corsheaders", corsheaders]
"""


def test_each_string_with_its_setting(tmp_path: Path) -> None:
    path = tmp_path / "settings.py"
    path.write_text(SETTINGS)
    (tmp_path / "broken.py").write_text("x = ('corsheaders'\n")
    found = find_mentions(
        {"corsheaders": None}, [str(path), str(tmp_path / "broken.py"), "/nowhere.py"], Budget(5)
    )
    assert {(one["line"], one["setting"]) for one in found} == {
        (3, "INSTALLED_APPS"),
        (5, "INSTALLED_APPS"),
        (6, "INSTALLED_APPS"),
        (7, "LOGGING"),
        (8, "include"),
        (9, ""),
    }
    assert {one["name"] for one in found} == {"corsheaders"}


@pytest.mark.parametrize(("module", "asked"), [("importlib", ["x"]), ("shop.main", [])])
def test_only_what_was_imported_by_name_is_asked(module: str, asked: list[str]) -> None:
    failure = {"missing": "x", "causes": [], "frames": [("/app/a.py", 1, "<module>", module)]}
    assert list(Questions.questions_of([failure], {}, ()).named) == asked
