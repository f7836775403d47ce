"""The shell steps of the GitHub Action, run as the runner runs them, with a stand-in for importguard."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scenarios.runner import Job

_TELLS_ITS_ARGUMENTS = """\
#!{python}
import json, sys
json.dump(sys.argv[1:], open("arguments.json", "w"))
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job in which importguard is installed."""
    programs = tmp_path / "importguard-venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "importguard").write_text(_TELLS_ITS_ARGUMENTS.format(python=sys.executable))
    (programs / "importguard").chmod(0o755)
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Job(tmp_path, tmp_path / "cache", workspace)


def test_args_are_read_as_a_shell_reads_them(job: Job) -> None:
    outputs = job.run(
        only="check", image="app:1", args="--env 'GREETING=it is' --exclude a\\ b '' --timeout 5m"
    )
    assert job.code == 0, job.log
    assert outputs["result"] == "passed"
    arguments = json.loads((job.workspace / "arguments.json").read_text())
    assert arguments[-7:] == ["--env", "GREETING=it is", "--exclude", "a b", "", "--timeout", "5m"]


@pytest.mark.parametrize("args", ["--fail-on warning --env GREETING=it's", 'a "b', "a \\"])
def test_args_that_no_shell_would_read_end_the_step(job: Job, args: str) -> None:
    outputs = job.run(only="check", image="app:1", args=args)
    assert job.code == 2
    assert outputs == {"result": "error", "report": "", "findings": ""}
    assert "::error title=importguard::the input 'args'" in job.log
    assert not (job.workspace / "arguments.json").exists()


def test_a_version_is_the_branch_or_tag_of_that_whole_name(job: Job) -> None:
    repository = job.temp / "owner" / "importguard"
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    commits = {}
    subprocess.run(["git", "init", "-q", "-b", "main", str(repository)], check=True)
    for name in ("main", "release/main", "rc/v0.1.0", "v0.1.0"):
        subprocess.run([*git, "checkout", "-q", "-B", "work"], check=True)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", name], check=True)
        kind = ["tag", "-a", name, "-m", name] if "v0" in name else ["branch", "-f", name]
        subprocess.run([*git, *kind], check=True)
        commits[name] = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    for name, commit in commits.items():
        job.run(only="importguard", version=name)
        assert job.steps["importguard"]["project"] == f"git+file://{repository}@{commit}", name
    job.run(only="importguard", version=commits["main"])
    assert job.steps["importguard"]["project"].endswith(f"@{commits['main']}")
