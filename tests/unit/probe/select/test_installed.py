"""Which folders hold what was installed."""

from __future__ import annotations

import pytest

from importguard.probe.select.installed import is_installed_folder

LAMBDA = ["/opt/python", "/var/runtime"]


@pytest.mark.parametrize(
    ("entry", "installed"),
    [
        ("/usr/lib/python3/dist-packages", True),
        ("/venv/lib/python3.13/site-packages/", True),
        ("/var/runtime", True),
        ("/var/task", False),
        ("/app/site-packages/shop", False),
    ],
)
def test_an_installed_folder(entry: str, installed: bool) -> None:
    assert is_installed_folder(entry, LAMBDA) is installed
