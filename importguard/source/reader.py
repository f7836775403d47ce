"""``read_source``: the source of an image as one value, read without running any of it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Optional

from importguard.errors import UsageError
from importguard.source.dockerfile.dockerignore import (
    PatternError,
    ignore_file_names,
    ignored_files,
    read_patterns,
)
from importguard.source.dockerfile.names import is_dockerfile_name
from importguard.source.dockerfile.parser import DockerfileError, parse_dockerfile
from importguard.source.dockerfile.placement import place_files
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.git import read_git
from importguard.source.model import Ignored, Placement, Requirement, Source, SourceFile, Tree
from importguard.source.modules.crossing_imports import folders_imported_from_outside
from importguard.source.modules.outside_imports import find_imported
from importguard.source.mounts import read_mounts
from importguard.source.paths import relative_path
from importguard.source.requirements.declarations import read_requirements
from importguard.source.requirements.install_files import with_source_paths
from importguard.source.tree import find_files


def read_source(tree: Tree, contents: bool = True) -> Source:
    """Read the source that ``tree`` names.

    Without ``contents`` it is only told what goes into the build: files have no digests, and requirements,
    mounts and git are left out.

    Raises UsageError for a folder or Dockerfile that was named and is not there. What can't be read or
    understood otherwise is left out, and ``notes`` says so.
    """
    root = _existing_folder(tree.root)
    context = _existing_folder(tree.context or tree.root)
    notes: list[str] = []
    refused: list[str] = []
    within = _Context(root, context)
    files = _files(root, context if within.is_outside else None, notes, contents)
    path = _dockerfile_path(tree, context)
    kept_out, ignore_file, going_in = _sorted_out(files, path, within, notes, refused)
    dockerfile = _dockerfile(path, within, tree, notes, refused) if path else None
    placed = place_files(dockerfile, going_in) if dockerfile else ()
    code = _code(dockerfile, placed, going_in, within)
    requirements = tuple(_requirements(dockerfile, within, notes)) if contents else ()
    dockerfiles = tuple(_dockerfiles(root, files)) if contents else ()
    return Source(
        root=root,
        context=within.place,
        ignore_file=ignore_file,
        dockerfile=dockerfile,
        files=tuple(files),
        context_files=frozenset(map(within.path_in_tree, going_in)),
        ignored=tuple(replace(item, path=within.path_in_tree(item.path)) for item in kept_out),
        placements=tuple(replace(file, path=within.path_in_tree(file.path)) for file in placed),
        requirements=requirements,
        mounts=tuple(read_mounts(root, dockerfile, notes)) if contents else (),
        imported=tuple(find_imported(root, code)) if contents else (),
        git=read_git(root, [file.path for file in files], notes) if contents else None,
        dockerfiles=dockerfiles,
        joined_folders=folders_imported_from_outside(root, code, _parts(dockerfiles, requirements)),
        refused=" ".join(refused),
        notes=(*notes, *refused),
    )


def _sorted_out(
    files: Sequence[SourceFile],
    dockerfile: Optional[str],
    within: _Context,
    notes: list[str],
    refused: list[str],
) -> tuple[list[Ignored], Optional[str], list[str]]:
    """(kept out of the context, by which .dockerignore, going into the build) of the files in the context."""
    inside = [inner for file in files if (inner := within.path_in_context(file.path)) is not None]
    kept_out, ignore_file = _ignored(inside, dockerfile, within, notes, refused)
    out = {item.path for item in kept_out}
    return kept_out, ignore_file, [inner for inner in inside if inner not in out]


def _dockerfiles(root: str, files: Sequence[SourceFile]) -> Iterator[str]:
    """The Dockerfiles in the folders of the source's code."""
    folders = {posixpath.dirname(file.path) for file in files}
    for folder in sorted({above for path in folders for above in _with_parents(path)}):
        try:
            names = sorted(os.listdir(os.path.join(root, folder)))
        except OSError:
            continue
        yield from (posixpath.join(folder, name) for name in names if is_dockerfile_name(name))


def _parts(dockerfiles: Sequence[str], requirements: Sequence[Requirement]) -> set[str]:
    """The folders below the root that hold a Dockerfile or a workspace's project."""
    projects = {project.path for requirement in requirements for project in requirement.projects}
    return {posixpath.dirname(path) for path in (*dockerfiles, *projects)} - {""}


