"""The examples without a daemon: kaniko's archive in Cloud Build, buildah and skopeo in GitLab."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from local_registry import ask, need, registry
from scenarios.services import DOCKERFILE, SERVICE
from scenarios.support import BASE, build, docker, environment
from scenarios.test_container_pipelines import NETWORK, ROOT, CloudBuild, write

REGISTRIES = '[[registry]]\nlocation = "{host}"\ninsecure = true\n'
STORAGE = '[storage]\ndriver = "{driver}"\ngraphroot = "{folder}/images"\nrunroot = "{folder}/run"\n'

pytest_plugins = ["scenarios.test_container_pipelines"]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry with the base image, to which buildah and skopeo speak plain HTTP; their files are here."""
    need("buildah", "netavark", "skopeo", "bwrap")
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    (tmp_path / "storage.conf").write_text(
        STORAGE.format(folder=tmp_path, driver="vfs" if os.geteuid() else "overlay")
    )
    with registry(tmp_path) as host:
        (tmp_path / "registries.conf").write_text(REGISTRIES.format(host=host))
        docker("tag", BASE, f"{host}/base:1")
        docker("push", "-q", f"{host}/base:1")
        docker("image", "rm", f"{host}/base:1")
        yield host


def write_application(workspace: Path, host: str) -> None:
    """The application whose .dockerignore leaves out what it imports, on the registry's base."""
    write(workspace)
    path = workspace / "Dockerfile"
    path.write_text(path.read_text().replace(f"FROM {BASE}", f"FROM {host}/base:1"))


def kaniko(arguments: list[str]) -> list[str]:
    """What kaniko does with the options of the example. Debian has buildah, which writes the same format."""
    parser = ArgumentParser()
    for name in ("--context", "--dockerfile", "--destination", "--tar-path"):
        parser.add_argument(name, required=True)
    parser.add_argument("--no-push", action="store_true", required=True)
    told = parser.parse_args(arguments)
    folder = told.context[len("dir://") :]
    file, tag, archive = f"{folder}/{told.dockerfile}", told.destination, told.tar_path
    build = ["buildah", "build", "-q", "--isolation", "chroot", "-f", file, "-t", tag, folder]
    push = ["buildah", "push", "-q", tag, f"docker-archive:{archive}:{tag}"]
    return ["sh", "-c", f"{shlex.join(build)} && {shlex.join(push)}"]


def test_kaniko_in_cloud_build(own_image: str, gcloud: str, host: str, tmp_path: Path) -> None:
    images = {
        "ghcr.io/osscontainertools/kaniko:v1.28.4": kaniko,
        "${_IMPORTGUARD}": own_image,
        "quay.io/skopeo/stable:v1.18": lambda arguments: [
            "skopeo",
            arguments[0],
            "--dest-tls-verify=false",
            *arguments[1:],
        ],
        "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim": gcloud,
    }
    docker("network", "create", NETWORK)
    try:
        pipeline = CloudBuild("cloudbuild-kaniko.yaml", images, tmp_path, host)
        write_application(pipeline.workspace, host)
        assert pipeline.run() == ["build"], pipeline.log
        assert "IG101 missing-module  shop.monitoring" in pipeline.log
        assert ".dockerignore:1" in pipeline.log
        assert ask(host, "_catalog") == {"repositories": ["base"]}

        (pipeline.workspace / ".dockerignore").unlink()
        (pipeline.workspace / "image.tar").unlink()
        assert pipeline.run() == ["build", "check", "push", "deploy"], pipeline.log
        assert ask(host, "my-project/shop/web/tags/list")["tags"] == ["0f1e2d3c"]
    finally:
        docker("network", "rm", NETWORK)


