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
from importguard.source.data_files import with_data_files
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
    message: str,
    tree: Optional[Source],
    user: str = "app",
    kind: str = "PermissionError",
    module: str = "",
    function: str = "call",
) -> Optional[Diagnosis]:
    frames = [frame("shop.main", 3), *([frame(module, 1, function)] if module else [])]
    facts = ImageFacts(workdir="/app", user=user)
    seen = raising(kind, message, frames=frames, image=facts)
    (found,) = diagnose_findings(run_checks(seen), seen, tree)
    return found.diagnosis


@pytest.mark.parametrize(
    ("lines", "path", "line", "remedy"),
    [
        ("COPY . .\nUSER app", "/app/shop/state.json", 3, "COPY --chown=app"),
        ("COPY . .\nUSER app", "shop/state.json", 3, "COPY --chown=app"),
        ("COPY . .\nUSER app", "/app/state.json", 2, "'RUN mkdir -p /app && chown app /app' before the USER"),
        ("COPY . .\nUSER app", "/.cache", 4, "add 'ENV HOME=/tmp'"),
        ("COPY . .\nUSER app", "/.local/share", 4, "chown app /.local"),
        ("COPY . .\nUSER app", "/nonexistent", 4, "useradd --create-home"),
        ("COPY . .\nUSER app", "/home/app", 4, "'RUN mkdir -p /home/app && chown app /home/app' before"),
        ("COPY . .\nUSER app", "/app.log", 4, "let it write elsewhere"),
        ("COPY . .\nUSER app", "/data", 4, "mkdir -p /data && chown app /data"),
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
    assert "mkdir -p / " not in told.remedy


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


def test_chown_stands_below_the_line_that_makes_the_user(tmp_path: Path) -> None:
    """``COPY --chown=app`` fails the build where no such user is known yet."""
    told = cause(f"{DENIED}'/app/shop/state.json'", source(tmp_path, "COPY . .\nRUN useradd app\nUSER app"))
    assert told is not None
    assert where(told) == ("no-permission", ("Dockerfile", 5))
    assert told.remedy.startswith("add 'RUN chown -R app /app/shop' before the USER line")
    (tmp_path / "earlier").mkdir()
    earlier = source(tmp_path / "earlier", "RUN useradd app\nCOPY . .\nUSER app")
    told = cause(f"{DENIED}'/app/shop/state.json'", earlier)
    assert told is not None
    assert told.remedy.startswith("write 'COPY --chown=app' there")


def test_a_folder_that_is_to_be_made_is_given_to_the_user_itself(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    build: .\n    volumes: ['./instance:/app/instance']\n"
    (tmp_path / "compose.yml").write_text(compose)
    tree = source(tmp_path, "COPY . .\nUSER app")
    told = cause(f"{DENIED}'/app/instance'", tree, module="os", function="makedirs")
    assert told is not None
    assert told.remedy.startswith(
        "add 'RUN mkdir -p /app/instance && chown app /app/instance' before the USER"
    )
    assert "compose.yml:4 mounts instance there" in told.explanation


def test_a_file_of_the_working_directory_that_copy_brings(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{}")
    tree = with_data_files(source(tmp_path, "COPY . .\nUSER app"), ["/app/state.json"])
    told = cause(f"{DENIED}'/app/state.json'", tree)
    assert told is not None
    assert where(told) == ("no-permission", ("Dockerfile", 3))
    assert "COPY --chown=app" in told.remedy


def test_a_folder_for_a_log_that_nobody_made(tmp_path: Path) -> None:
    """A handler of ``logging`` makes its file: only the folder can be missing."""
    absent = "[Errno 2] No such file or directory: '/app/logs/app.log'"
    found = {"kind": "FileNotFoundError", "function": "_open"}
    told = cause(absent, source(tmp_path, "COPY . .\nUSER app"), module="logging", **found)
    assert told is not None
    assert where(told) == ("folder-not-made", ("Dockerfile", 4))
    assert told.change == "RUN mkdir -p /app/logs && chown app /app/logs"
    assert cause(absent, None, module="json", **found) is None


@pytest.mark.parametrize(
    ("volumes", "place", "remedy"),
    [
        (
            ["data:/data"],
            ("Dockerfile", 4),
            "add 'RUN mkdir -p /data && chown app /data' above the USER",
        ),
        ([".:/app", "./x.db:/x.db"], ("shop/main.py", 3), "add 'RUN mkdir -p FOLDER && chown app FOLDER'"),
        (["data:/data", "logs:/logs"], ("Dockerfile", 4), "add 'RUN mkdir -p FOLDER && chown app FOLDER'"),
    ],
)
def test_a_database_that_sqlite_can_not_open(tmp_path, volumes, place, remedy):
    names = "".join(f"      - {volume}\n" for volume in volumes)
    compose = f"services:\n  shop:\n    build: .\n    volumes:\n{names}volumes:\n  data:\n  logs:\n"
    (tmp_path / "compose.yaml").write_text(compose)
    tree = source(tmp_path, "COPY shop shop\nUSER app")
    message = "(sqlite3.OperationalError) unable to open database file"
    told = cause(message, tree, kind="sqlalchemy.exc.OperationalError", module="sqlalchemy.engine")
    assert told is not None
    assert where(told) == ("folder-not-made", place)
    assert told.remedy.startswith(remedy)
    assert ("compose.yaml:5 mounts /data" in told.explanation) is ("data:/data" in volumes)
    assert cause("no such table: user", tree, kind="sqlite3.OperationalError") is None