def _with_parents(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _existing_folder(path: str) -> str:
    folder = os.path.abspath(path)
    if not os.path.isdir(folder):
        raise UsageError(f"The source {folder} is no folder: name the one that the image is built from.")
    return folder


def _files(root: str, context: Optional[str], notes: list[str], contents: bool) -> list[SourceFile]:
    """The files of the source, and those of a build context outside of it."""
    files = list(find_files(root, root, notes, contents))
    if context is not None:
        known = {file.path for file in files}
        files += [file for file in find_files(context, root, notes, contents) if file.path not in known]
    return files


def _code(
    dockerfile: Optional[Dockerfile], placed: Sequence[Placement], going_in: Sequence[str], within: _Context
) -> list[str]:
    """The files that the image's code is: those in the final stage, where the Dockerfile tells of any."""
    final = dockerfile.final if dockerfile else -1
    paths = dict.fromkeys(placement.path for placement in placed if placement.stage == final)
    return [within.path_in_tree(path) for path in paths or going_in]


class _Context:
    """The build context in the tree: ``inner`` paths are relative to it, ``outer`` ones to the root."""

    def __init__(self, root: str, folder: str) -> None:
        self.root, self.folder = root, folder
        self.place = relative_path(folder, root)
        self.is_outside = self.place == ".." or self.place.startswith("../")

    def path_in_context(self, path: str) -> Optional[str]:
        """A path in the context; None for one that is not in it."""
        if self.place == ".":
            found = path
        elif self.is_outside:
            found = relative_path(os.path.join(self.root, path), self.folder)
        else:
            found = path[len(self.place) + 1 :] if path.startswith(self.place + "/") else ".."
        return None if found.startswith("..") else found

    def path_in_tree(self, path: str) -> str:
        if self.is_outside:
            return relative_path(os.path.join(self.folder, path), self.root)
        return path if self.place == "." else posixpath.join(self.place, path)


def _dockerfile_path(tree: Tree, context: str) -> Optional[str]:
    """The Dockerfile as ``docker build`` finds it; None where there is none to find."""
    if tree.dockerfile == "":
        return None
    if tree.dockerfile is not None:
        if not os.path.isfile(tree.dockerfile):
            raise UsageError(f"There is no Dockerfile at {tree.dockerfile}: name it relative to this folder.")
        return os.path.abspath(tree.dockerfile)
    found = os.path.join(context, "Dockerfile")
    return found if os.path.isfile(found) else None


def read_text(path: str) -> str:
    """The text of a file; bytes that are no UTF-8 become replacement characters. Raises OSError."""
    with open(path, encoding="utf-8", errors="replace", newline="") as stream:
        return stream.read()


@lru_cache(maxsize=4)
def _kept_out(paths: tuple[str, ...], patterns: str, name: str) -> tuple[Ignored, ...]:
    """The files that the patterns keep out: asked once for all Dockerfiles of a context."""
    return tuple(ignored_files(paths, read_patterns(patterns), name))


def _ignored(
    paths: Sequence[str], dockerfile: Optional[str], within: _Context, notes: list[str], refused: list[str]
) -> tuple[list[Ignored], Optional[str]]:
    """The files kept out of the context, by their paths in it, and the .dockerignore that counts."""
    beside = [ignore_file_names(dockerfile)[0]] if dockerfile else []
    for file in (*beside, os.path.join(within.folder, ignore_file_names("")[1])):
        if not os.path.isfile(file):
            continue
        name = relative_path(file, within.root)
        try:
            return list(_kept_out(tuple(paths), read_text(file), name)), name
        except PatternError as error:
            refused.append(f"The builder refuses {name}: {error}.")
        except OSError as error:
            notes.append(f"{name} can't be read: {error.strerror}")
        return [], name
    return [], None


def _dockerfile(
    path: str, within: _Context, tree: Tree, notes: list[str], refused: list[str]
) -> Optional[Dockerfile]:
    name = relative_path(path, within.root)
    try:
        found = parse_dockerfile(read_text(path), name, tree.target, tree.build_args, tree.base)
    except DockerfileError as error:
        refused.append(f"The builder refuses it: {error}.")
        return None
    except OSError as error:
        notes.append(f"{name} can't be read: {error.strerror}")
        return None
    found = with_source_paths(found, within.folder)

    def outer(paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(path if path.startswith("/") else within.path_in_tree(path) for path in paths)

    installs = tuple(replace(install, files=outer(install.files)) for install in found.installs)
    return replace(found, installs=installs)


def _requirements(dockerfile: Optional[Dockerfile], within: _Context, notes: list[str]) -> list[Requirement]:
    """Read the requirements of the context, the root, the Dockerfile's folder, and of what it installs."""
    folders, named = [within.place], []
    if dockerfile is not None:
        folders.append(posixpath.dirname(dockerfile.path) or ".")
        for install in dockerfile.installs:
            paths = [path for path in install.files if not path.startswith("/")]
            named += [path for path in paths if os.path.isfile(os.path.join(within.root, path))]
    return read_requirements(within.root, [*folders, "."], named, notes)