def run_gitlab_job(workspace: Path, host: str) -> subprocess.CompletedProcess[str]:
    """Run the job of the example as the shell executor does, with importguard in PATH."""
    example = yaml.safe_load((ROOT / "examples/gitlab-ci-buildah.yml").read_text("utf-8"))
    job, values = example["check"], {
        "CI": "true",
        "CI_REGISTRY": host,
        "CI_REGISTRY_USER": "ci",
        "CI_REGISTRY_PASSWORD": "a$b",
        "CI_REGISTRY_IMAGE": f"{host}/shop",
        "CI_COMMIT_SHA": "0f1e2d3c",
        "CI_PROJECT_DIR": str(workspace),
    }  # fmt: skip
    for name, text in example["variables"].items():
        values[name] = re.sub(r"\$(\w+)", lambda match: values[match[1]], text)
    before = {**environment(), **values, "IMPORTGUARD_CACHE_DIR": str(workspace.parent / "cache")}
    before["PATH"] = f"{Path(sys.executable).parent}:{before['PATH']}"
    script = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
    # skopeo does not read in CONTAINERS_REGISTRIES_CONF that this registry has no TLS.
    script = script.replace("skopeo login", "skopeo login --tls-verify=false")
    script = script.replace("skopeo copy", "skopeo copy --dest-tls-verify=false")
    line = ["bash", "-c", script]
    done = subprocess.run(line, cwd=workspace, env=before, capture_output=True, text=True, check=False)
    after = "\n".join(job["after_script"])
    cleaned = subprocess.run(
        ["bash", "-c", after], cwd=workspace, env=before, capture_output=True, check=False
    )
    assert cleaned.returncode == 0, (done.stderr, cleaned.stderr)
    return done


def test_buildah_in_gitlab(host: str, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    write_application(workspace, host)
    done = run_gitlab_job(workspace, host)
    assert (done.returncode, "IG101 missing-module  shop.monitoring" in done.stdout) == (1, True), done.stderr
    assert ask(host, "_catalog") == {"repositories": ["base"]}
    (entry,) = json.loads((workspace / "gl-code-quality-report.json").read_text())
    assert entry["location"] == {"path": ".dockerignore", "lines": {"begin": 1}}
    assert not (workspace / "image.tar").exists()
    assert not (workspace / ".auth.json").exists()

    (workspace / ".dockerignore").unlink()
    done = run_gitlab_job(workspace, host)
    assert done.returncode == 0, done.stderr
    assert ask(host, "shop/tags/list")["tags"] == ["0f1e2d3c"]


UNCONFINED = ("--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined")


def test_its_image_needs_no_socket(own_image: str, tmp_path: Path) -> None:
    """In a container that may make user namespaces, as root or not; else it says what to do."""
    image = build(
        "daemonless-broken", "FROM base\nWORKDIR /app\nCOPY shop shop\n", {"shop/a.py": "import nope\n"}
    )
    docker("save", "-o", str(tmp_path / "image.tar"), image)
    (tmp_path / "image.tar").chmod(0o644)
    tmp_path.chmod(0o755)
    check = [own_image, "check", "--cache-dir", "/tmp/cache", "docker-archive:image.tar"]
    run = ["docker", "run", "--rm", "--label", "importguard-test", "--volume", f"{tmp_path}:/workspace:ro"]
    for user in ("0", "65534"):
        line = [*run, *UNCONFINED, "--user", user, *check]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert (done.returncode, "IG101 missing-module  nope" in done.stdout) == (1, True), done.stdout
    done = subprocess.run([*run, *check], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "--security-opt seccomp=unconfined" in " ".join(done.stdout.split())


@pytest.mark.parametrize("user", ["0", "65534"])
def test_its_image_starts_services_without_a_socket(own_image: str, tmp_path: Path, user: str) -> None:
    """A network namespace within that of the container, as root of it or not."""
    image = build("service", DOCKERFILE, {"shop": SERVICE / "shop"})
    docker("save", "-o", str(tmp_path / "image.tar"), image)
    (tmp_path / "image.tar").chmod(0o644)
    tmp_path.chmod(0o755)
    run = ["docker", "run", "--rm", "--label", "importguard-test", "--volume", f"{tmp_path}:/workspace:ro"]
    check = [own_image, "check", "--start", "--cache-dir", "/tmp/cache", "docker-archive:image.tar"]
    line = [*run, *UNCONFINED, "--user", user, *check, "--format", "json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    start = json.loads(done.stdout)["images"][0]["start"]
    assert [(one["status"], one["right"]) for one in start["requests"]] == [(200, True)]
