"""What the text of errors asks."""

from __future__ import annotations

from typing import Any

import pytest

from importguard.probe.surroundings.questions import Questions


def failure(*causes: tuple[str, str, Any], missing: Any = None, frames: Any = ()) -> dict[str, Any]:
    return {"type": "", "message": "", "missing": missing, "causes": list(causes), "frames": list(frames)}


def asked(*causes: tuple[str, str, Any], **more: Any) -> Questions:
    return Questions.questions_of([failure(*causes, **more), None], {}, [])


def test_every_missing_module_of_the_chain() -> None:
    found = asked(
        ("RuntimeError", "set-up failed", None),
        ("ModuleNotFoundError", "No module named 'orjson'", "orjson"),
        ("ModuleNotFoundError", "No module named 'ujson.fast'; 'ujson' is not a package", "ujson.fast"),
        missing="orjson",
    )
    assert list(found.missing) == ["orjson", "ujson.fast"]


@pytest.mark.parametrize(
    ("message", "pair"),
    [
        ("cannot import name 'A' from 'b.c' (/app/b/c.py)", ("b.c", "A")),
        ("cannot import name 'A' from partially initialized module 'b' (most likely…)", ("b", "A")),
        ("module 'b' has no attribute 'A'", ("b", "A")),
        ("partially initialized module 'b' has no attribute 'A' (most likely…)", ("b", "A")),
        ("partially initialized module 'b' from '/app/b.py' has no attribute 'A' (most…)", ("b", "A")),
    ],
)
def test_a_missing_name(message: str, pair: tuple[str, str]) -> None:
    assert list(asked(("X", message, None)).names) == [pair]


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("/site/x.abi3.so: undefined symbol: PyFoo", "/site/x.abi3.so"),
        ("/lib/libc.so.6: version `GLIBC_2.38' not found (required by /site/x.so)", "/site/x.so"),
        ("Error loading shared library libGL.so.1: No such file (needed by /site/x.so)", "/site/x.so"),
        ("/site/x.so: invalid ELF header", "/site/x.so"),
    ],
)
def test_a_file_that_the_loader_names(message: str, path: str) -> None:
    assert path in asked(("ImportError", message, None)).libraries


def test_a_module_that_an_import_error_names() -> None:
    message = "libGL.so.1: cannot open shared object file: No such file or directory"
    found = asked(
        ("ImportError", message, "cv2.cv2"), ("ImportError", "cannot import name 'A' from 'b'", "b")
    )
    assert list(found.refused) == ["cv2.cv2"]


def test_the_deepest_frames_come_first() -> None:
    frames = [["/app/a.py", 1, "<module>", "a"], ["/app/b.py", 2, "<module>", "b"]]
    assert list(asked(frames=frames).files) == ["/app/b.py", "/app/a.py"]


def test_attributes_of_entry_points_and_targets_that_were_not_reached() -> None:
    found = Questions.questions_of(
        [], {"shop.main": ["app.wsgi"]}, ["redis.client", "not a name", "x" * 600, "a." * 99 + "a"]
    )
    assert list(found.names) == [("shop.main", "app")]
    assert list(found.missing) == ["redis", "redis.client"]


@pytest.mark.parametrize("name", ["a." * 200 + "a", "a" * 600, "../../etc", "", "a..b"])
def test_what_is_no_module_s_name_is_not_asked_for(name: str) -> None:
    found = asked(
        ("ImportError", "x", name), ("X", f"cannot import name 'A' from '{name}'", None), missing=name
    )
    assert (found.missing, found.names, found.refused) == ({}, {}, {})
