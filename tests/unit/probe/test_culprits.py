"""Whose body it was."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import pytest

from importguard.probe.culprits import Culprits

Frame = tuple[str, int, str, str]
FILES = {"shop": "/srv/shop/__init__.py", "shop.a": "/srv/shop/a.py", "shop.b": "/srv/shop/b.py"}
A: Frame = ("/srv/shop/a.py", 3, "<module>", "shop.a")
B: Frame = ("/srv/shop/b.py", 7, "<module>", "shop.b")
LIBRARY: Frame = ("/lib/redis.py", 9, "connect", "redis")


def failure(
    frames: list[Frame], message: str = "no", kind: str = "ValueError", name: Optional[str] = None
) -> tuple[str, str, Optional[str], list[Frame], list[tuple[str, str, Optional[str]]]]:
    return kind, message, None, frames, [(kind, message, name)]


@pytest.mark.parametrize(
    ("frames", "culprit"),
    [
        ([A, B], "shop.b"),
        ([A, B, LIBRARY], "shop.b"),
        ([A, ("/srv/shop/b.py", 7, "work", "shop.b")], "shop.a"),
        ([A, ("/lib/redis.py", 1, "<module>", "redis")], "redis"),
        ([A, ("/srv/shop/../shop/b.py", 7, "<module>", "")], "shop.b"),
        ([A, ("/lib/python3/site-packages/redis/bad.py", 1, "<module>", "")], "redis.bad"),
        ([A, ("/lib/python3/dist-packages/redis/__init__.py", 1, "<module>", "")], "redis"),
        ([A, ("/elsewhere/bad.py", 1, "<module>", "")], "shop.x"),
        ([], "shop.x"),
    ],
)
def test_the_innermost_body(frames: list[Frame], culprit: str) -> None:
    assert Culprits(FILES).of_failure("shop.x", failure(frames)) == culprit


def test_the_innermost_frame_of_the_application() -> None:
    culprits = Culprits(FILES)
    in_b, in_a = ("shop.b", B[1]), ("shop.a", A[1])
    assert culprits.own_frames([A, B, LIBRARY]) == [in_b, in_a]
    assert culprits.own_frames([A, LIBRARY, B]) == [in_b]
    assert culprits.own_frames([LIBRARY]) == culprits.own_frames_of_body([LIBRARY]) == []
    called = (B[0], 9, "work", "shop.b")
    assert culprits.own_frames_of_body([A, B, LIBRARY, called]) == [("shop.b", 9), in_b]


def test_where_a_process_ended() -> None:
    culprits = Culprits(FILES)
    dump = '  File "/srv/shop/b.py", line 7 in <module>\n  File "/srv/shop/a.py", line 3 in <module>\n'
    assert culprits.of_end("shop.a", [A, B], "") == "shop.b"
    assert culprits.of_end("shop.a", [], "it printed\n" + dump) == "shop.b"
    assert culprits.of_end("shop.a", [], "nothing") == "shop.a"


def test_a_compiled_file_of_another_version() -> None:
    bad = failure([A], "bad magic number in 'shop.b': b'x'", "ImportError", "shop.b")
    assert Culprits(FILES).of_failure("shop.a", bad) == "shop.b"
    other = failure([A], "bad magic number in 'redis': b'x'", "ImportError", "redis")
    assert Culprits(FILES).of_failure("shop.a", other) == "shop.a"


@pytest.mark.parametrize(
    "statement",
    ["import shop.ok, shop.bad", "from shop import bad", "from . import ok, bad", "from .bad import x"],
)
def test_a_file_with_null_bytes(tmp_path: Path, statement: str) -> None:
    """Its importer is the last that ran: the interpreter's error names no file."""
    (tmp_path / "shop").mkdir()
    texts = {"__init__": "", "ok": "", "bad": "x = 1\0\n", "user": f"import json\n{statement}\n"}
    files: dict[str, Optional[str]] = {}
    for name, text in texts.items():
        path = tmp_path / "shop" / f"{name}.py"
        path.write_text(text)
        files["shop" if name == "__init__" else f"shop.{name}"] = str(path)
    words = "source code string cannot contain null bytes"
    user = (str(tmp_path / "shop" / "user.py"), 2, "<module>", "shop.user")
    assert Culprits(files).of_failure("shop.user", failure([user], words, "SyntaxError")) == "shop.bad"
    elsewhere = (user[0], 1, *user[2:])
    assert Culprits(files).of_failure("shop.user", failure([elsewhere], words, "SyntaxError")) == "shop.user"


@pytest.mark.parametrize(
    ("kind", "message", "origin"),
    [
        ("AttributeError", "'Client' object has no attribute 'apps'", "honcho"),
        ("AttributeError", "type object 'Client' has no attribute 'apps'", "honcho"),
        ("TypeError", "Client.__init__() got an unexpected keyword argument 'app'", "honcho"),
        ("TypeError", "connect() missing 1 required positional argument: 'url'", "honcho.wire"),
        ("AttributeError", "'NoneType' object has no attribute 'apps'", ""),
        ("RuntimeError", "'Client' object has no attribute 'apps'", ""),
    ],
)
def test_the_origin_of_what_an_error_names(tmp_path: Path, kind: str, message: str, origin: str) -> None:
    path = tmp_path / "app.py"
    path.write_text("from honcho import Client\nfrom honcho.wire import connect\n")
    assert Culprits({"app": str(path)}).origin_of_named("app", kind, message) == origin
