"""Builds one image a project of ``projects/``: the project as application code in /app, what it needs as
installed distributions beside it.

A project is a requirements file with every version pinned. Its first line, ``# application: NAME …``, names
the top-level packages that make up the application; ``# sample: N`` says how many of its modules fresh
interpreters are asked about where all would take hours. The host's pip installs (the base image needs
none). What is installed gets its ``.pyc`` files in the image, as by pip; the application has none, as after
``COPY``, unless that is asked for. Every side of the comparison starts from the same image.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

PROJECTS = Path(__file__).parent / "projects"
ROOT = "/app"
LABEL = "importguard-benchmark"


@dataclass(frozen=True)
class Project:
    """A pinned project; ``requirements`` are ``NAME==VERSION``, the project itself first."""

    name: str
    packages: tuple[str, ...]
    requirements: tuple[str, ...]
    sample: Optional[int] = None
    """How many modules, drawn at random, are compared; None: all."""

    @property
    def version(self) -> str:
        return self.requirements[0].split("==")[1]


def read_projects() -> list[Project]:
    """Every project of ``projects/``, by name."""
    projects = []
    for file in sorted(PROJECTS.glob("*.txt")):
        first, *rest = file.read_text().splitlines()
        lines = tuple(line for line in rest if line and not line.startswith("#"))
        sizes = [int(line.split(":")[1]) for line in rest if line.startswith("# sample:")]
        packages = tuple(first.split(":")[1].split())
        projects.append(Project(file.stem, packages, lines, *sizes))
    return projects


def docker(*arguments: str, **options: object) -> str:
    """Run the docker command; give its standard output, raise CalledProcessError when it fails."""
    done = subprocess.run(["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    return str(done.stdout).strip()


def build(project: Project, base: str, compiled: bool) -> str:
    """Build the project's image unless it is there; give its reference. ``compiled``: the application too."""
    what = (project.packages, project.requirements, compiled)
    key = hashlib.sha256(repr((what, docker("image", "inspect", "-f", "{{.Id}}", base))).encode())
    reference = f"importguard-fidelity/{project.name}:{project.version}-{key.hexdigest()[:8]}"
    if docker("images", "-q", reference):
        return reference
    question = "import json, site, sys; print(json.dumps([sys.version_info[:2], site.getsitepackages()[0]]))"
    answer = docker("run", "--rm", "--network", "none", base, "python3", "-c", question)
    (major, minor), site = json.loads(answer)
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        install(project, f"{major}.{minor}", context / "site")
        (context / "app").mkdir()
        for package in project.packages:
            shutil.move(str(context / "site" / package), str(context / "app" / package))
        compile_all = f"python3 -m compileall -q {site} {ROOT if compiled else ''}"
        (context / "Dockerfile").write_text(
            f"FROM {base}\nCOPY site {site}\nCOPY app {ROOT}\nRUN {compile_all} || true\nWORKDIR {ROOT}\n"
        )
        docker("build", "-q", "--label", LABEL, "-t", reference, folder)
    return reference


def install(project: Project, version: str, target: Path) -> None:
    """Install the pinned requirements for Linux and Python ``version`` into ``target``, without the project's
    own metadata: it stands for code that was copied into the image."""
    wheels = [f"manylinux{tag}_{platform.machine()}" for tag in ("_2_28", "_2_17", "2014")]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--only-binary=:all:"]
        + ["--ignore-requires-python"]  # which is compared with the Python that runs pip
        + ["--python-version", version, "--implementation", "cp", "--target", str(target)]
        + [option for tag in wheels for option in ("--platform", tag)]
        + list(project.requirements),
        check=True,
    )
    distribution = project.requirements[0].split("==")[0].replace("-", "_").lower()
    for folder in target.glob("*.dist-info"):
        if folder.name.lower().replace("-", "_").startswith(distribution + "_" + project.version):
            shutil.rmtree(folder)
