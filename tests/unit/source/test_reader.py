"""A source tree as one value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from importguard.errors import UsageError
from importguard.source.model import Source, Tree
from importguard.source.reader import read_source


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


def read(folder: Path, files: dict[str, str], context: str = "", dockerfile: str = "") -> Source:
    write(folder, files)
    return read_source(
        Tree(
            str(folder),
            str(folder / context) if context else None,
            str(folder / dockerfile) if dockerfile else None,
        )
    )


def test_files_and_their_digests(tmp_path):
    source = read(tmp_path, {"a.py": "x\r\n", "b/c.py": "x\n", "b/d.txt": "", "e.pyi": "", ".git/f.py": ""})
    first, second = source.files
    assert [first.path, second.path] == ["a.py", "b/c.py"]
    assert first.text_digest == second.text_digest != ""
    assert (source.root, source.context, source.dockerfile) == (str(tmp_path), ".", None)


def test_environments_and_caches_are_not_walked(tmp_path):
    files = {
        "env/pyvenv.cfg": "",
        "env/lib/a.py": "",
        "node_modules/b.py": "",
        "__pycache__/c.py": "",
        "d.py": "",
    }
    assert [file.path for file in read(tmp_path, files).files] == ["d.py"]


def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path):
    write(tmp_path, {"a/b.py": ""})
    os.symlink("a", tmp_path / "c")
    os.symlink("a/b.py", tmp_path / "d.py")
    os.symlink("nothing", tmp_path / "e.py")
    assert [file.path for file in read(tmp_path, {}).files] == ["d.py", "a/b.py"]


def test_a_context_below_the_root(tmp_path):
    source = read(
        tmp_path,
        {
            "back/.dockerignore": "**/inner/\n",
            "back/Dockerfile": "FROM x\nCOPY . /app\n",
            "back/shop/a.py": "",
            "back/shop/inner/b.py": "",
            "front/c.py": "",
        },
        context="back",
    )
    assert source.context == "back"
    assert source.ignore_file == "back/.dockerignore"
    assert source.context_files == {"back/shop/a.py"}
    (out,) = source.ignored
    assert (out.path, out.rule.path, out.rule.line) == ("back/shop/inner/b.py", "back/.dockerignore", 1)
    assert out.exception == "!shop/inner/"
    (placed,) = source.placements
    assert (placed.path, placed.destination) == ("back/shop/a.py", "/app/shop/a.py")


def test_a_context_outside_of_the_root(tmp_path):
    files = {"app/a.py": "", "lib/b.py": "", "app/Dockerfile": "FROM x\nCOPY lib /lib\n"}
    write(tmp_path, files)
    source = read_source(Tree(str(tmp_path / "app"), str(tmp_path), str(tmp_path / "app/Dockerfile")))
    assert source.context == ".."
    assert {file.path for file in source.files} == {"a.py", "../lib/b.py"}
    assert source.context_files == {"a.py", "../lib/b.py"}
    assert [(one.path, one.destination) for one in source.placements] == [("../lib/b.py", "/lib/b.py")]


def test_the_dockerfile_s_own_ignore_file_goes_first(tmp_path):
    files = {
        ".dockerignore": "a.py\n",
        "web.Dockerfile": "FROM x\n",
        "web.Dockerfile.dockerignore": "b.py\n",
        "a.py": "",
        "b.py": "",
    }
    source = read(tmp_path, files, dockerfile="web.Dockerfile")
    assert [item.path for item in source.ignored] == ["b.py"]
    assert source.ignore_file == "web.Dockerfile.dockerignore"


def test_what_the_builder_refuses_is_noted(tmp_path):
    source = read(tmp_path, {".dockerignore": "a\n[b\n", "Dockerfile": "RUN x\n", "a": "", "c.py": ""})
    assert source.context_files == {"c.py"}
    assert source.notes == (
        "The builder refuses .dockerignore: line 2: '[b': syntax error in pattern.",
        "The builder refuses it: Dockerfile has no FROM.",
    )
    assert source.refused == " ".join(source.notes)


def test_what_was_named_must_be_there(tmp_path):
    with pytest.raises(UsageError, match="is no folder"):
        read_source(Tree(str(tmp_path / "nothing")))
    with pytest.raises(UsageError, match="no Dockerfile at"):
        read_source(Tree(str(tmp_path), dockerfile=str(tmp_path / "web")))
