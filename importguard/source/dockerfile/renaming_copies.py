"""COPY lines that give a package or module another name: ``COPY src/service /app`` leaves no ``service``.

A COPY of a folder copies what lies in it (Dockerfile reference, "COPY"). What is said of it is the same
before the build (``importguard context``) and after it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Optional

from importguard.source.dockerfile_model import Copy, Dockerfile
from importguard.source.model import Place, Placement, Source

_OPTIONS = re.compile(r"\w+\s+((?:--\S+\s+)*)")


@dataclass(frozen=True)
class RenamingCopy:
    """The COPY at ``place`` that gives a folder or file another name.

    ``path`` is that folder or file, in the source or in the stage that the COPY takes it from, and ``copied``
    the same as the COPY names it. ``destination`` is where one file of it goes, ``into`` the folder where
    what lies in it goes. ``options`` are the COPY's own.
    """

    place: Place
    path: str
    copied: str
    destination: str
    into: str
    is_folder: bool
    options: str = ""

    def corrected_line(self, into: Optional[str] = None) -> str:
        """The COPY that keeps the name; ``into`` is another folder to copy to."""
        there = posixpath.join(into or self.into, posixpath.basename(self.path))
        words = f'["{self.copied}", "{there}"]' if " " in self.copied + there else f"{self.copied} {there}"
        return f"COPY {self.options}{words}"

    def explanation(self, name: str, in_image: str) -> str:
        """Say why no import finds ``name``, which the image has at ``in_image``; without a full stop."""
        line = f"{self.place.path}:{self.place.line}"
        if not self.is_folder:
            return f"{line} copies it to {self.destination}, and no import finds it under the name '{name}'"
        return (
            f"{line} copies what lies in {self.path}/ into {self.into}, and not the folder: the image has "
            f"{in_image}, and no import finds it under the name '{name}'"
        )

    def remedy(self, corrected: str) -> str:
        """Say what to do: ``corrected`` is the line to write."""
        return keep_name_remedy(corrected, self.is_folder)


def keep_name_remedy(corrected: str, is_folder: bool = True) -> str:
    """Say that the ``corrected`` COPY line keeps the name."""
    return f"copy {'the folder' if is_folder else 'it'} under its name: '{corrected}'"


def find_renaming_copy(source: Source, placed: Placement, path: str, tail: str) -> Optional[RenamingCopy]:
    """Find the COPY by which the file that the image has at ``placed`` lost its name.

    ``path`` is the folder or file of the source that has the name, ``tail`` how the file's path ends where
    the name is kept (``/service/__main__.py``). Of several stages that hand it on, it is the first that loses
    the name.
    """
    dockerfile = source.dockerfile
    copy = _copy_at(placed.line, dockerfile) if dockerfile else None
    while dockerfile is not None and copy is not None and copy.from_stage is not None:
        before = _origin(placed, copy, source)
        if before is None:
            return None
        if before.destination.endswith(tail):
            there = before.destination.removesuffix(_below(placed.path, path)).rstrip("/")
            return _renaming(copy, placed, dockerfile, (there, there, _below(placed.path, path)))
        placed, copy = before, _copy_at(before.line, dockerfile)
    if dockerfile is None or copy is None or copy.from_image is not None:
        return None
    copied = path if source.context == "." else posixpath.relpath(path, source.context)
    return _renaming(copy, placed, dockerfile, (path, copied, _below(placed.path, path)))


def _renaming(
    copy: Copy, placed: Placement, dockerfile: Dockerfile, whole: tuple[str, str, str]
) -> RenamingCopy:
    """``whole`` is what ``RenamingCopy`` calls ``path`` and ``copied``, and the file's path below that."""
    path, copied, below = whole
    file = posixpath.normpath(posixpath.join(copied, below)).lstrip("/")
    is_folder = bool(below) and all(posixpath.normpath(name).lstrip("/") != file for name in copy.sources)
    is_moved = is_folder and placed.destination.endswith(f"/{below}")
    into = placed.destination.removesuffix(below) if is_moved else posixpath.dirname(placed.destination)
    options = _OPTIONS.match(copy.text)
    return RenamingCopy(
        Place(dockerfile.path, copy.line, copy.text),
        path,
        copied,
        placed.destination,
        into.rstrip("/") or "/",
        is_folder,
        options[1] if options else "",
    )


def _origin(placed: Placement, copy: Copy, source: Source) -> Optional[Placement]:
    """The same file in the stage that the COPY takes it from."""
    folders = [posixpath.normpath("/" + name.lstrip("/")).rstrip("/") for name in copy.sources]
    own = [one for one in source.placements if one.stage == copy.from_stage and one.path == placed.path]
    return next(
        (one for one in own for folder in folders if f"{one.destination}/".startswith(f"{folder}/")), None
    )


def _copy_at(line: int, dockerfile: Dockerfile) -> Optional[Copy]:
    return next((copy for copy in dockerfile.copies if copy.line == line), None)


def _below(path: str, whole: str) -> str:
    """The path relative to the folder ``whole``; empty where it is that itself."""
    return path[len(whole) :].lstrip("/")
