"""Choose the compose file of a repository from which its services are proposed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from importguard.source.production_files import COMPOSE_NAME
from importguard.source.yaml_nodes import Node, yaml_documents

_USUAL = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""In the order in which Compose looks for them."""

_OF_PRODUCTION = re.compile(r"[-_.](?:prod|production|deploy|release|live)\b")
_NOT_OF_PRODUCTION = re.compile(
    r"[-_.](?:dev|devel|development|local|debug|test|tests|testing|ci|e2e|override)\b"
)


def compose_file(root: Path) -> Optional[tuple[str, Node]]:
    """The path from ``root`` and the document: of production, else as Compose finds it, else of another name.

    A file that completes another one (``-f compose.yaml -f compose.prod.yaml``) is none by itself.
    """
    paths = list(_compose_paths(root))
    for is_wanted in (_is_of_production, _is_usual, _may_be_of_production):
        for path in filter(is_wanted, paths):
            document = _document(root / path)
            if document and (_is_whole(document) or _is_usual(path)):
                return path, document
    return None


def _compose_paths(root: Path) -> Iterator[str]:
    """Of the folder itself first, and then of the folders in it."""
    yield from (name for name in _USUAL if (root / name).is_file())
    for folder in (root, *sorted(path for path in root.iterdir() if path.is_dir())):
        try:
            names = sorted(path.name for path in folder.iterdir() if path.is_file())
        except OSError:
            continue
        for name in names:
            if COMPOSE_NAME.fullmatch(name) and not (folder == root and name in _USUAL):
                yield os.path.relpath(folder / name, root).replace(os.sep, "/")


def _is_usual(path: str) -> bool:
    return path in _USUAL


def _is_of_production(path: str) -> bool:
    return "/" not in path and _OF_PRODUCTION.search(path) is not None


def _may_be_of_production(path: str) -> bool:
    return _NOT_OF_PRODUCTION.search(path) is None


def _is_whole(document: Node) -> bool:
    """Whether every service says what it is built from or which image it is, and one is built."""
    services = [service for _, service in document.value_at("services").mapping_items()]
    is_said = all(one.value_at("build") or one.value_at("image") for one in services)
    return is_said and any(one.value_at("build") for one in services)


def _document(path: Path) -> Optional[Node]:
    try:
        return next(iter(yaml_documents(path.read_text("utf-8", "replace"))), None)
    except (OSError, ValueError):
        return None
