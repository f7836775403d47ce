"""The COPY line that would bring a module into the image, to the place where its neighbours are."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Collection, Iterator

from importguard.source.dockerfile.copies import copy_takes, feeding_stages, moved_folder
from importguard.source.model import Source
from importguard.source.paths import folders_above


class CopyLines:
    """Writes COPY lines for the files that ``source`` leaves out. ``lost`` are their paths."""

    def __init__(self, source: Source, lost: Collection[str]) -> None:
        self.source = source
        self._arriving = {
            folder for file in source.files if file.path not in lost for folder in folders_above(file.path)
        }

    def is_covered(self, path: str) -> bool:
        """Whether a COPY would take the file, if the context had it."""
        dockerfile = self.source.dockerfile
        if dockerfile is None:
            return True
        feeding, relative = feeding_stages(dockerfile), self._in_context(path)
        return any(copy_takes(copy, relative) for copy in dockerfile.copies if copy.stage in feeding)

    def line_for(self, module: str, path: str) -> str:
        """The line for the highest folder of the module that is left out as a whole, else for its file."""
        root, prefix = _root_and_prefix(module, path)
        whole = path
        for folder in folders_above(path):
            if (not root or folder.startswith(f"{root}/")) and folder not in self._arriving:
                whole = folder
                break
        there = posixpath.join(self._place_of(root, prefix), posixpath.relpath(whole, root or "."))
        here = self._in_context(whole)
        return f'COPY ["{here}", "{there}"]' if " " in here + there else f"COPY {here} {there}"

    def _place_of(self, root: str, prefix: str) -> str:
        """The folder of the image, ending in ``prefix``, that ``root`` becomes: by the files that get there
        or to the folders above; else the one below the WORKDIR."""
        dockerfile = self.source.dockerfile
        assert dockerfile is not None
        for folder in dict.fromkeys((root, *reversed(folders_above(root)), "")):
            below = posixpath.relpath(root or ".", folder or ".")
            votes = Counter(
                posixpath.normpath(posixpath.join(place, below))
                for place in self._places_of(folder, dockerfile.final)
            )
            fitting = [place for place, _ in votes.most_common() if place.endswith(prefix)]
            if fitting:
                return fitting[0]
        return posixpath.join(dockerfile.stages[dockerfile.final].workdir, prefix.lstrip("/"))

    def _places_of(self, folder: str, stage: int) -> Iterator[str]:
        """The folder of the image that ``folder`` becomes, once for each file that says so."""
        start = f"{folder}/" if folder else ""
        for placement in self.source.placements:
            tail = placement.path[len(start) :]
            is_below = placement.stage == stage and placement.path.startswith(start)
            if is_below and placement.destination.endswith(f"/{tail}"):
                yield placement.destination[: -len(tail)].rstrip("/") or "/"

    def _in_context(self, path: str) -> str:
        context = self.source.context
        return path if context == "." else posixpath.relpath(path, context)


def _root_and_prefix(module: str, path: str) -> tuple[str, str]:
    """The folder that ``path`` has its name from, and what stands in front of that: ``/backend`` where
    ``core/db.py`` is ``backend.core.db``, else empty."""
    stem = path[: -len("/__init__.py")] if path.endswith("/__init__.py") else path.rpartition(".")[0]
    root, prefix = moved_folder(stem, "/" + module.replace(".", "/"))
    return (posixpath.dirname(path), "") if root == stem else (root, prefix.rstrip("/"))
