"""The examples for Cloud Build and GitLab: what they run is run here, in order, until something fails."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
from typing import Any, Callable, Union
from xml.etree import ElementTree

import pytest
import yaml
from local_registry import ask, need, registry
from packaging.requirements import Requirement
from scenarios.support import BASE, PREFIX, SITE, build, docker, environment

ROOT = Path(__file__).parents[2]
SOCKET = "/var/run/docker.sock"
NETWORK = f"{PREFIX}cloudbuild-{os.getpid()}"
APP = {
    "Dockerfile": f'FROM {BASE}\nWORKDIR /app\nCOPY shop shop\nCMD ["python3", "-m", "shop.main"]\n',
    ".dockerignore": "**/monitoring/\n",
    "shop/__init__.py": "",
    "shop/main.py": "from shop.monitoring import report\n",
    "shop/monitoring/__init__.py": "def report(): ...\n",
}


def write(workspace: Path) -> None:
    """An application whose .dockerignore leaves out what it imports."""
    for name, text in APP.items():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(text)


@pytest.fixture(scope="module")
def own_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """importguard's image, built from the project's Dockerfile on a base that has pip and packages for it."""
    wheels = tmp_path_factory.mktemp("wheels")
    version = docker(
        "run", "--rm", BASE, "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"
    )
    wanted = [line for line in requires("importguard") or () if "extra ==" not in line]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "-q", "--dest", str(wheels), "--only-binary=:all:"),
            *("--constraint", str(ROOT / "constraints.txt"), "--python-version", version, *_platforms()),
            *("pip", "hatchling", *(line for line in wanted if _needed(line, version))),
        ],
        check=True,
    )
    need("bwrap")
    bubblewrap = program_files("bwrap")
    loader = next(Path(path).name for path in bubblewrap if Path(path).name.startswith("ld-"))
    run = f'#!/bin/sh\nexec /opt/bwrap/{loader} --library-path /opt/bwrap /opt/bwrap/bwrap "$@"\n'
    base = build(
        "pip",
        f"FROM base\nCOPY wheels /wheels\nRUN python3 -m zipfile -e /wheels/pip-*.whl {SITE}\n"
        "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels\n"
        "COPY bwrap /opt/bwrap\nCOPY --chmod=755 run /usr/local/bin/bwrap\n",
        {
            "wheels": wheels,
            "run": run,
            **{f"bwrap/{Path(name).name}": file for name, file in bubblewrap.items()},
        },
    )
    name = f"{PREFIX}own-{os.getpid()}"
    docker("build", "-q", "--build-arg", f"BASE={base}", "-t", name, str(ROOT))
    yield name
    docker("image", "rm", "-f", name)


def _platforms() -> list[str]:
    """For pip: the glibc platforms (PEP 600) of the engine's machine, beside packages of pure Python."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[docker("version", "--format", "{{.Server.Arch}}")]
    tags = (f"manylinux_2_17_{machine}", f"manylinux2014_{machine}", f"manylinux_2_28_{machine}")
    return [word for tag in tags for word in ("--platform", tag)]


def _needed(requirement: str, version: str) -> bool:
    marker = Requirement(requirement).marker
    return marker is None or marker.evaluate({"python_version": version})


def program_files(name: str) -> dict[str, Path]:
    """A program of this machine with the libraries that it loads, by their paths."""
    program = Path(shutil.which(name) or name).resolve()
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    libraries = re.findall(r"(/\S+) \(0x", listed)
    return {path: Path(path).resolve() for path in (*libraries, str(program))}


@pytest.fixture(scope="module")
def docker_builder() -> str:
    """The image of the Docker command line: here this machine's, with its libraries."""
    files = {path.lstrip("/"): file for path, file in program_files("docker").items()}
    program = list(files)[-1]
    text = f'FROM scratch\nCOPY . /\nENV DOCKER_BUILDKIT=0\nENTRYPOINT ["/{program}"]\n'
    return build("docker-builder", text, {".dockerignore": "Dockerfile\n.dockerignore\n", **files})


@pytest.fixture(scope="module")
def gcloud() -> str:
    """A gcloud that writes down what it is asked to do."""
    script = '#!/bin/sh\necho "$@" > /workspace/deployed\n'
    return build("gcloud", "FROM base\nCOPY --chmod=755 gcloud /usr/bin/\n", {"gcloud": script})


Step = Union[str, Callable[[list[str]], list[str]]]
"""The image of a step, or the command of this machine that is run in its place."""


