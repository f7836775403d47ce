"""Read how production starts a container and asks whether it is well, from the files of a repository."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from importguard.source.deployment.cloud_run import pipeline_deployments, script_deployments
from importguard.source.deployment.compose_services import compose_deployments
from importguard.source.deployment.manifests import manifest_deployments
from importguard.source.deployment.model import Deployment
from importguard.source.production_files import COMPOSE_NAME, texts_mentioning
from importguard.source.yaml_nodes import yaml_documents

_MENTIONED = re.compile(r"run\b.{0,40}\bdeploy\b|deploy-cloudrun|containers:|services:", re.DOTALL)
_MOST_TEXT = 8 << 20  # of all files together: parsing them may take a second for each MiB


def read_deployments(root: str) -> list[Deployment]:
    """The containers that the files below ``root`` deploy, in the order of the files."""
    return deployments_in(texts_mentioning(_MENTIONED, root))


def deployments_in(files: Iterable[tuple[str, str]]) -> list[Deployment]:
    """The containers that files deploy, each given by its path and text, as long as they are not too much."""
    found: list[Deployment] = []
    left = _MOST_TEXT
    for path, text in files:
        if len(text) <= left:
            left -= len(text)
            found += _of_file(text, path)
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
