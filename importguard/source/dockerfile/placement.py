"""Place the files of a build context in each stage, by the Dockerfile's COPY and ADD lines.

Source: the Dockerfile reference ("COPY"), and what BuildKit does where it is silent: a file that is copied to
a folder keeps its name, one that is copied elsewhere gets the new one; of a folder the contents are copied.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Optional, Union

from importguard.source.dockerfile.dockerignore import Ignore
from importguard.source.dockerfile.patterns import Match, PatternError, make_pattern
from importguard.source.dockerfile_model import Copy, Dockerfile
from importguard.source.model import Placement
from importguard.source.paths import folders_above

_WILDCARD = re.compile(r"[*?\[\\]")
_MKDIR = re.compile(r"\bmkdir\s+((?:-\S+\s+)*)([^&|;\n]+)")
# Folders that base images have: what is copied to one of them keeps its name.
_USUAL: tuple[str, ...] = (
    *("/bin", "/etc", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp"),
    *("/usr/bin", "/usr/local/bin", "/usr/local/lib", "/usr/src", "/var/lib", "/var/www"),
)


def place_files(dockerfile: Dockerfile, files: Iterable[str]) -> tuple[Placement, ...]:
    """Place each of ``files`` (relative to the build context), stage by stage.

    The ``path`` of each is as in ``files``. What a RUN moves or removes is not followed, nor is a COPY that
    is not ``resolved``.
    """
    context = _Tree({path: path for path in files})
    stages: list[_Stage] = []
    for stage in dockerfile.stages:
        parent = stages[stage.parent] if stage.parent is not None else None
        current = _Stage(stage.index, parent, () if stage.base == "scratch" else _USUAL)
        current.folders.update(_with_parents(stage.base_workdir))
        for change in _changes(dockerfile, stage.index):
            if isinstance(change, Copy):
                current.apply_copy(change, context, stages)
            else:
                current.folders.update(_with_parents(change))
        stages.append(current)
    return tuple(file for stage in stages for file in stage.files.values())


def _changes(dockerfile: Dockerfile, index: int) -> Iterator[Union[Copy, str]]:
    """The COPY lines of a stage, and the folders that it makes, in order."""
    copies = {copy.line: copy for copy in dockerfile.copies if copy.stage == index}
    stage = dockerfile.stages[index]
    workdir = stage.base_workdir
    for instruction in dockerfile.instructions:
        value = instruction.text.partition(" ")[2].strip()
        if instruction.stage != index:
            continue
        if instruction.line in copies:
            yield copies[instruction.line]
        elif instruction.keyword == "WORKDIR" and "$" not in value:
            workdir = posixpath.normpath(posixpath.join(workdir, value.strip("\"'")))
            yield workdir
        elif instruction.keyword == "RUN":
            for match in _MKDIR.finditer(value):
                yield from (posixpath.normpath(posixpath.join(workdir, path)) for path in match[2].split())


def _with_parents(path: str) -> Iterator[str]:
    path = "/" + path.lstrip("/")  # POSIX lets two slashes at the front be something else
    while path != "/":
        yield path
        path = posixpath.dirname(path)


class _Tree:
    """Files by their path in a folder (the context's, or a stage's root), without a slash at the front."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self.folders = {""}
        for path in files:
            self.folders.update(folders_above(path))

    def files_below(self, folder: str) -> Iterator[str]:
        """The files in ``folder``, relative to it."""
        start = folder + "/" if folder else ""
        return (path[len(start) :] for path in self.files if path.startswith(start))

    def matching_paths(self, source: str) -> list[str]:
        """The files and folders that a source names; what is below one of them is not named again."""
        path = posixpath.normpath("/" + source).lstrip("/")
        if not _WILDCARD.search(path):
            return [path] if path in self.files or path in self.folders else []
        matches = _matcher(path)
        found = [one for one in (*self.folders, *self.files) if one and matches(one)]
        taken = set(found)
        return sorted(one for one in found if taken.isdisjoint(folders_above(one)))


def _matcher(path: str) -> Match:
    try:
        return make_pattern(0, path.lstrip("!")).matches
    except PatternError:
        return lambda _: False


class _Stage:
    """A stage so far: placements by their destination, and the folders that are known."""

    def __init__(self, index: int, parent: Optional[_Stage], folders: Iterable[str]) -> None:
        self.index = index
        inherited = parent.files.values() if parent else ()
        self.files: dict[str, Placement] = {
            file.destination: replace(file, stage=index) for file in inherited
        }
        self.folders: set[str] = set(parent.folders) if parent else set()
        self.folders.update(one for path in folders for one in _with_parents(path))

    def tree_of_source(self) -> _Tree:
        return _Tree({path.lstrip("/"): path for path in self.files})

    def apply_copy(self, copy: Copy, context: _Tree, stages: list[_Stage]) -> None:
        """Put in place what a COPY brings."""
        if not copy.resolved or copy.from_image is not None:
            return
        origin = stages[copy.from_stage] if copy.from_stage is not None else None
        tree = origin.tree_of_source() if origin else context
        for source in copy.sources:
            for name, destination in _copied(source, copy, tree, self.folders):
                self._put(copy, name, destination, origin)

    def _put(self, copy: Copy, name: str, destination: str, origin: Optional[_Stage]) -> None:
        path, first = name, None
        if origin is not None:
            placed = origin.files["/" + name]
            path, first = placed.path, placed.first_line or placed.line
        self.files[destination] = Placement(path, destination, self.index, copy.line, first)
        self.folders.update(_with_parents(posixpath.dirname(destination)))


def _copied(source: str, copy: Copy, tree: _Tree, folders: set[str]) -> Iterator[tuple[str, str]]:
    """Pairs of a file of ``tree`` that one source of the COPY brings, and its path in the stage."""
    excluded = _excluded(copy)
    pivot = None
    if copy.parents:
        # What stands before "/./" is not kept (Dockerfile reference, "COPY --parents").
        pivot = posixpath.normpath(source.partition("/./")[0]).lstrip("/") if "/./" in source else ""
    for match in list(tree.matching_paths(source)):
        is_file = match in tree.files
        names = [""] if is_file else list(tree.files_below(match))
        for name in names:
            whole = posixpath.join(match, name) if name else match
            if excluded and excluded.excluding_pattern(name or posixpath.basename(match)):
                continue
            if pivot is not None:
                kept = whole[len(pivot) :].lstrip("/")
                yield whole, posixpath.join(copy.destination, kept)
            elif not is_file:
                yield whole, posixpath.join(copy.destination, name)
            else:
                yield whole, _place(match, copy, folders)


def _place(path: str, copy: Copy, folders: set[str]) -> str:
    """The path of a single file: in the destination if that is a folder, else the destination itself."""
    known = not copy.link and copy.destination in folders
    if copy.destination.endswith("/") or known:
        return posixpath.join(copy.destination, posixpath.basename(path))
    return copy.destination


def _excluded(copy: Copy) -> Optional[Ignore]:
    try:
        return Ignore([make_pattern(0, text) for text in copy.excludes]) if copy.excludes else None
    except PatternError:
        return None
