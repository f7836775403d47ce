"""What the end-to-end tests are made of: images built from text, the command line, and its report."""

from __future__ import annotations

import fcntl
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Callable, Optional, Union

from scenarios.command_server import run_command

BASE = os.environ.get("IMPORTGUARD_TEST_BASE", "python:3.13-slim")
"""Any image with a shell and a ``python3`` of at least 3.9 in PATH."""

ENGINE = os.environ.get("IMPORTGUARD_TEST_ENGINE", "docker")
"""``embedded`` and ``podman``: images are built with Docker, and checked from archives, or there."""

SHARED = os.environ["IMPORTGUARD_TEST_SHARED"]
"""A folder of this run, which ends with it (``tests/conftest.py``)."""

PREFIX = "importguard-test-"
SITE = "$(python3 -c 'import site; print(site.getsitepackages()[0])')"
"""For a RUN step: the folder of the base's third-party distributions."""

Files = Mapping[str, Union[str, bytes, Path]]


def docker(*arguments: str, timeout: float = 300, check: bool = True, stdin: bytes = b"") -> str:
    """Run the docker command line and return what it printed; raises with its errors when it fails."""
    line = ["docker", *arguments]
    done = subprocess.run(line, input=stdin, capture_output=True, timeout=timeout, check=False)
    if check and done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.decode(errors='replace')[-3000:]}")
    return done.stdout.decode(errors="replace").strip()


def context(files: Files) -> bytes:
    """A build context as a tar archive; a Path becomes a copy of that file or folder.

    In GNU's format: the builder does not know an archive that begins with a PAX header for one.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            if isinstance(content, Path):
                archive.add(content, name, filter=_without_caches)
                continue
            data = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _without_caches(member: tarfile.TarInfo) -> Optional[tarfile.TarInfo]:
    return None if member.name.endswith("__pycache__") else member


def build(name: str, dockerfile: str, files: Optional[Files] = None, base: str = BASE) -> str:
    """Build a test image from text and return its reference. Layers are cached by the engine.

    ``FROM base`` in the Dockerfile means the base image of the tests.
    """
    reference = PREFIX + name
    text = dockerfile.replace("FROM base", f"FROM {base}")
    tree = context({"Dockerfile": text, **(files or {})})
    environ = {**os.environ, "DOCKER_BUILDKIT": "1"}
    done = subprocess.run(
        ["docker", "build", "--network", "none", "--progress", "plain", "-t", reference, "-"],
        input=tree,
        capture_output=True,
        timeout=300,
        env=environ,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{reference} cannot be built:\n{done.stderr.decode(errors='replace')[-3000:]}")
    return reference


def made_once(name: str, make: Callable[[], str]) -> str:
    """The text that ``make`` gives, which the first worker of this run makes, and the others wait for."""
    path = Path(SHARED, name)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_text(make())
    return path.read_text()


def pip_install(folder: Path, *requirements: str) -> None:
    """Put wheels for the base image's Python into ``folder``; raises RuntimeError where that fails."""
    asked = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = docker("run", "--rm", "--network", "none", "--entrypoint", "python3", BASE, "-c", asked)
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    line += ["--only-binary=:all:", "--python-version", version, "--target", str(folder), *requirements]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-300:])


