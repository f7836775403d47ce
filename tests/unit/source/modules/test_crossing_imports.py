"""From which folders of a source the code outside of them imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from importguard.source.modules.crossing_imports import folders_imported_from_outside


@pytest.mark.parametrize(
    ("main", "joined"),
    [
        ("from shop.bot.app import send\n", True),
        ("def handler():\n    from shop.bot import app\n", True),
        ("def handler():\n    from .bot import app\n", True),
        ("def handler():\n    import shop.bot.app as bot\n", True),
        ("import discord\n", False),
        ("import shop.util\n", False),
        # A name that code outside has, too, is that one's.
        ("import util\n", False),
    ],
)
def test_folders_that_code_outside_imports_from(tmp_path: Path, main: str, joined: bool) -> None:
    files = {
        "src/shop/__init__.py": "",
        "src/shop/main.py": main,
        "src/shop/util.py": "",
        "src/shop/bot/__init__.py": "",
        "src/shop/bot/app.py": "from shop import util\nfrom shop.bot import util\n",
        "src/shop/bot/util.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = folders_imported_from_outside(str(tmp_path), [*files, "src/gone.py"], ["src/shop/bot", "docs"])
    assert found == (frozenset({"src/shop/bot"}) if joined else frozenset())
