"""Files of the source that no import loads, looked for where an import did not find one in the image."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Optional

from importguard.source.dockerfile.dockerignore import PatternError, ignored_files, read_patterns
from importguard.source.dockerfile.placement import place_files
from importguard.source.model import DataFile, Ignored, Source
from importguard.source.paths import folders_above, most_entries
from importguard.source.tree import is_skipped_folder

_MOST = 50
_OTHER_FILE = "any other file"


def with_data_files(source: Source, paths: Iterable[str]) -> Source:
    """The same source with its files that are called as ``paths`` (of the image, absolute or relative)."""
    names = {posixpath.basename(path) for path in paths}
    found = [path for path in files_named(source.root, names) if path] if names else []
    if not found:
        return source
    return replace(source, data_files=tuple(_data_files(source, found[:_MOST])))


def files_named(root: str, names: Iterable[str]) -> Iterator[str]:
    """The files below ``root`` that have one of the names, by their path from there."""
    wanted, left = set(names), most_entries(root)
    for folder, folders, files in os.walk(root):
        left -= len(folders) + len(files)
        if left < 0:
            return
        folders[:] = sorted(name for name in folders if not is_skipped_folder(os.path.join(folder, name)))
        for name in sorted(wanted.intersection(files)):
            yield os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")


def _data_files(source: Source, paths: list[str]) -> Iterator[DataFile]:
    inside = {path: inner for path in paths if (inner := _in_context(path, source)) is not None}
    ignored = {one.path: one for one in _ignored(source, list(inside.values()))}
    going_in = [inner for inner in inside.values() if inner not in ignored]
    final = source.dockerfile.final if source.dockerfile else -1
    placed = {
        file.path: file
        for file in (place_files(source.dockerfile, going_in) if source.dockerfile else ())
        if file.stage == final
    }
    for path in paths:
        inner = inside.get(path, "")
        kept_out, placement = ignored.get(inner), placed.get(inner)
        yield DataFile(
            path,
            is_in_context=path in inside,
            ignored=replace(kept_out, path=path) if kept_out else None,
            placement=replace(placement, path=path) if placement else None,
        )


def _in_context(path: str, source: Source) -> Optional[str]:
    """A path of the source in the build context; None for one outside of it."""
    if source.context in (".", ""):
        return path
    inner = posixpath.relpath(path, source.context)
    return None if inner.startswith("..") else inner


def _ignored(source: Source, paths: list[str]) -> list[Ignored]:
    if source.ignore_file is None:
        return []
    # Only a folder that any file would be left out of is let in as a whole.
    folders = {folder for path in paths for folder in folders_above(path)}
    others = [posixpath.join(folder, _OTHER_FILE) for folder in sorted(folders)]
    try:
        text = _read(os.path.join(source.root, source.ignore_file))
        found = ignored_files([*paths, *others], read_patterns(text), source.ignore_file)
        return [file for file in found if file.path in paths]
    except (OSError, PatternError):
        return []  # it is said of the source already


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace", newline="") as stream:
        return stream.read()
