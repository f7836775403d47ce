"""Read how production starts a container and asks whether it is well, from the files of a repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from importguard.source.deployment.cloud_run import pipeline_deployments, script_deployments
from importguard.source.deployment.compose_services import compose_deployments
from importguard.source.deployment.manifests import manifest_deployments
from importguard.source.deployment.model import Deployment
from importguard.source.production_files import COMPOSE_NAME, deploying_files
from importguard.source.tree import relative_path
from importguard.source.yaml_nodes import LARGEST, yaml_documents

_MENTIONED = re.compile(r"run\b.{0,40}\bdeploy\b|deploy-cloudrun|containers:|services:", re.DOTALL)
_WORKDIR = re.compile(r"\bworking_dir:|\bworkingDir:")
_MOST_TEXT = 8 << 20  # of all files together: parsing them may take a second for each MiB


def read_deployments(root: str) -> list[Deployment]:
    """The containers that the files below ``root`` deploy, in the order of the files."""
    return _read(root, _MENTIONED)


def deployments_with_workdir(root: str) -> list[Deployment]:
    """The containers of those files that give any container a working directory: quick where none does."""
    return _read(root, _WORKDIR)


def _read(root: str, mentioned: re.Pattern[str]) -> list[Deployment]:
    found: list[Deployment] = []
    left = _MOST_TEXT
    for path in deploying_files(root):
        try:
            with open(path, encoding="utf-8", errors="replace") as stream:
                text = stream.read(LARGEST)
        except OSError:
            continue
        if mentioned.search(text) and len(text) <= left:
            left -= len(text)
            found += _of_file(text, relative_path(path, root))
    return found


def _of_file(text: str, path: str) -> Iterator[Deployment]:
    if not path.endswith((".yaml", ".yml")):
        yield from script_deployments(text, path, 1)
        return
    try:
        for document in yaml_documents(text):
            if COMPOSE_NAME.fullmatch(posixpath.basename(path)):
                yield from compose_deployments(document, path)
            elif document.value_at("kind"):
                yield from manifest_deployments(document, path)
            else:
                yield from pipeline_deployments(document, path, 0)
    except ValueError:  # a template, mostly
        return
