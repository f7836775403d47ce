"""Find the builds of a repository: each Dockerfile with the folder that it is built from."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Optional

from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.dockerfile.placement import place_files
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.locating.contexts import ContextFiles, possible_contexts, sources_found
from importguard.source.locating.listing import list_repository
from importguard.source.locating.model import RepositoryFiles
from importguard.source.model import Tree
from importguard.source.modules.named_modules import started_modules

# Folders whose Dockerfiles are no one's production.
_ASIDE = frozenset(
    {".devcontainer", "test", "tests", "doc", "docs", "example", "examples", "sample", "samples", "fixtures"}
    | {"vendor", "third_party"}
)
_PYTHON = re.compile(r"(?i)python|pypy|\b(pip3?|uv|poetry|pipenv|pdm|conda|g?unicorn|celery)\b|\.py\b")


@dataclass(frozen=True)
class FoundBuilds:
    """The builds that take Python files in, as ``trees``; ``empty`` are those that only speak of Python.

    ``left_out`` are the paths of all other Dockerfiles that there are, those of the empty builds among them.
    """

    trees: tuple[Tree, ...]
    empty: tuple[Tree, ...] = ()
    left_out: tuple[str, ...] = ()


def find_builds(root: str) -> FoundBuilds:
    """The builds below ``root``, the upper ones first: of Dockerfiles that speak of Python, else of all."""
    repository = list_repository(os.path.abspath(root))
    paths = ContextFiles({*repository.others, *repository.python})
    named = _counting(repository.dockerfiles)
    of_python = [path for path in named if _names_python(repository.dockerfiles[path])]
    trees: dict[str, Tree] = {}
    empty = []
    for path in of_python or named:
        dockerfile, target = _with_target(repository, path)
        context = _best_context(repository, path, dockerfile, paths)
        folder = posixpath.dirname(path) if context is None else context
        tree = Tree(root, _below(root, folder), _below(root, path), target)
        if context is not None and _takes_python(dockerfile, context, repository):
            trees[path] = tree
        elif of_python:
            empty.append(tree)
    left_out = tuple(path for path in named if path not in trees)
    return FoundBuilds(tuple(trees.values()), tuple(empty), left_out)


def find_context(root: str, dockerfile: str) -> str:
    """The folder that a named Dockerfile is built from: ``root`` where its COPY sources exist there."""
    repository = list_repository(os.path.abspath(root))
    path = os.path.relpath(dockerfile, root).replace(os.sep, "/")
    if path not in repository.dockerfiles:
        return root
    paths = ContextFiles({*repository.others, *repository.python})
    context = _best_context(repository, path, repository.dockerfiles[path], paths, first="")
    return _below(root, context) if context else root


def _counting(dockerfiles: Iterable[str]) -> list[str]:
    """The Dockerfiles, without those of tests and examples where there are others."""
    ordered = sorted(dockerfiles, key=lambda path: (path.count("/"), path))
    return [path for path in ordered if _ASIDE.isdisjoint(path.split("/")[:-1])] or ordered


def _names_python(dockerfile: Dockerfile) -> bool:
    return speak_of_python(instruction.text for instruction in dockerfile.instructions)


def speak_of_python(texts: Iterable[str]) -> bool:
    """Whether the lines of a Dockerfile name Python, a file of it or a tool that installs or runs it."""
    return any(_PYTHON.search(text) for text in texts)


def _with_target(repository: RepositoryFiles, path: str) -> tuple[Dockerfile, Optional[str]]:
    """The Dockerfile as the repository builds it: by the stage that all its builds name."""
    dockerfile = repository.dockerfiles[path]
    targets = {build.target for build in repository.builds if build.dockerfile == path}
    target = next(iter(targets)) if len(targets) == 1 else None
    names = {stage.name: stage.index for stage in dockerfile.stages if stage.name}
    if target is None or target not in names:
        return dockerfile, None
    return replace(dockerfile, final=names[target]), target


def _best_context(
    repository: RepositoryFiles,
    path: str,
    dockerfile: Dockerfile,
    paths: ContextFiles,
    first: Optional[str] = None,
) -> Optional[str]:
    """The context in which most COPY sources exist; None where there is none of them in any."""
    contexts = possible_contexts(path, repository.builds)
    contexts = contexts if first is None else [first, *contexts]
    parts = {context: sources_found(dockerfile, dockerfile.final, context, paths) for context in contexts}
    most = max(parts.values())
    best = [context for context in contexts if parts[context] == most]
    if len(best) > 1:  # COPY . . exists everywhere, and what the start command runs does not
        best.sort(key=lambda context: not _has_started_files(dockerfile, context, repository))
    return best[0] if most else None


def _has_started_files(dockerfile: Dockerfile, context: str, repository: RepositoryFiles) -> bool:
    """Whether the files that the start command names get into the image from this context."""
    started = [module for module in started_modules(dockerfile) if module.script or module.module]
    placed = {file.destination for file in place_files(dockerfile, _python_below(context, repository))}
    workdir = dockerfile.stages[dockerfile.final].workdir.rstrip("/")
    stems = [module.script or f"{workdir}/{module.module.replace('.', '/')}" for module in started]
    return bool(stems) and all(
        not placed.isdisjoint((stem, f"{stem}.py", f"{stem}/__init__.py")) for stem in stems
    )


def _takes_python(dockerfile: Dockerfile, context: str, repository: RepositoryFiles) -> bool:
    feeding = feeding_stages(dockerfile)
    return any(file.stage in feeding for file in place_files(dockerfile, _python_below(context, repository)))


def _python_below(context: str, repository: RepositoryFiles) -> list[str]:
    """The Python files of a context, by their paths in it."""
    start = f"{context}/" if context else ""
    return [path[len(start) :] for path in repository.python if path.startswith(start)]


def _below(root: str, path: str) -> str:
    return os.path.join(root, *path.split("/")) if path else root
