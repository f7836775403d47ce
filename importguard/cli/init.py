"""``importguard init``: a starting configuration, and the CI file for the pipeline that is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import click

from importguard.cli.lazy_commands import SUMMARIES
from importguard.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from importguard.cli import scaffold

_CI = ("github", "gitlab", "cloudbuild", "pre-commit")
_UNKNOWN = ("https://github.com/OWNER/importguard", "v0.1.0")


@click.command(short_help=SUMMARIES["init"])
@click.option(
    "--ci",
    "ci",
    type=click.Choice(_CI),
    multiple=True,
    help="Write for this pipeline, found or not. Repeatable.",
)
def init(ci: tuple[str, ...]) -> None:
    """Write importguard.toml for the Dockerfiles found here, and the CI file for the pipeline that is found.

    Knows GitHub Actions, GitLab, Cloud Build and pre-commit. Never overwrites a file.
    """
    from pathlib import Path

    from importguard.cli import scaffold
    from importguard.cli.writing import write_stdout
    from importguard.source.locating.builds import find_builds
    from importguard.terminal import escape_text

    root = Path.cwd()
    found = find_builds(str(root))
    files = scaffold.build_files(found, root)
    if not files:
        raise UsageError(
            f"there is no Dockerfile of a Python application below {root}: run this in the folder of the "
            "repository, or check an image that exists with: importguard check IMAGE"
        )
    said = _configuration(root, files, found.left_out if found.trees else ())
    wrote = len(said)
    for name in ci or scaffold.find_ci_systems(root):
        said += _pipeline(root, name, files)
    if len(said) == wrote:
        said.append(f"no pipeline was found here; importguard init --ci {'|'.join(_CI)} writes for one")
    said.append("next: importguard check")
    write_stdout("".join(escape_text(line) + "\n" for line in said))


def _configuration(root: Path, files: list[scaffold.BuildFile], left_out: tuple[str, ...]) -> list[str]:
    from importguard.cli import scaffold
    from importguard.cli.compose_scaffold import read_compose
    from importguard.cli.config_option import OWN_FILE, find_config_file

    existing = find_config_file(root)
    if existing is not None:
        return [f"{existing} is the configuration already, and stays as it is"]
    _create(root / OWN_FILE, scaffold.configuration_text(files, root))
    builds = ", ".join(file.dockerfile for file in files)
    compose, services = read_compose(root)
    is_built = any(service.build_file in {file.dockerfile for file in files} for service in services)
    how = f"; importguard check --start starts them as {compose} does" if is_built else ""
    said = [f"wrote {OWN_FILE}: builds {builds}{how}"]
    if left_out:
        others = ", ".join(left_out)
        said.append(f"  not {others}: no Python is run there, or no Python file goes in")
    return said


def _pipeline(root: Path, name: str, files: list[scaffold.BuildFile]) -> list[str]:
    from importguard.cli import scaffold

    pipeline = scaffold.CI_TEMPLATES[name]
    url, revision = _origin() or _UNKNOWN
    text = scaffold.ci_file_text(name, files, url, revision)
    place = pipeline.file
    if (root / place).exists() and pipeline.beside is not None:
        place = pipeline.beside
    if (root / place).exists():
        if name != "pre-commit":
            return [f"{place} exists already, and stays as it is"]
        said = [f"{place} exists already, and stays as it is; add to it:", *text.rstrip("\n").split("\n")[1:]]
        return said + _placeholder(url, revision)
    _create(root / place, text)
    said = [f"wrote {place}", *_placeholder(url, revision)]
    return said + ([f"  {pipeline.advice}"] if pipeline.advice and _is_needed(place, pipeline) else [])


def _placeholder(url: str, revision: str) -> list[str]:
    """What is to be replaced by hand, since importguard does not know where it was installed from."""
    if (url, revision) != _UNKNOWN:
        return []
    return [
        f"  before it can run, replace in it {url} and {revision} by the repository and the tag or commit "
        "that importguard is to be installed from: OWNER stands for a name that is not known here"
    ]


def _is_needed(place: str, pipeline: scaffold.CiTemplate) -> bool:
    """A whole new pipeline needs no line in another file."""
    return pipeline.beside is None or place == pipeline.beside


def _create(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}") from error


def _origin() -> Optional[tuple[str, str]]:
    """(URL, commit) of the repository that importguard was installed from, where pip knows it (PEP 610)."""
    import json
    import re
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = json.loads(distribution("importguard").read_text("direct_url.json") or "{}")
        url, commit = origin["url"], origin["vcs_info"]["commit_id"]
    except (PackageNotFoundError, ValueError, KeyError, TypeError):
        return None
    # What goes into a file of the repository may hold no password, whatever pip noted.
    return re.sub(r"^(https?://)[^/@]*@", r"\1", str(url)), str(commit)
