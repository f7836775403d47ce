"""What a COPY takes, and how near it comes to a file that it does not take."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase

from importguard.source.model import Copy, Dockerfile


def feeding(dockerfile: Dockerfile) -> set[int]:
    """The stages whose files may get into the final one."""
    reached = set(dockerfile.lineage())
    while True:
        taken = {copy.from_stage for copy in dockerfile.copies if copy.stage in reached}
        grown = reached | {stage for one in taken if one is not None for stage in dockerfile.lineage(one)}
        if grown == reached:
            return reached
        reached = grown


def takes(copy: Copy, relative: str) -> bool:
    """Whether it takes the file at ``relative`` from the build context, as far as that can be told."""
    if copy.from_stage is not None or copy.from_image is not None:
        return False
    if not copy.resolved:
        return True
    parts = relative.split("/")
    for source in copy.sources:
        pattern = posixpath.normpath(source.lstrip("/") or ".").split("/")
        begin = zip(parts, pattern)
        if pattern == ["."] or (len(pattern) <= len(parts) and all(fnmatchcase(*pair) for pair in begin)):
            return True
    return False


def nearness(copy: Copy, relative: str) -> int:
    """How many folders its nearest source shares with ``relative``."""
    best = 0
    for source in copy.sources:
        parts = posixpath.normpath(source.lstrip("/") or ".").split("/")
        shared = 0
        for part, other in zip(parts, relative.split("/")):
            if part != other:
                break
            shared += 1
        best = max(best, shared)
    return best
