"""The GitHub Action: its shell steps are run as the runner runs them, against real images."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from scenarios.applications import APP, under
from scenarios.runner import ACTION, Job
from scenarios.support import BASE, PREFIX, build, docker
from unit.reporters.test_sarif import validate

DOCKERFILE = "FROM base\nWORKDIR /srv\nCOPY src /srv\n"


@pytest.fixture(scope="module")
def broken() -> str:
    return build("action-broken", DOCKERFILE, under("src", APP))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose image is sound: what is broken is left out of it."""
    folder = tmp_path_factory.mktemp("my workspace")
    dockerfile = DOCKERFILE.replace("base", BASE) + "RUN rm app/broken.py\n"
    for name, text in {**under("src", APP), "Dockerfile": dockerfile}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, workspace: Path) -> Job:
    return Job(tmp_path_factory.mktemp("temp"), tmp_path_factory.mktemp("cache"), workspace)


def test_no_input_gets_into_the_text_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_a_broken_image_fails_the_step(job: Job, broken: str) -> None:
    outputs = job.run(
        image=broken,
        output="r.sarif\njunit=with space.xml\n",
        args="--pull never --exclude 'none; touch injected $(touch injected) `touch injected`'",
    )
    assert job.code == 1, job.log
    assert (outputs["result"], outputs["findings"]) == ("findings", "1")
    assert json.loads(Path(outputs["report"]).read_text())["images"][0]["findings"][0]["rule"] == "IG101"
    assert re.search("^::error file=src/app/broken.py,line=1,title=IG101 ", job.log, re.MULTILINE)
    assert "`not_there_xyz`" in job.summary
    validate(json.loads((job.workspace / "r.sarif").read_text()))
    assert (job.workspace / "with space.xml").exists()
    assert not (job.workspace / "injected").exists()
    job.keep()


def test_a_sound_image_passes_and_is_built_under_its_name(job: Job) -> None:
    name = f"{PREFIX}action-sound"
    outputs = job.run(image=name, build_context=".", fail_on="warning", format="markdown")
    assert job.code == 0, job.log
    assert (outputs["result"], outputs["findings"]) == ("passed", "0")
    assert "### ✅" in job.log
    assert docker("image", "inspect", "--format", "{{.Id}}", name)


def test_no_verdict_is_an_error(job: Job, broken: str) -> None:
    outputs = job.run(image=f"{broken}\n{PREFIX}not-there", args="--pull never")
    assert job.code == 3, job.log
    assert (outputs["result"], outputs["findings"]) == ("error", "1")
    outputs = job.run(image=broken, fail_on="$(touch injected)")
    assert job.code == 2
    assert outputs == {"result": "error", "report": "", "findings": ""}
    assert not (job.workspace / "injected").exists()


def test_the_next_job_installs_from_the_cache(job: Job, broken: str, tmp_path: Path) -> None:
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    following = Job(tmp_path, job.cache, job.workspace, environ=offline)
    following.run(image=broken, args="--pull never")
    assert following.code == 1, following.log
    assert following.steps["importguard"]["key"] == job.steps["importguard"]["key"]


def test_a_version_is_a_commit_of_the_actions_repository(job: Job, tmp_path: Path) -> None:
    repository = tmp_path / "owner" / "importguard"
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    subprocess.run([*git, "tag", "-a", "v0.9", "-m", "annotated"], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    other = Job(tmp_path, job.cache, job.workspace)
    other.run(only="importguard", version="v0.9")
    assert other.steps["importguard"]["project"] == f"git+file://{repository}@{commit.strip()}"
    for bad in ("v1; touch injected", "--upload-pack=x", "$(touch injected)", "a b", "v1\nkey=x"):
        other.run(only="importguard", version=bad)
        assert other.code == 2, bad
        assert "::error title=importguard::" in other.log
