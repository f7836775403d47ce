"""The files of the integrations against the schemas of the services that read them."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from importguard.cli.main import cli
from importguard.source.locating.named_builds import describes_builds

ROOT = Path(__file__).parents[2]
FILES = {
    "action.yml": "github-actions",
    "examples/github-actions.yml": "github-workflows",
    "examples/cloudbuild.yaml": "cloudbuild",
    "examples/cloudbuild-kaniko.yaml": "cloudbuild",
    "examples/gitlab-ci.yml": "gitlab-ci",
    "examples/gitlab-ci-buildah.yml": "gitlab-ci",
}


@pytest.mark.parametrize("path", FILES)
def test_it_is_what_its_service_reads(path: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{FILES[path]}"]
    done = subprocess.run([*command, str(ROOT / path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_its_image_installs_pinned_versions_of_all_that_is_needed() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    needed, following = set(), ["importguard"]
    while following:
        for line in distribution(following.pop()).requires or ():
            wanted = Requirement(line)
            name = canonicalize_name(wanted.name)
            if name not in needed and (
                wanted.marker is None or wanted.marker.evaluate({"python_version": "3.13"})
            ):
                needed.add(name)
                following.append(name)
                assert name in pinned, f"renew constraints.txt, as it says: {name} is not in it"
                assert wanted.specifier.contains(pinned[name], prereleases=True)
    assert set(pinned) == needed
    assert all(re.fullmatch(r"[\d.]+(post\d+)?", version) for version in pinned.values())


def test_the_action_installs_pinned_versions() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (install,) = (step["run"] for step in action["runs"]["steps"] if step["name"] == "Install it")
    assert 'pinned=(--constraint "$PROJECT/constraints.txt")' in install
    (wheel,) = (line for line in install.splitlines() if "pip wheel" in line)
    assert '"${pinned[@]}"' in wheel


def test_the_example_pushes_and_deploys_only_after_the_check() -> None:
    jobs = yaml.safe_load((ROOT / "examples/github-actions.yml").read_text())["jobs"]
    image, deploy = jobs["image"], jobs["deploy"]
    names = [step.get("name") for step in image["steps"]]
    assert names[1:3] == ["Build", "Check"]
    # Without a status function, a condition means success() as well.
    assert [step.get("if") for step in image["steps"] if step.get("name") in ("Save", "Hand on")] == [
        "github.event_name == 'push'"
    ] * 2
    assert (deploy["needs"], deploy["if"]) == ("image", "github.event_name == 'push'")
    assert [step.get("name") for step in deploy["steps"]][2:] == ["Push", "Deploy"]
    assert all("continue-on-error" not in step for step in [*image["steps"], *deploy["steps"]])
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert set(image["steps"][2]["with"]) <= set(action["inputs"])


def test_a_pull_request_of_a_fork_can_do_what_the_example_does() -> None:
    jobs = yaml.safe_load((ROOT / "examples/github-actions.yml").read_text())["jobs"]
    (show,) = (step for step in jobs["image"]["steps"] if "upload-sarif" in step.get("uses", ""))
    assert "github.event.pull_request.head.repo.full_name == github.repository" in show["if"]
    assert "id-token" not in jobs["image"]["permissions"]


def test_the_action_gives_options_that_there_are() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (check,) = (step for step in action["runs"]["steps"] if step.get("id") == "check")
    given = set(re.findall(r"options\+?=\((--[a-z-]+)", check["run"]))
    assert given >= {"--build", "--file", "--source", "--baseline", "--tag"}
    assert given <= {name for parameter in cli.commands["check"].params for name in parameter.opts}


# The first major version of each that runs under Node 24: https://github.blog/changelog/
# 2025-09-19-deprecation-of-node-20-on-github-actions-runners
NODE_24 = {
    "actions/cache": 5,
    "actions/checkout": 5,
    "actions/download-artifact": 7,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "github/codeql-action/upload-sarif": 4,
    "google-github-actions/auth": 3,
    "google-github-actions/deploy-cloudrun": 3,
}


@pytest.mark.parametrize(
    "path", ["action.yml", "examples/github-actions.yml", "importguard/cli/templates/github.yml"]
)
def test_no_action_runs_under_a_node_that_runners_drop(path: str) -> None:
    text = (ROOT / path).read_text("utf-8")
    used = re.findall(r"uses: (?!OWNER)([\w./-]+)@(?:v|[0-9a-f]{40} # v)(\d+)", text)
    assert len(used) == len(re.findall(r"uses: (?!OWNER)", text)) > 0
    assert [name for name, version in used if int(version) < NODE_24[name]] == []


def test_no_example_builds_with_an_archived_program() -> None:
    assert "gcr.io/kaniko-project" not in (ROOT / "examples/cloudbuild-kaniko.yaml").read_text("utf-8")


def test_a_hook_asks_for_the_pre_commit_that_knows_its_stage() -> None:
    """Stages are called pre-push, pre-commit … since 3.2.0."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    asked = [hook.get("minimum_pre_commit_version") for hook in hooks if "stages" in hook]
    assert asked == ["3.2.0"]


@pytest.mark.parametrize("hook", yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()))
def test_the_hooks_run_on_what_decides_which_modules_get_into_the_image(hook: dict[str, str]) -> None:
    for path in (
        *("Dockerfile", "deploy/Dockerfile.prod", "web.Dockerfile", "Containerfile", ".dockerignore"),
        *("a/Dockerfile.dockerignore", "requirements.txt", "requirements-dev.in", "requirements/base.txt"),
        *(
            "constraints.txt",
            "a/pyproject.toml",
            "setup.py",
            "setup.cfg",
            "Pipfile",
            "Pipfile.lock",
            "uv.lock",
        ),
        *("uv.lock", "poetry.lock", "pylock.toml", "pylock.dev.toml", "shop/main.py", "importguard.toml"),
    ):
        assert re.search(hook["files"], path), path
    for path in (
        *("compose.yaml", "docker-compose.prod.yml", "cloudbuild.yaml", ".gitlab-ci.yml", "fly.toml"),
        *(".github/workflows/deploy.yml", "Makefile", "rules.mk", "justfile", "Jenkinsfile", "Tiltfile"),
        *("scripts/build.sh", "docker-bake.hcl", "skaffold.yaml"),
    ):
        assert describes_builds(path)
        assert re.search(hook["files"], path), path
    for path in ("README.md", "docs/notes.txt", "main.pyc", "package.json", "a.py/b.md", "setup.cfg.bak"):
        assert not re.search(hook["files"], path), path