class CloudBuild:
    """Runs a build as https://github.com/GoogleCloudPlatform/cloud-build-local does (``dockerRunArgs``)."""

    def __init__(self, example: str, images: dict[str, Step], folder: Path, host: str) -> None:
        self.example = yaml.safe_load((ROOT / "examples" / example).read_text("utf-8"))
        self.images, self.host = images, host
        self.workspace, self.outputs, self.home = (folder / name for name in ("workspace", "outputs", "home"))
        for path in (self.workspace, self.outputs, self.home):
            path.mkdir()
        write(self.workspace)
        self.values = {"PROJECT_ID": "my-project", "BUILD_ID": "0f1e2d3c"}
        given = {**self.example["substitutions"], "_IMAGE": f"{host}/my-project/shop/web"}
        self.values.update({name: self.substituted(value) for name, value in given.items()})
        self.log = ""

    def substituted(self, text: str) -> str:
        """https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values."""
        return re.sub(r"\$\{?(\w+)\}?", lambda match: self.values[match.group(1)], text)

    def run(self) -> list[str]:
        """The ids of the steps that succeeded; the first that fails is the last that runs."""
        succeeded: list[str] = []
        for number, step in enumerate(self.example["steps"]):
            line = self.command(number, step)
            done = subprocess.run(line, cwd=self.workspace, capture_output=True, timeout=300, check=False)
            self.log = (done.stdout + done.stderr).decode()
            if done.returncode != 0:
                break
            succeeded.append(step["id"])
        return succeeded

    def command(self, number: int, step: dict[str, Any]) -> list[str]:
        image = self.images[step["name"]]
        arguments = [self.substituted(word) for word in step["args"]]
        if not isinstance(image, str):
            return image([word.replace("/workspace", str(self.workspace)) for word in arguments])
        outputs = self.outputs / str(number)
        outputs.mkdir(exist_ok=True)
        options = [
            *("--rm", "--label", "importguard-test", "--network", NETWORK, "--privileged"),
            *("--volume", f"{SOCKET}:{SOCKET}", "--volume", f"{self.workspace}:/workspace"),
            *("--volume", f"{self.home}:/builder/home", "--volume", f"{outputs}:/builder/outputs"),
            *("--env", "HOME=/builder/home", "--env", "BUILDER_OUTPUT=/builder/outputs"),
            *("--workdir", "/workspace"),
        ]
        options += ["--entrypoint", step["entrypoint"]] if "entrypoint" in step else []
        return ["docker", "run", *options, image, *arguments]


@pytest.fixture
def cloud_build(own_image: str, docker_builder: str, gcloud: str, tmp_path: Path) -> Iterator[CloudBuild]:
    images = {
        "gcr.io/cloud-builders/docker": docker_builder,
        "${_IMPORTGUARD}": own_image,
        "gcr.io/google.com/cloudsdktool/google-cloud-cli:slim": gcloud,
    }
    docker("network", "create", NETWORK)
    try:
        with registry(tmp_path) as host:
            made = CloudBuild("cloudbuild.yaml", images, tmp_path, host)
            yield made
            docker("image", "rm", "-f", made.substituted("${_IMAGE}:${BUILD_ID}"), check=False)
    finally:
        docker("network", "rm", NETWORK)


def test_a_failed_check_stops_the_push_and_the_deployment(cloud_build: CloudBuild) -> None:
    assert cloud_build.run() == ["build"], cloud_build.log
    assert "IG101 missing-module  shop.monitoring" in cloud_build.log
    assert "::error" not in cloud_build.log
    assert "`shop.monitoring`" in (cloud_build.outputs / "1/output").read_text("utf-8")
    assert ask(cloud_build.host, "_catalog") == {"repositories": []}
    assert not (cloud_build.workspace / "deployed").exists()

    (cloud_build.workspace / ".dockerignore").unlink()
    assert cloud_build.run() == ["build", "check", "push", "deploy"], cloud_build.log
    assert ask(cloud_build.host, "my-project/shop/web/tags/list")["tags"] == ["0f1e2d3c"]
    deployed = (cloud_build.workspace / "deployed").read_text()
    image = f"{cloud_build.host}/my-project/shop/web:0f1e2d3c"
    assert deployed == f"run deploy shop --image={image} --region=europe-west1\n"


def test_gitlab_shows_the_findings_and_pushes_nothing(own_image: str, tmp_path: Path) -> None:
    write(tmp_path)
    example = yaml.safe_load((ROOT / "examples/gitlab-ci.yml").read_text("utf-8"))
    job = example["check"]
    with registry(tmp_path) as host:
        given = {
            "CI_REGISTRY": host,
            "CI_REGISTRY_USER": "ci",
            "CI_REGISTRY_PASSWORD": "a$b",
            "CI_REGISTRY_IMAGE": f"{host}/shop",
            "CI_COMMIT_SHA": "0f1e2d3c",
            "CI": "true",
            "CI_PROJECT_DIR": str(tmp_path),
            "DOCKER_CONFIG": str(tmp_path / ".docker"),
        }
        image = f"{host}/shop:0f1e2d3c"
        script = "\n".join(["set -eo pipefail", *job["before_script"], *job["script"]])
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**environment(), **given, "IMAGE": image, "IMPORTGUARD": own_image},
            capture_output=True,
            check=False,
        )
        docker("image", "rm", "-f", image)
        assert done.returncode == 1, done.stderr.decode()
        assert ask(host, "_catalog") == {"repositories": []}
    reports = job["artifacts"]["reports"]
    (entry,) = json.loads((tmp_path / reports["codequality"]).read_text())
    assert (entry["check_name"], entry["severity"]) == ("missing-module", "blocker")
    assert entry["location"] == {"path": ".dockerignore", "lines": {"begin": 1}}
    root = ElementTree.parse(tmp_path / reports["junit"]).getroot()
    assert (root.get("tests"), root.get("failures")) == ("2", "1")


def test_its_image_needs_no_root(own_image: str, tmp_path: Path) -> None:
    image = build(
        "cloudbuild-broken", "FROM base\nWORKDIR /app\nCOPY shop shop\n", {"shop/a.py": "import nope\n"}
    )
    group = Path(SOCKET).stat().st_gid
    user = ("--user", "65534", "--group-add", str(group), "--read-only", "--cap-drop", "ALL")
    line = [
        "docker",
        "run",
        "--rm",
        "--label",
        "importguard-test",
        *user,
        "-v",
        f"{SOCKET}:{SOCKET}",
        own_image,
    ]
    done = subprocess.run([*line, "check", image, "--pull", "never"], capture_output=True, check=False)
    assert (done.returncode, b"IG101" in done.stdout) == (1, True), done.stderr.decode()
    version = subprocess.run([*line, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("importguard 0.")
