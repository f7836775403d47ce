"""Broken files and unreadable ones: each kind, and what looks like it and is fine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from unit.probe.surroundings.elf_files import elf

from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.damage import broken_files, damage_of, unreadable_files

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
CONFLICT = b"import os\n<<<<<<< HEAD\nX = 1\n=======\nX = 2\n>>>>>>> main\n"


def written(tmp_path: Path, name: str, content: bytes) -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("name", "content", "kind", "line", "detail"),
    [
        ("a.py", b"", "empty", None, "0 bytes"),
        ("a.so", b"", "empty", None, "0 bytes"),
        ("a.py", LFS, "git-lfs-pointer", 1, "version https://git-lfs.github.com/spec/v1"),
        ("a.so", LFS, "git-lfs-pointer", 1, "version https://git-lfs.github.com/spec/v1"),
        ("a.py", b"x = 1\ny = 2\0\0\n", "nul-bytes", 2, "2 NUL bytes in 14 bytes"),
        ("a.so", bytes(4096), "nul-bytes", None, "only NUL bytes"),
        ("a.py", CONFLICT, "merge-markers", 2, "<<<<<<< HEAD"),
        ("a.py", b"X = 1\nY = 2\n>>>>>>> main\n=======\n", "merge-markers", 3, ">>>>>>> main"),
        ("a.py", b"def f():\n    return (1,\n     2", "truncated", 3, "2"),
        ("a.py", b"x = '''\nsome text", "truncated", 2, "some text"),
        ("a.py", b"class A:", "truncated", 1, "class A:"),
        ("a.pyc", b"\xa7\r\r\n", "truncated", None, "4 bytes"),
    ],
)
def test_what_is_broken(tmp_path: Path, name: str, content: bytes, kind: str, line: int, detail: str) -> None:
    assert damage_of(written(tmp_path, name, content)) == (kind, line, detail)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("__init__.py", b""),
        ("a.py", b"X = 1"),
        ("a.py", b"def f(:\n    pass\n"),
        ("a.py", b"x = (1,\n"),  # whole lines: its author forgot the bracket
        ("a.py", b'TEXT = """\n<<<<<<< HEAD\n=======\n>>>>>>> main\n"""\n'),
        ("a.py", b"Title\n=======\n"),
        ("a.py", b"# version https://git-lfs.github.com/spec/v1\n"),
        ("a.so", b"#!/bin/sh\n"),
    ],
)
def test_what_is_not(tmp_path: Path, name: str, content: bytes) -> None:
    assert damage_of(written(tmp_path, name, content)) is None


def test_a_library_that_was_cut(tmp_path: Path) -> None:
    path = elf(tmp_path / "a.so", "libc.so.6")
    assert damage_of(str(path)) is None
    path.write_bytes(path.read_bytes()[:200])
    assert (damage_of(str(path)) or ("",))[0] == "truncated"


def test_a_folder_and_a_fifo_are_not_judged(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert broken_files([str(tmp_path), str(tmp_path / "a.py"), "/absent.py"], Budget(5)) == []


def test_each_file_is_told_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a.py", b"")
    expected = {"path": path, "kind": "empty", "line": None, "detail": "0 bytes"}
    assert broken_files([path, path], Budget(5)) == [expected]


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Paths that this user may not read: root may read all, and tests run as root too."""
    paths: set[str] = set()
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path not in paths and real(path, mode))
    return paths


def test_the_first_folder_on_the_way_that_is_closed(tmp_path: Path, denied: set[str]) -> None:
    (tmp_path / "shop" / "cart").mkdir(parents=True)
    (tmp_path / "shop").chmod(0o700)
    denied.update({str(tmp_path / "shop"), str(tmp_path / "shop" / "cart")})
    (one,) = unreadable_files([str(tmp_path / "shop" / "cart" / "a.py")], [], Budget(5))
    assert (one["path"], one["kind"], one["mode"]) == (str(tmp_path / "shop"), "folder", 0o700)
    assert isinstance(one["owner"], str)
    assert isinstance(one["group"], str)


def test_everything_below_a_folder(tmp_path: Path, denied: set[str]) -> None:
    path = written(tmp_path, "a.py", b"")
    os.chmod(path, 0o600)
    denied.update({path, written(tmp_path, "notes.txt", b"")})
    (one,) = unreadable_files([], [str(tmp_path)], Budget(5))
    assert (one["path"], one["kind"], one["mode"]) == (path, "file", 0o600)


def test_what_can_be_read_is_not_told(tmp_path: Path) -> None:
    path = written(tmp_path, "a.py", b"")
    (tmp_path / "loop").symlink_to("loop")
    assert unreadable_files([path, "/absent", str(tmp_path / "loop")], [str(tmp_path)], Budget(5)) == []
