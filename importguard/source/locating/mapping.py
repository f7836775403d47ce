"""Find the application's files of an image in a tree: which are there, and from which folder they come."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Callable, Optional

from importguard.evidence.surroundings import ImageFile

_THIRD_PARTY = ("/site-packages/", "/dist-packages/")
_BUILT = "/build/lib"
_MOST_SAME_NAMES = 200
LEAST_SAME = 0.2
LEAST_BY_NAME = 0.6
_FEW_FILES = 5


@dataclass(frozen=True)
class FolderMapping:
    """``folder`` of the tree is ``place`` of the image."""

    folder: str
    place: str


@dataclass(frozen=True)
class TreeMatch:
    """The agreement of a tree with the application's files of an image.

    ``origins`` are the image's files with the tree's, ``same`` of which have the same content; ``total`` is
    how many files of the image were looked for. ``mappings`` are the folders that became others, the one
    with the most files first. ``candidates`` are all files of the tree that may be one of the image: copies.
    """

    total: int
    origins: Mapping[str, str]
    same: int
    comparable: int
    mappings: tuple[FolderMapping, ...]
    candidates: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_by_name_alone(self) -> bool:
        """Whether not one file that could be compared is the same."""
        return bool(self.comparable) and not self.same

    @property
    def is_source(self) -> bool:
        """Whether the image was built from this tree, or from another state of it."""
        if not self.total:
            return False
        if self.comparable and self.same >= LEAST_SAME * self.comparable:
            return True
        if self.comparable >= _FEW_FILES and not self.same:
            return False  # files of the same names, every one of them another
        return len(self.origins) >= LEAST_BY_NAME * self.total


def application_files(files: Sequence[ImageFile]) -> list[ImageFile]:
    """The files that tell an application: its own; those that were installed where it has no others."""
    own = [file for file in files if _BUILT not in file.path]
    outside = [file for file in own if not any(folder in file.path for folder in _THIRD_PARTY)]
    return outside or own


def match_tree(
    files: Sequence[ImageFile],
    tree: Mapping[str, int],
    digest: Callable[[str], Optional[str]],
    import_path: Collection[str],
) -> TreeMatch:
    """Compare ``files`` with a ``tree`` (paths with sizes); ``digest`` gives the text digest of one of its
    files. A file of the same name alone says something only right on the ``import_path``: every package has
    a ``main.py``.
    """
    by_end: dict[str, list[str]] = {}
    for path in tree:
        for end in _ends(path):
            by_end.setdefault(end, []).append(path)
    candidates, same, certain = _alike_paths(files, by_end, digest, import_path)
    ranked = [mapping for mapping, _ in certain.most_common()]
    rank = {mapping: index for index, mapping in enumerate(ranked)}
    origins = {
        there: min(same.get(there) or alike, key=lambda path: (rank[_mapping(there, path)], path))
        for there, alike in candidates.items()
        if alike
    }
    used = Counter(_mapping(there, path) for there, path in origins.items())
    return TreeMatch(
        total=len(files),
        origins=origins,
        same=sum(1 for paths in same.values() if paths),
        comparable=len(same),
        mappings=tuple(mapping for mapping, _ in used.most_common()),
        candidates={there: same.get(there) or alike for there, alike in candidates.items() if alike},
    )


def _alike_paths(
    files: Sequence[ImageFile],
    by_end: Mapping[str, list[str]],
    digest: Callable[[str], Optional[str]],
    import_path: Collection[str],
) -> tuple[dict[str, list[str]], dict[str, list[str]], Counter[FolderMapping]]:
    """The paths of the tree that each file may come from, those of the same content, and how much speaks for
    each mapping of folders."""
    certain: Counter[FolderMapping] = Counter()
    candidates: dict[str, list[str]] = {}
    same: dict[str, list[str]] = {}
    for file in files:
        near = next((by_end[end] for end in _ends(file.path) if end in by_end), [])
        alike = _longest_tails(file.path, near)
        candidates[file.path] = alike
        if file.text_digest and file.size:
            same[file.path] = [path for path in alike if digest(path) == file.text_digest]
        if not same.get(file.path) and posixpath.dirname(file.path) not in import_path:
            alike = [path for path in alike if len(_tail(file.path, path)) > 1]
            candidates[file.path] = alike
        for path in same.get(file.path) or alike:
            certain[_mapping(file.path, path)] += 4 if same.get(file.path) else 1
    return candidates, same, certain


def _ends(path: str) -> tuple[str, str]:
    """The last two parts of a path, and the last one: many files are called ``__init__.py``."""
    folder, name = posixpath.split(path)
    return f"{posixpath.basename(folder)}/{name}", name


def _longest_tails(place: str, paths: Sequence[str]) -> list[str]:
    """Those of ``paths`` that share the longest end with ``place``."""
    best, found = 0, []
    for path in paths[:_MOST_SAME_NAMES]:
        length = len(_tail(place, path))
        if length > best:
            best, found = length, [path]
        elif length == best:
            found.append(path)
    return found


def _tail(place: str, path: str) -> list[str]:
    """The parts at the end that both paths share."""
    there, here = place.split("/"), path.split("/")
    count = 0
    while count < min(len(there), len(here)) and there[-count - 1] == here[-count - 1]:
        count += 1
    return there[len(there) - count :]


def _mapping(place: str, path: str) -> FolderMapping:
    """The folders that are left of a file of the image and one of the tree without their common end."""
    there, here = place.split("/"), path.split("/")
    count = len(_tail(place, path))
    return FolderMapping("/".join(here[: len(here) - count]), "/".join(there[: len(there) - count]) or "/")
