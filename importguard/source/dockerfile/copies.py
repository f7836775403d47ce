"""Find the COPY that takes a file of the context, or the nearest one, and the folders that COPY moves."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import Optional

from importguard.source.dockerfile_model import Copy, Dockerfile


def feeding_stages(dockerfile: Dockerfile) -> set[int]:
    """The stages whose files may get into the final one."""
    found: set[int] = set()
    rest = [dockerfile.final]
    while rest:
        for stage in dockerfile.lineage(rest.pop()):
            if stage not in found:
                found.add(stage)
                copies = [copy for copy in dockerfile.copies if copy.stage == stage]
                rest += [copy.from_stage for copy in copies if copy.from_stage is not None]
    return found


def copy_takes(copy: Copy, relative: str) -> bool:
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


def nearest_copy(
    dockerfile: Dockerfile, path: str, above: Optional[int] = None, importer: Optional[str] = None
) -> Optional[Copy]:
    """The COPY from the context whose source shares the most folders with ``path`` (relative to the context).

    Of the stages that feed the final one, those of its own lineage first. Of those that are as near, it is
    the one that takes the ``importer``, a file beside which ``path`` is to lie, else the last. ``above`` is a
    line that it has to stand above, if there is one that does.
    """
    feeding, lineage = feeding_stages(dockerfile), dockerfile.lineage()
    own = [
        copy
        for copy in dockerfile.copies
        if copy.stage in feeding and copy.from_stage is None and copy.from_image is None and copy.resolved
    ]
    own = [copy for copy in own if above is None or copy.line < above] or own

    def nearness(copy: Copy) -> tuple[int, bool, bool, int]:
        is_beside = importer is not None and copy_takes(copy, importer)
        return _shared(copy, path), copy.stage in lineage, is_beside, copy.line

    return max(own, key=nearness, default=None)


def _shared(copy: Copy, path: str) -> int:
    """Count the leading parts of ``path`` that a COPY's source shares."""
    best = 0
    for source in copy.sources:
        parts = posixpath.normpath(source.lstrip("/") or ".").split("/")
        count = 0
        for part, pattern in zip(path.split("/"), parts):
            if not fnmatchcase(part, pattern):
                break
            count += 1
        best = max(best, count)
    return best


def moved_folder(path: str, destination: str) -> tuple[str, str]:
    """The outermost folder around ``path`` that a COPY to ``destination`` moves as a whole, and where to.

    Of a file that gets another name it is the file itself.
    """
    parts, there = path.split("/"), destination.split("/")
    count = 0
    while count < min(len(parts), len(there) - 1) and parts[-1 - count] == there[-1 - count]:
        count += 1
    return "/".join(parts[: len(parts) - count]), "/".join(there[: len(there) - count]) or "/"