@dataclass(frozen=True)
class Result:
    """One run of the command line."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it wrote: the report and the progress."""
        return self.out + self.err

    @property
    def report(self) -> dict[str, Any]:
        """The whole JSON report."""
        try:
            report = json.loads(self.out)
        except ValueError:
            raise AssertionError(f"no JSON report (exit code {self.code}):\n{self.out}\n{self.err}") from None
        assert report["schema_version"] == 1
        return report  # type: ignore[no-any-return]

    @property
    def image(self) -> dict[str, Any]:
        """The report of the only image."""
        (image,) = self.report["images"]
        return image  # type: ignore[no-any-return]

    @property
    def findings(self) -> list[dict[str, Any]]:
        """All findings of the only image."""
        return self.image["findings"]  # type: ignore[no-any-return]

    def not_late(self) -> list[dict[str, Any]]:
        """All findings but those of imports inside functions."""
        return [finding for finding in self.findings if not finding["late"]]

    def outcome(self, module: str) -> Optional[str]:
        """The verdict on one module; None where the report does not know it."""
        return next((entry["outcome"] for entry in self.image["modules"] if entry["name"] == module), None)

    def outcomes(self, modules: Sequence[str]) -> dict[str, Optional[str]]:
        """The verdicts on several modules."""
        return {module: self.outcome(module) for module in modules}

    def missing(self, module: str) -> Optional[str]:
        """What a failed module lacks, by the finding that it is affected by."""
        found = [f for f in self.findings if f["reached"] and module in f["affected"]]
        assert len(found) == 1, f"{module} belongs to {len(found)} findings: {found}"
        return found[0]["missing"]  # type: ignore[no-any-return]

    @property
    def causes(self) -> set[tuple[str, str]]:
        """All findings that were reached, as ``(rule, missing or module)``."""
        return {
            (f["rule"], f["missing"] if f["rule"] == "IG101" else f["module"])
            for f in self.findings
            if f["reached"]
        }

    def finding(self, rule: str, key: Optional[str] = None) -> dict[str, Any]:
        """The one finding of a rule (and of a module or a missing module)."""
        found = [f for f in self.findings if f["rule"] == rule and key in (None, f["missing"], f["module"])]
        assert len(found) == 1, f"{len(found)} findings {rule} {key}; all: {self.findings}"
        return found[0]


def environment(more: Optional[Mapping[str, str]] = None) -> dict[str, str]:
    """This process's environment without the settings of whoever runs the tests."""
    pipeline = ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "BUILDER_OUTPUT", "TF_BUILD")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("IMPORTGUARD_") and name not in pipeline
    }
    return {**kept, "NO_COLOR": "1", **(more or {})}


def command(*arguments: str) -> list[str]:
    """The command line under test."""
    return [sys.executable, "-m", "importguard", *arguments]


def importguard(
    *arguments: str,
    cwd: Union[str, Path] = "/",
    timeout: float = 120,
    environ: Optional[Mapping[str, str]] = None,
) -> Result:
    """Run the command line to its end, in a folder that configures nothing."""
    code, out, err = run_command(arguments, str(cwd), environment(environ), timeout)
    said = err.decode(errors="replace")
    assert code is not None, f"no end after {timeout} s: {arguments}\n{said}"
    return Result(code, out.decode(), err.decode())


def check(image: str, *options: str, engine: str = "docker", **more: Any) -> Result:
    """``importguard check IMAGE --format json``.

    With the engine ``embedded``, an archive of Docker's image is checked. That costs a third of what a
    container of Docker's does, and ten seconds for the first check: it is for images that many tests share.
    """
    engine = engine if ENGINE == "docker" else ENGINE
    if engine != "docker":
        archive = archive_of(docker("image", "inspect", "--format", "{{.Id}}", image))
        image = archive if engine == "embedded" else f"podman:{loaded_into_podman(archive)}"
    if engine == "embedded":
        options = ("--cache-dir", f"{SHARED}/cache", *options)
    return importguard("check", image, "--pull", "never", "--format", "json", *options, **more)


@cache
def archive_of(id: str) -> str:
    """An archive of an image of Docker's, for all workers of this run."""
    path = Path(SHARED, f"{id[7:]}.tar")

    def save() -> str:
        docker("save", "-o", str(path), id)
        return f"docker-archive:{path}"

    return made_once(f"{id[7:]}.reference", save)


@cache
def loaded_into_podman(archive: str) -> str:
    """The id by which Podman knows an image of an archive; it keeps it."""
    line = ["podman", "load", "-q", "-i", archive.partition(":")[2]]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    return done.stdout.strip().rpartition("sha256:")[2]
