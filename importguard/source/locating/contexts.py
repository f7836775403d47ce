"""Find the folder that a Dockerfile is built from: the sources of its COPY lines exist there."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.dockerfile_model import Copy, Dockerfile
from importguard.source.locating.model import NamedBuild


def possible_contexts(dockerfile: str, builds: Sequence[NamedBuild]) -> list[str]:
    """The folders to try, the likeliest first: those that are named, the repository's root, the Dockerfile's
    folder and those above it."""
    named = [build.context for build in builds if build.dockerfile == dockerfile]
    folder = posixpath.dirname(dockerfile)
    above = []
    while folder:
        above.append(folder)
        folder = posixpath.dirname(folder)
    usual = [above[0] if above else ""] if posixpath.basename(dockerfile) == "Dockerfile" else []
    return list(dict.fromkeys([*named, *usual, "", *above]))


class ContextFiles:
    """The paths of a repository, asked for those that a COPY names."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = set(paths)
        for path in paths:
            while (path := posixpath.dirname(path)) and path not in self._paths:
                self._paths.add(path)
        self._children: dict[str, list[str]] = {}
        for path in self._paths:
            self._children.setdefault(posixpath.dirname(path), []).append(path)

    def has_copy_source(self, context: str, source: str) -> bool:
        """Whether a COPY source exists in the folder ``context``; wildcards match as they would there."""
        path = posixpath.normpath(source.lstrip("/") or ".")
        if path == ".":
            return True
        if path.startswith(".."):
            return False
        whole = f"{context}/{path}" if context else path
        return whole in self._paths or (any(sign in path for sign in "*?[") and self._matches(context, path))

    def _matches(self, context: str, pattern: str) -> bool:
        level = [context]
        for part in pattern.split("/"):
            names = (child for folder in level for child in self._children.get(folder, ()))
            level = [child for child in names if fnmatchcase(posixpath.basename(child), part)]
        return bool(level)


def context_copies(dockerfile: Dockerfile, stage: int) -> Iterator[Copy]:
    """The COPY and ADD lines that take something from the build context into what ``stage`` is made of."""
    feeding = feeding_stages(replace(dockerfile, final=stage))
    for copy in dockerfile.copies:
        if copy.stage in feeding and copy.from_stage is None and copy.from_image is None and copy.resolved:
            yield copy


def sources_found(dockerfile: Dockerfile, stage: int, context: str, files: ContextFiles) -> float:
    """The part (0 to 1) of the COPY sources that exist in ``context``. A pattern that matches nothing may be
    meant to: it counts half."""
    total = found = 0.0
    for copy in context_copies(dockerfile, stage):
        for source in copy.sources:
            weight = 0.5 if any(sign in source for sign in "*?[") else 1.0
            total += weight
            found += weight if files.has_copy_source(context, source) else 0.0
    return found / total if total else 1.0
