"""Building an image as ``docker build`` would, and saying which step failed.

The command line is used where there is one, because the SDK's ``build`` is the classic builder, which
refuses ``RUN --mount``. The image and the build cache stay, as after ``docker build``: an image without a tag
is found by the id that the report names, and ``docker image prune`` removes it.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Callable, Optional, Union

from importguard.config import Build
from importguard.engines.docker.buildkit import BuildLog
from importguard.engines.docker.plain_log import PlainLog
from importguard.errors import EngineError, ImageError, UsageError
from importguard.progress import Progress

Version = tuple[int, int]

_RAWJSON = (0, 13)
_LONGEST_LINE = 4000
_REMOTE_CONTEXT = re.compile(r"(https?|git|ssh)://|git@|github\.com/")


def build_image(build: Build, platform: Optional[str], progress: Progress) -> str:
    """Build the image; give its tag, or its id where no tag was asked for.

    Raises UsageError for a context or Dockerfile that is not there, ImageError for a build that failed, and
    EngineError where nothing can build.
    """
    check_paths(build)
    docker = shutil.which("docker")
    if docker is None:
        from importguard.engines.docker.classic_builder import build_without_cli

        return build_without_cli(build, platform, progress)
    with tempfile.TemporaryDirectory(prefix="importguard-") as folder:
        command = build_command(docker, _buildx(docker), build, platform, Path(folder))
        log: Union[BuildLog, PlainLog] = BuildLog(progress) if "rawjson" in command else PlainLog(progress)
        code = _run(command, log.follow)
        if code != 0:
            raise ImageError(log.failure(build.context))
        return build.tag or _local_id(docker, _built_ids(Path(folder)), build.context)


def build_command(
    docker: str, buildx: Optional[Version], build: Build, platform: Optional[str], folder: Path
) -> list[str]:
    """Give the command line. Without buildx, ``docker build`` is the classic builder, with fewer options.

    ``buildx`` is its version, (0, 0) where it does not say; from 0.13 on it tells its progress as JSON.
    """
    command = [docker, "buildx", "build"] if buildx is not None else [docker, "build"]
    command += ["--iidfile", str(folder / "iid")]
    if buildx is not None:
        # --load: builders other than Docker's own would keep the image to themselves.
        command += ["--metadata-file", str(folder / "metadata.json"), "--load"]
        command += ["--progress", "rawjson" if buildx >= _RAWJSON else "plain"]
    if build.dockerfile:
        command += ["--file", build.dockerfile]
    if build.target:
        command += ["--target", build.target]
    for argument in build.build_args:
        command += ["--build-arg", argument]
    if build.tag:
        command += ["--tag", build.tag]
    if platform:
        command += ["--platform", platform]
    return [*command, "--", build.context]


def check_paths(build: Build) -> None:
    """Raise UsageError for a context or a Dockerfile that is not there."""
    if build.context == "-" or build.dockerfile == "-":
        raise UsageError("A build cannot be read from standard input: give a folder, and a file with -f.")
    if _REMOTE_CONTEXT.match(build.context):
        return
    context = Path(build.context)
    if not context.is_dir():
        raise UsageError(f"The build context {build.context} is no folder: give the folder to build from.")
    dockerfile = Path(build.dockerfile) if build.dockerfile else context / "Dockerfile"
    if not dockerfile.is_file():
        raise UsageError(f"There is no Dockerfile at {dockerfile}: name it with -f, relative to this folder.")


def _buildx(docker: str) -> Optional[Version]:
    """The version of buildx; None where there is none."""
    asked = subprocess.run(
        [docker, "buildx", "version"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return buildx_version(asked.stdout) if asked.returncode == 0 else None


def buildx_version(said: str) -> Version:
    """(major, minor) from ``github.com/docker/buildx v0.13.1 788433953af``; (0, 0) from anything else."""
    match = re.search(r"buildx v?(\d+)\.(\d+)", said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _run(command: Sequence[str], follow: Callable[[Iterable[str]], None]) -> int:
    """Run the build, let ``follow`` read what it writes, give its exit code. Ends it when interrupted."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            follow(_chunks(process))
            return process.wait()
        except BaseException:
            _end(process)
            raise


def _chunks(process: subprocess.Popen[str]) -> Iterator[str]:
    """Lines with their newlines; a long one in parts."""
    assert process.stdout is not None
    while chunk := process.stdout.readline(_LONGEST_LINE):
        yield chunk


def _end(process: subprocess.Popen[str]) -> None:
    """Let the client tell the builder to stop; do not wait for ever."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def _built_ids(folder: Path) -> list[str]:
    """Give the ids that the image may have.

    Docker's own image store knows an image by the digest of its configuration, the containerd store by that
    of its manifest; buildx writes one of them to the id file, and both to the metadata.
    """
    ids = []
    if (folder / "iid").exists():
        ids.append((folder / "iid").read_text().strip())
    if (folder / "metadata.json").exists():
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        ids += [metadata.get(key) for key in ("containerimage.digest", "containerimage.config.digest")]
    return list(dict.fromkeys(item for item in ids if item))


def _local_id(docker: str, ids: Sequence[str], context: str) -> str:
    """Give the id of ``ids`` by which the engine knows the image that was built."""
    for candidate in ids:
        asked = subprocess.run(
            [docker, "image", "inspect", "--format", "{{.Id}}", candidate],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if asked.returncode == 0:
            return asked.stdout.strip()
    raise EngineError(
        f"{context} was built, but Docker has no image {' or '.join(ids) or 'of it'}: the builder kept it. "
        "Use a builder that loads images into Docker (`docker buildx use default`), or give --tag."
    )
