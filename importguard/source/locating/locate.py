"""Find the source of an image by what the image holds: its tree, its Dockerfile, stage and context."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import ImageFile
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.locating.build_choice import Choices, rank_builds
from importguard.source.locating.listing import list_repository, read_dockerfile
from importguard.source.locating.mapping import TreeMatch, application_files, match_tree
from importguard.source.locating.model import LEAST_AGREEMENT, BuildChoice, Location, RepositoryFiles
from importguard.source.locating.wording import say_choice, say_match, say_no_match
from importguard.source.model import Tree
from importguard.source.paths import relative_path, repository_around

_LARGEST = 8 << 20
_ALONE = 0.8
"""The agreement of its steps with the history that proves a Dockerfile without any file."""


def locate_source(evidence: Evidence, working: str) -> Location:
    """Find the source from the working directory: there, else in the git repository around it."""
    files = application_files(_image_files(evidence))
    refused: Optional[TreeMatch] = None
    found: Optional[Location] = None
    for root in _roots(working):
        repository = list_repository(root)
        match = match_tree(files, repository.python, _Digests(root), evidence.import_path)
        if match.total and not match.is_source:
            refused = refused or match
            continue
        choices = rank_builds(repository, evidence.image, match, partial(read_dockerfile, root))
        if not _is_of_history(choices, match):
            refused = refused or match
            continue
        found = found or _located(repository, choices, match)
        if choices.likeliest_build is not None and choices.likeliest_build.sources == 1.0:
            return _located(repository, choices, match)
    return found or Location(None, say_no_match(refused))


def _is_of_history(choices: Choices, match: TreeMatch) -> bool:
    """Whether the image's history tells a Dockerfile, where the files do not tell the tree.

    They do not where they are alike by their names alone (every project has a main.py), or where the image
    has none of the application's: a virtual environment was copied, and not the code that it leads to.
    """
    best = choices.ranked[0] if choices.ranked else None
    history = (best.history if best else None) or 0.0
    if not match.total:
        return best is not None and history >= _ALONE and best.sources == 1.0
    return not match.is_by_name_alone or history >= LEAST_AGREEMENT


def locate_build(evidence: Evidence, root: str, dockerfile: Optional[str] = None) -> Location:
    """Find the Dockerfile of a source that is named, or the stage and the context of a Dockerfile that is.

    Looked for in the source, then in the git repository around it.
    """
    found: Optional[Location] = None
    for folder in _roots(root):
        repository = list_repository(folder)
        asked = None if dockerfile is None else _named(folder, dockerfile)
        if asked == {}:
            continue
        files = application_files(_image_files(evidence))
        match = match_tree(files, repository.python, _Digests(folder), evidence.import_path)
        choices = rank_builds(repository, evidence.image, match, partial(read_dockerfile, folder), asked)
        location = _of_source(root, repository, choices, match, asked)
        found = found or location
        best = choices.ranked[0] if asked else choices.likeliest_build
        if best is not None and best.sources == 1.0:
            return location
    return found or Location(Tree(root, dockerfile=dockerfile), "")


def _named(folder: str, dockerfile: str) -> dict[str, Dockerfile]:
    """The Dockerfile that is named, by its path below ``folder``; empty where it is not there."""
    path = relative_path(os.path.abspath(dockerfile), folder)
    read = None if path.startswith("../") else read_dockerfile(folder, path)
    return {} if read is None else {path: read}


def _of_source(
    root: str,
    repository: RepositoryFiles,
    choices: Choices,
    match: TreeMatch,
    asked: Optional[Mapping[str, Dockerfile]],
) -> Location:
    """The choice for the source at ``root``; what was named needs no word."""
    if asked:
        return Location(replace(_tree(repository, choices.ranked[0], asked), root=root), "")
    location = _located(repository, choices, match, is_named=True)
    assert location.tree is not None
    return Location(replace(location.tree, root=root), location.note)


def _roots(working: str) -> Iterator[str]:
    """The working directory, and the repository that it is in; never a whole file system."""
    folder = os.path.abspath(working)
    top = repository_around(folder)
    for root in dict.fromkeys((folder, top or folder)):
        if os.path.dirname(root) != root:
            yield root


def _image_files(evidence: Evidence) -> list[ImageFile]:
    """The application's files; where they were not read, those that its modules name."""
    modules = {module.path for module in evidence.modules if module.selected and module.path}
    read = evidence.clues.files if evidence.clues is not None else ()
    # Other folders of the import path may hold far more that is no one's source, such as Spark's.
    return (
        [file for file in read if file.path in modules] or list(read) or [ImageFile(path) for path in modules]
    )


class _Digests:
    """The digests of a tree's files, each read once. Line endings are read alike."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[str, Optional[str]] = {}

    def __call__(self, path: str) -> Optional[str]:
        if path not in self._known:
            self._known[path] = self._read(os.path.join(self._root, path))
        return self._known[path]

    @staticmethod
    def _read(path: str) -> Optional[str]:
        try:
            if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
                return None
            with open(path, "rb") as stream:
                return hashlib.sha256(stream.read().replace(b"\r\n", b"\n")).hexdigest()
        except OSError:
            return None


def _located(
    repository: RepositoryFiles, choices: Choices, match: TreeMatch, is_named: bool = False
) -> Location:
    """The tree with the likeliest Dockerfile, or with the usual one where none of them is convincing."""
    choice = choices.likeliest_build
    said = f"{say_match(match, is_named)}{say_choice(choices)}"
    if choice is None:
        usual = next((one for one in choices.ranked if one.usual), None)
        if usual is None:
            return Location(Tree(repository.root), said)
        if usual.is_refuted:
            return Location(Tree(repository.root, dockerfile=""), said)
        return Location(_tree(repository, usual, repository.dockerfiles), said)
    return Location(_tree(repository, choice, repository.dockerfiles), said)


def _tree(repository: RepositoryFiles, choice: BuildChoice, dockerfiles: Mapping[str, Dockerfile]) -> Tree:
    last = dockerfiles[choice.dockerfile].final == choice.stage
    return Tree(
        repository.root,
        os.path.join(repository.root, *choice.context.split("/")) if choice.context else repository.root,
        os.path.join(repository.root, *choice.dockerfile.split("/")),
        None if last else str(choice.stage),
        choice.build_args,
        choice.base,
    )
