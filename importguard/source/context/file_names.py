"""The names by which the files of a source can be imported: in the source, and where COPY puts them."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterator

from importguard.probe.code.path_changes import path_changes_in
from importguard.source.dockerfile.copies import moved_folder
from importguard.source.model import Source
from importguard.source.modules.module_names import (
    import_roots,
    innermost_first,
    module_name,
    module_names,
    source_roots,
)
from importguard.source.modules.named_modules import start_folders, started_modules


class FileNames:
    """Names the files of ``source``. ``inside`` are those that go into the build, ``lost`` the others.

    A file has the names that its place in the image gives it below the import path, and those of the source's
    own folders: an install may put these on the import path. One that is left out is placed as its neighbours
    are: where COPY puts ``api/main.py`` at ``/backend/api/main.py``, ``core/db.py`` is ``backend.core.db``.
    """

    def __init__(self, source: Source, inside: list[str], lost: Collection[str]) -> None:
        self._own_roots = innermost_first(
            {*import_roots(inside, source.context), *source_roots([*inside, *lost])}
        )
        self._destinations: dict[str, list[str]] = {}
        self._becomes: dict[str, dict[str, None]] = {}
        for placement in source.placements:
            self._destinations.setdefault(placement.path, []).append(placement.destination)
            folder, there = moved_folder(placement.path, placement.destination)
            self._becomes.setdefault(folder, {})[there] = None
        roots = image_roots(source)
        self._image_roots = innermost_first({root.rstrip("/") for root in roots})
        # Where no line sets a WORKDIR, it is the base image's. A script is called by its path all the same.
        self._last_roots = (*_script_folders(source), *(() if roots else ("",)))

    def names_of(self, path: str) -> list[str]:
        """All names of a file; the first is the one that relative imports in it are relative to."""
        own = module_names(path, self._own_roots)
        places = self._destinations.get(path) or list(self._likely_destinations(path))
        there = [name for root in self._image_roots for name in _names(places, root)]
        last = [name for root in self._last_roots for name in _names(places, root)]
        is_deeper = bool(there) and there[0] not in own
        return list(dict.fromkeys([*there, *own, *last] if is_deeper else [*own, *there, *last]))

    def _likely_destinations(self, path: str) -> Iterator[str]:
        folder = posixpath.dirname(path)
        while True:
            for there in self._becomes.get(folder, ()):
                yield posixpath.join(there, path[len(folder) :].lstrip("/"))
            if not folder:
                return
            folder = posixpath.dirname(folder)


def _names(places: Collection[str], root: str) -> Iterator[str]:
    return (name for place in places if (name := module_name(place, root)))


def _script_folders(source: Source) -> set[str]:
    """The folder of the script that the start command runs, which is on the script's import path."""
    started = started_modules(source.dockerfile) if source.dockerfile else []
    return {posixpath.dirname(named.script).rstrip("/") for named in started if named.script}


def image_roots(source: Source) -> list[str]:
    """The folders of the image that its import path has: by PYTHONPATH, WORKDIR and the start command, and by
    what the file that this starts adds to ``sys.path``."""
    dockerfile = source.dockerfile
    if dockerfile is None:
        return []
    stage = dockerfile.stages[dockerfile.final]
    entries = [one for one in stage.env.get("PYTHONPATH", "").split(":") if one and "$" not in one]
    found = [posixpath.normpath(posixpath.join(stage.workdir, entry)) for entry in entries]
    found += [stage.workdir] if stage.workdir_line is not None or stage.workdir != "/" else []
    found += start_folders(dockerfile)
    placed = {
        placement.destination: placement.path
        for placement in source.placements
        if placement.stage == dockerfile.final
    }
    for named in started_modules(dockerfile):
        for file in _started_files(named.module, named.script, [*found, "/"]):
            if file in placed:
                found += _added_folders(os.path.join(source.root, placed[file]), file, stage.workdir)
    return found


def _started_files(module: str, script: str, roots: Collection[str]) -> Iterator[str]:
    """The files of the image that a start command may run."""
    if script:
        yield script
        return
    for root in roots:
        stem = posixpath.join(root, module.replace(".", "/"))
        yield from (f"{stem}.py", f"{stem}/__init__.py", f"{stem}/__main__.py")


def _added_folders(path: str, destination: str, directory: str) -> list[str]:
    """What the file at ``path`` adds to ``sys.path`` where it runs as ``destination`` of the image."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except OSError:
        return []
    first, last = path_changes_in(text, destination, directory, is_folder=lambda _: True)
    return [*first, *last]
