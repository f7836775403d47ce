"""What the file system refuses the image's USER: who gave it to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest
from unit.builders import frame
from unit.diagnosis.world import raising, where

from importguard.checks import run_checks
from importguard.diagnosis.causes import diagnose_findings
from importguard.evidence.inspection import ImageFacts
from importguard.model import Diagnosis
from importguard.source.model import Source, Tree
from importguard.source.reader import read_source

DENIED = "[Errno 13] Permission denied: "


def source(folder: Path, lines: str) -> Source:
    """A source of shop, with further lines of the Dockerfile from its third on."""
    (folder / "shop").mkdir()
    (folder / "shop" / "main.py").write_text("")
    (folder / "Dockerfile").write_text(f"FROM python:3.13-slim\nWORKDIR /app\n{lines}\n")
    return read_source(Tree(str(folder)))


def cause(
    message: str, tree: Optional[Source], user: str = "app", kind: str = "PermissionError", module: str = ""
) -> Optional[Diagnosis]:
    frames = [frame("shop.main", 3), *([frame(module, 1)] if module else [])]
    facts = ImageFacts(workdir="/app", user=user)
    seen = raising(kind, message, frames=frames, image=facts)
    (found,) = diagnose_findings(run_checks(seen), seen, tree)
    return found.diagnosis


@pytest.mark.parametrize(
    ("lines", "path", "line", "remedy"),
    [
        ("COPY . .\nUSER app", "/app/shop/state.json", 3, "COPY --chown=app"),
        ("COPY . .\nUSER app", "shop/state.json", 3, "COPY --chown=app"),
        ("COPY . .\nUSER app", "/app/state.json", 3, "'RUN chown app /app' for what it makes there"),
        ("COPY shop /app/shop\nUSER app", "/app/state.json", 2, "chown app /app' before the USER"),
        ("COPY --chown=app . .\nUSER app", "/app/state.json", 2, "chown app /app' before the USER"),
        ("COPY --chown=app . .\nUSER app", "/app/shop/log/x", 4, "mkdir -p /app/shop/log"),
        ("COPY . .\nUSER app", "/var/log/shop.log", 4, "chown app /var/log'"),
    ],
)
def test_the_line_that_gives_it_to_root(
    tmp_path: Path, lines: str, path: str, line: int, remedy: str
) -> None:
    told = cause(f"{DENIED}'{path}'", source(tmp_path, lines))
    assert told is not None
    assert where(told) == ("no-permission", ("Dockerfile", line))
    assert remedy in told.remedy
    assert told.explanation.startswith("USER app (Dockerfile:4) may not")


def test_a_library_writes_the_errors_words_anew() -> None:
    """As Flask's ``Config.from_pyfile`` does."""
    told = cause("[Errno 13] Unable to load configuration file (Permission denied): '/app/x.py'", None)
    assert told is not None
    assert told.explanation == "USER app may not open or make /app/x.py."


def test_without_a_source_the_user_is_named() -> None:
    told = cause(f"{DENIED}'/app/x'", None)
    assert told is not None
    assert (told.explanation, told.location) == ("USER app may not open or make /app/x.", None)


def test_a_program_that_is_not_executable(tmp_path: Path) -> None:
    tree = source(tmp_path, "COPY . .\nUSER app")
    told = cause(f"{DENIED}'/app/bin/migrate'", tree, module="subprocess")
    assert told is not None
    assert ("may not execute" in told.explanation, "--chmod=755" in told.remedy) == (True, True)


@pytest.mark.parametrize("user", ["", "root", "0:0"])
def test_root_is_refused_for_another_reason(user: str) -> None:
    assert cause(f"{DENIED}'/app/x'", None, user) is None


def test_another_error_is_none_of_it() -> None:
    assert cause("[Errno 13] Permission denied", None) is None
    assert cause(f"{DENIED}'/app/x'", None, kind="ValueError") is None


def test_a_file_system_that_is_read_only() -> None:
    told = cause("[Errno 30] Read-only file system: '/app/x'", None, kind="OSError")
    assert told is not None
    assert (told.cause, "/app/x lies on" in told.explanation) == ("read-only", True)
