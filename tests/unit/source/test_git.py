"""What git says of the source, asked of real repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from importguard.source.git import read_git, with_history
from importguard.source.model import Git, Source, SourceFile

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
IDENTITY = {
    **{
        f"GIT_{who}_{what}": "test@example.org"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **IDENTITY},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", ".")
    write(
        tmp_path,
        {
            ".gitignore": "# comment\nlocal/\n*.so\n!kept.so\n",
            "back/.gitignore": "secret.py\n",
            "back/shop/__init__.py": "",
            "back/shop/orders.py": "a = 1\nb = 2\nc = 3\n",
            "back/shop/old/__init__.py": "",
        },
    )
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_untracked_and_ignored_files(repository):
    files = {"a.py": "", "local/b.py": "", "back/secret.py": "", "back/kept.so": "", "back/x.so": ""}
    write(repository, files)
    notes: list[str] = []
    found = read_git(str(repository), [*files, "back/shop/orders.py"], notes)
    assert isinstance(found, Git)
    assert notes == []
    assert found.head == git(repository, "rev-parse", "HEAD")
    assert found.untracked == ("a.py", "back/kept.so")
    assert [(one.path, one.rule.path, one.rule.line, one.rule.text) for one in found.ignored] == [
        ("local/b.py", ".gitignore", 2, "local/"),
        ("back/secret.py", "back/.gitignore", 1, "secret.py"),
        ("back/x.so", ".gitignore", 3, "*.so"),
    ]


def test_paths_are_relative_to_the_source_not_to_the_repository(repository):
    write(repository, {"back/local/b.py": "", "back/secret.py": ""})
    found = read_git(str(repository / "back"), ["local/b.py", "secret.py", "shop/orders.py", "../x.py"], [])
    assert found is not None
    assert [(one.path, one.rule.path) for one in found.ignored] == [
        ("local/b.py", "../.gitignore"),
        ("secret.py", ".gitignore"),
    ]
    assert found.untracked == ()


def test_no_repository_and_no_commit(tmp_path):
    notes: list[str] = []
    assert read_git(str(tmp_path), ["a.py"], notes) is None
    git(tmp_path, "init", "-q", ".")
    assert read_git(str(tmp_path), ["a.py"], notes) == Git("", ("a.py",))
    assert notes == []


def source(folder: Path) -> Source:
    files = tuple(
        SourceFile(os.path.relpath(path, folder)) for path in sorted(folder.rglob("*.py")) if path.is_file()
    )
    return Source(str(folder), files=files, git=read_git(str(folder), [file.path for file in files], []))


def test_a_repository_without_a_git_to_ask(repository, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("PATH", str(repository / "nowhere"))
    notes: list[str] = []
    assert read_git(str(repository), ["a.py"], notes) is None
    assert ["there is no git in PATH" in note for note in notes] == [True]
    assert read_git(str(tmp_path_factory.mktemp("elsewhere")), ["a.py"], notes) is None
    assert len(notes) == 1


def test_what_the_history_had(repository):
    git(repository, "mv", "back/shop/orders.py", "back/shop/carts.py")
    git(repository, "commit", "-qm", "orders are carts")
    renaming = git(repository, "rev-parse", "HEAD")
    git(repository, "rm", "-q", "back/shop/old/__init__.py")
    git(repository, "commit", "-qm", "clean up")
    found = with_history(source(repository / "back"), ["shop.orders", "shop.old", "shop.never"])
    assert found.git is not None
    assert {(one.path, one.subject, one.renamed_to) for one in found.git.removed} == {
        ("shop/orders.py", "orders are carts", "shop/carts.py"),
        ("shop/old/__init__.py", "clean up", None),
    }
    assert renaming in {one.commit for one in found.git.removed}
    assert all(one.date.startswith("20") for one in found.git.removed)


def test_what_is_there_again_was_not_removed(repository):
    git(repository, "rm", "-q", "back/shop/old/__init__.py")
    git(repository, "commit", "-qm", "clean up")
    write(repository, {"back/shop/old/__init__.py": ""})
    found = with_history(source(repository), ["shop.old"])
    assert found.git is not None
    assert found.git.removed == ()


FILE = ("-c", "protocol.file.allow=always", "-c", "uploadpack.allowFilter=true")


def test_files_of_submodules(repository, tmp_path_factory):
    above = tmp_path_factory.mktemp("above")
    git(above, "init", "-q", ".")
    git(above, *FILE, "submodule", "--quiet", "add", str(repository), "libs/inner")
    git(above, "commit", "-qm", "with a submodule")
    files = {"libs/inner/a.py": "", "libs/inner/local/b.py": "", "c.py": ""}
    write(above, files)
    notes: list[str] = []
    found = read_git(str(above), [*files, "libs/inner/back/shop/orders.py"], notes)
    assert notes == []
    assert found is not None
    assert found.untracked == ("libs/inner/a.py", "c.py")
    assert [(one.path, one.rule.path) for one in found.ignored] == [
        ("libs/inner/local/b.py", "libs/inner/.gitignore")
    ]
    inner = read_git(str(above / "libs/inner"), ["a.py", "back/shop/orders.py"], notes)
    assert inner is not None
    assert inner.untracked == ("a.py",)


def test_a_submodule_whose_repository_is_gone(repository, tmp_path_factory):
    above = tmp_path_factory.mktemp("above")
    git(above, "init", "-q", ".")
    git(above, *FILE, "submodule", "--quiet", "add", str(repository), "inner")
    git(above, "commit", "-qm", "with a submodule")
    shutil.rmtree(above / ".git/modules")
    write(above, {"c.py": ""})
    found = read_git(str(above), ["c.py"], [])
    assert found is not None
    assert found.untracked == ("c.py",)


def test_a_worktree(repository, tmp_path_factory):
    tree = tmp_path_factory.mktemp("trees") / "second"
    git(repository, "worktree", "add", "-q", str(tree))
    git(tree, "rm", "-q", "back/shop/old/__init__.py")
    git(tree, "commit", "-qm", "clean up")
    found = with_history(source(tree), ["shop.old"])
    assert found.git is not None
    assert [one.subject for one in found.git.removed] == ["clean up"]


def test_a_clone_that_lacks_objects(repository, tmp_path_factory):
    git(repository, "mv", "back/shop/orders.py", "back/shop/carts.py")
    git(repository, "commit", "-qm", "orders are carts")
    write(repository, {"back/shop/carts.py": "a = 2\n"})
    git(repository, "commit", "-qam", "other carts")
    place = tmp_path_factory.mktemp("clones")
    git(repository, "config", "uploadpack.allowFilter", "true")
    for name, option, removed in (
        ("blobless", "--filter=blob:none", ["orders are carts"]),
        ("treeless", "--filter=tree:0", []),
        ("shallow", "--depth=1", []),
    ):
        git(place, *FILE, "clone", "-q", option, f"file://{repository}", name)
        found = with_history(source(place / name), ["shop.orders"])
        assert found.git is not None
        assert found.git.head
        assert [one.subject for one in found.git.removed] == removed
