"""The path that an error of the file system names."""

from __future__ import annotations

from typing import Optional

import pytest

from importguard.failures.file_errors import NO_FILE, path_of_error


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("[Errno 2] No such file or directory: '/app/x.json'", "/app/x.json"),
        ("[Errno 2] Unable to load configuration file (No such file or directory): '/app/x.py'", "/app/x.py"),
        ('[Errno 2] No such file or directory: "/app/it\'s.json"', "/app/it's.json"),
        ("[Errno 2] No such file or directory: '/app/x' -> '/app/y'", "/app/x"),
        ("[Errno 2] No such file or directory", None),
        ("[Errno 13] Permission denied: '/app/x.json'", None),
    ],
)
def test_the_path_of_an_error(message: str, path: Optional[str]) -> None:
    assert path_of_error(message, NO_FILE) == path
