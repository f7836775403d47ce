"""Find the files of the source that never get into the image, and the line that leaves each out.

Careful with what can't be told: a file that a RUN may install or move into the final stage is not said to be
left out.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

from importguard.source.context.run_effects import is_transforming
from importguard.source.dockerfile.copies import feeding_stages, nearest_copy
from importguard.source.dockerfile.installs import bind_mounts
from importguard.source.dockerfile.renaming_copies import RenamingCopy
from importguard.source.dockerfile_model import Copy, Dockerfile, Instruction
from importguard.source.model import Ignored, Place, Source

_MOUNT = re.compile(r"--mount=(\S+)")


@dataclass(frozen=True)
class LeftOut:
    """A file that the image will not have, or not where it is looked for. ``place`` is the line to blame: of
    .dockerignore, or the COPY that comes nearest or too late; None where the Dockerfile has none.
    ``ignored`` says what .dockerignore needs, ``install`` the editable install that a COPY must come before,
    and ``renaming`` the COPY that gives it another name, at ``destination`` of the image.
    """

    path: str
    cause: str  # ignored | not-copied | copied-after-install | copied-elsewhere
    place: Optional[Place]
    ignored: Optional[Ignored] = None
    install: Optional[Place] = None
    renaming: Optional[RenamingCopy] = None
    destination: str = ""

    @property
    def exception(self) -> Optional[str]:
        """The line that .dockerignore needs."""
        return self.ignored.exception if self.ignored else None


def left_out(source: Source) -> tuple[list[LeftOut], list[str]]:
    """The files that do not get in, and notes on what can't be told."""
    found = [LeftOut(one.path, "ignored", one.rule, one) for one in source.ignored]
    dockerfile, notes = source.dockerfile, []
    if dockerfile is None:
        return found, ["There is no Dockerfile: only what .dockerignore leaves out was looked at."]
    feeding = feeding_stages(dockerfile)
    untold = untold_copies(dockerfile)
    if untold:
        lines = ", ".join(f"{dockerfile.path}:{copy.line}" for copy in untold)
        notes.append(f"What {lines} copies can't be told, so nothing is said of what no COPY takes.")
        return found, notes
    arriving = _arriving(source, dockerfile, feeding)
    for file in source.files:
        if file.path in source.context_files and file.path not in arriving:
            found.append(LeftOut(file.path, "not-copied", nearest_place(file.path, source, dockerfile)))
    return found, notes


def nearest_place(
    path: str, source: Source, dockerfile: Dockerfile, importer: Optional[str] = None
) -> Optional[Place]:
    """The line of the COPY that comes nearest to a file, and takes the ``importer`` where several do."""
    beside = _below(importer, source.context) if importer else None
    copy = nearest_copy(dockerfile, _below(path, source.context), importer=beside)
    return Place(dockerfile.path, copy.line, copy.text) if copy else None


def untold_copies(dockerfile: Dockerfile) -> list[Copy]:
    """The lines whose files can't be told and may hold code, of all stages that the image takes from."""
    feeding = feeding_stages(dockerfile)
    copies = [copy for copy in dockerfile.copies if copy.stage in feeding]
    return [copy for copy in copies if not copy.resolved and not _brings_no_code(copy)]


def _brings_no_code(copy: Copy) -> bool:
    """A heredoc or a URL brings one file that is not the context's."""
    return "<<" in copy.text or bool(re.search(r"\s[a-z]+://", copy.text))


def _arriving(source: Source, dockerfile: Dockerfile, feeding: set[int]) -> set[str]:
    """The files that are copied into the final stage, or into one that may make something else of them."""
    lineage = set(dockerfile.lineage())
    transforming = {stage for stage in feeding if is_transforming(source, dockerfile, stage)}
    found = {placement.path for placement in source.placements if placement.stage in lineage | transforming}
    mounted = _mounted_folders(source, dockerfile, feeding)
    found.update(path for path in source.context_files for folder in mounted if _is_below(path, folder))
    return found


def is_mounted(path: str, source: Source, dockerfile: Dockerfile, feeding: set[int]) -> bool:
    """Whether a command that feeds the image sees the file of the context by a mount."""
    return any(_is_below(path, folder) for folder in _mounted_folders(source, dockerfile, feeding))


def _mounted_folders(source: Source, dockerfile: Dockerfile, feeding: set[int]) -> list[str]:
    return [
        posixpath.normpath(posixpath.join(source.context, folder))
        for instruction in dockerfile.instructions
        if instruction.stage in feeding and instruction.keyword == "RUN"
        for folder in _mounted(instruction)
    ]


def _mounted(instruction: Instruction) -> Iterator[str]:
    mounts = _MOUNT.findall(instruction.text)
    return (folder for _, folder in bind_mounts(mounts, "/"))


def _is_below(path: str, folder: str) -> bool:
    return folder == "." or path == folder or path.startswith(folder + "/")


def _below(path: str, folder: str) -> str:
    return path if folder == "." else posixpath.relpath(path, folder)
