"""The hooks under the real pre-commit, in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scenarios.support import BASE, environment

ROOT = Path(__file__).parents[2]
SHIPPED = (".pre-commit-hooks.yaml", "importguard", "LICENSE", "pyproject.toml", "README.md")
SHOP = {
    "Dockerfile": f"FROM {BASE}\nWORKDIR /app\nCOPY shop shop\n",
    ".dockerignore": "*.md\n",
    "notes.md": "",
    "shop/__init__.py": "",
    "shop/main.py": "from shop.monitoring import report\n",
    "shop/monitoring/__init__.py": "def report(): ...\n",
}


class Repository:
    """A git repository whose commands run with nothing of the user's configuration."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        folder.mkdir()
        author = {"NAME": "t", "EMAIL": "t@example.com"}
        people = {
            f"GIT_{who}_{key}": value for who in ("AUTHOR", "COMMITTER") for key, value in author.items()
        }
        self.environ = {
            **environment(people),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PRE_COMMIT_HOME": str(cache),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.git("init", "-q", "-b", "main")

    def run(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    def git(self, *arguments: str) -> str:
        code, said = self.run("git", *arguments)
        assert code == 0, said
        return said.strip()

    def commit(self, message: str) -> tuple[int, str]:
        self.git("add", "-A")
        return self.run("git", "commit", "-q", "-m", message)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(text)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The project as it lies here, as a repository that pre-commit can clone."""
    folder = tmp_path_factory.mktemp("hooks")
    repository = Repository(folder / "importguard", folder / "cache")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, repository.folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, repository.folder / name)
    assert repository.commit("all of it") == (0, "")
    return repository


@pytest.fixture
def shop(hooks: Repository, tmp_path: Path) -> Repository:
    """An application whose repository has both hooks."""
    repository = Repository(tmp_path / "shop", Path(hooks.environ["PRE_COMMIT_HOME"]))
    used = f"  - repo: {hooks.folder}\n    rev: {hooks.git('rev-parse', 'HEAD')}\n"
    chosen = "    hooks: [{id: importguard-context}, {id: importguard-build}]\n"
    repository.write({**SHOP, ".pre-commit-config.yaml": f"repos:\n{used}{chosen}"})
    for stage in ("pre-commit", "pre-push"):
        code, said = repository.run(sys.executable, "-m", "pre_commit", "install", "-t", stage)
        assert code == 0, said
    return repository


def test_a_commit_and_a_push_that_break_the_image_are_stopped(shop: Repository, tmp_path: Path) -> None:
    code, said = shop.commit("sound")
    assert code == 0, said
    assert "importguard context" in said

    shop.write({"notes.md": "no module\n"})
    code, said = shop.commit("not of interest")
    assert (code, "Skipped" in said) == (0, True), said

    shop.write({".dockerignore": "*.md\n**/monitoring/\n"})
    code, said = shop.commit("clean up")
    assert code == 1, said
    assert ".dockerignore:2" in said
    assert "shop.monitoring" in said
    assert shop.git("log", "--format=%s").split("\n") == ["not of interest", "sound"]

    shop.git("commit", "-q", "--no-verify", "-m", "clean up all the same")
    shop.run("git", "init", "-q", "--bare", str(tmp_path / "remote"))
    code, said = shop.run("git", "push", "-q", str(tmp_path / "remote"), "main")
    assert code == 1, said
    assert "IG101 missing-module  shop.monitoring" in said
    assert shop.run("git", "ls-remote", str(tmp_path / "remote")) == (0, "")
