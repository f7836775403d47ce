"""Look-ups over the source: which file is which module, and where the build puts it."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Optional

from importguard.diagnosis.source_module import SourceModule
from importguard.evidence.inspection import Evidence
from importguard.evidence.surroundings import Clues, ImageFile
from importguard.source.dockerfile.copies import copy_takes, feeding_stages, moved_folder, nearest_copy
from importguard.source.dockerfile_model import Copy
from importguard.source.model import Ignored, Placement, Source, SourceFile
from importguard.source.modules.test_files import files_of_tests

EXTENSIONS = (".so", ".pyd")
# Folders whose top-level modules are seldom what an application imports under their bare name.
_ASIDE = frozenset({"test", "tests", "doc", "docs", "example", "examples", "sample", "samples", "fixtures"})


class SourceIndex:
    """Look-ups over one Source. ``clues`` and ``evidence`` tell which files the image holds."""

    def __init__(self, source: Source, evidence: Evidence, clues: Clues) -> None:
        self.source = source
        self._evidence = evidence
        self._clues = clues

    @cached_property
    def files(self) -> dict[str, SourceFile]:
        """Path → file, all that are on the disk."""
        return {file.path: file for file in self.source.files}

    @cached_property
    def test_files(self) -> frozenset[str]:
        """Those of ``files`` that belong to tests."""
        return files_of_tests(self.files)

    @cached_property
    def ignored_files(self) -> dict[str, Ignored]:
        """Path → what leaves the file out of the context."""
        return {one.path: one for one in self.source.ignored}

    @cached_property
    def image_files(self) -> dict[str, ImageFile]:
        """Path → file, those of the image's application."""
        return {file.path: file for file in self._clues.files}

    @cached_property
    def placements(self) -> dict[str, list[Placement]]:
        """Path → where the build puts it, in every stage."""
        found: dict[str, list[Placement]] = {}
        for placement in self.source.placements:
            found.setdefault(placement.path, []).append(placement)
        return found

    @cached_property
    def _origins(self) -> dict[str, Placement]:
        dockerfile = self.source.dockerfile
        if dockerfile is None:
            return {}
        return {one.destination: one for one in self.source.placements if one.stage == dockerfile.final}

    def final_placement(self, path: str) -> Optional[Placement]:
        """The file's path in the final stage; None where it does not get there."""
        final = self.source.dockerfile.final if self.source.dockerfile else -1
        return next((one for one in reversed(self.placements.get(path, ())) if one.stage == final), None)

    def origin_in_source(self, image_path: str) -> Optional[Placement]:
        """The file of the source that the build puts at this path of the image."""
        return self._origins.get(image_path)

    @cached_property
    def source_roots(self) -> tuple[str, ...]:
        """The folders of the source that the image's import roots come from, the likeliest first."""
        votes: Counter[str] = Counter()
        for item in self._evidence.modules:
            if item.selected and item.path:
                votes.update(self._root_votes(item.name, item.path))
        known = [root for root, _ in votes.most_common()]
        context = "" if self.source.context in (".", "") else self.source.context
        usual = [context, posixpath.join(context, "src") if context else "src"]
        return tuple(dict.fromkeys([*known, *usual]))

    def _root_votes(self, name: str, path: str) -> Iterable[str]:
        tail = _tail(name, path)
        if tail is None:
            return
        origin = self.origin_in_source(path)
        for candidate in self._by_end.get(tail.rsplit("/", 1)[-1], ()) if origin is None else [origin.path]:
            if _ends(candidate, tail):
                yield _head(candidate, tail)

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(path.rsplit("/", 1)[-1], []).append(path)
        return found

    @cached_property
    def _folders(self) -> dict[str, str]:
        """Folder → its first file, at any depth."""
        found: dict[str, str] = {}
        for path in sorted(self.files):
            folder = posixpath.dirname(path)
            while folder and folder not in found:
                found[folder] = path
                folder = posixpath.dirname(folder)
        return found

    @cached_property
    def names_by_folder(self) -> dict[str, set[str]]:
        """Folder → the names of the modules and folders right in it."""
        found: dict[str, set[str]] = {}
        for path in (*self.files, *self._folders):
            folder, name = posixpath.split(path)
            if path in self._folders or name.endswith(".py"):
                found.setdefault(folder, set()).add(name[:-3] if name.endswith(".py") else name)
        return found

    @cached_property
    def _extensions(self) -> dict[str, str]:
        """Path without any ending → path, of compiled modules."""
        return {
            posixpath.join(posixpath.dirname(path), posixpath.basename(path).split(".", 1)[0]): path
            for path in self.files
            if path.endswith(EXTENSIONS)
        }

    @cached_property
    def _lower(self) -> dict[str, str]:
        """Lower case → the name as written, of files without their ending and of folders."""
        names = [*self._folders, *(path[:-3] for path in self.files if path.endswith(".py"))]
        return {name.lower(): name for name in names}

    def find_module(self, module: str) -> Optional[SourceModule]:
        """The module in the source: below a known root; a dotted name also by where COPY would put it; that
        or a package of any name also elsewhere."""
        if not module:
            return None
        return self._below_roots(module) or self._by_destination(module) or self._anywhere(module)

    def find_beside(self, module: str, importer: str) -> Optional[SourceModule]:
        """The module in a folder that holds the importing file ``importer`` (a path of the source).

        ``import routes`` in ``backend/main.py`` means ``backend/routes/``, with or without ``__init__.py``.
        A file of the image that the source has not, such as an installed one, has an absolute path. A file
        that is called like what it imports (``vendored/matplotlib.py``) is not what it means.
        """
        folder = "" if importer.startswith("/") else posixpath.dirname(importer)
        while folder:
            found = self._at(posixpath.join(folder, module.replace(".", "/")), module, folder)
            if found is not None and found.path != importer:
                return found
            folder = posixpath.dirname(folder)
        return None

    def find_other_case(self, module: str) -> Optional[SourceModule]:
        """A module whose name differs in case only."""
        for root in self.source_roots:
            stem = posixpath.join(root, module.replace(".", "/"))
            written = self._lower.get(stem.lower())
            if written is not None and written != stem:
                found = self._at(written, module, root)
                if found is not None:
                    return SourceModule(module, found.path, root, found.folder, exact=False)
        return None

    def _below_roots(self, module: str) -> Optional[SourceModule]:
        relative = module.replace(".", "/")
        for root in self.source_roots:
            found = self._at(posixpath.join(root, relative), module, root)
            if found is not None:
                return found
        return None

    def _by_destination(self, module: str) -> Optional[SourceModule]:
        """What would be the module if COPY brought it to where its neighbours are: ``core/`` of the source is
        ``backend.core`` where ``api/`` becomes /backend/api and / is on the import path."""
        if "." not in module:
            return None
        for import_root in self._evidence.import_path:
            wanted = posixpath.join(import_root, module.replace(".", "/"))
            for folder, there in self._moved_folders:
                start = there.rstrip("/") + "/"
                if wanted.startswith(start):
                    found = self._at(posixpath.join(folder, wanted[len(start) :]), module, folder)
                    if found is not None:
                        return replace(found, image_root=there)
        return None

    @cached_property
    def _moved_folders(self) -> tuple[tuple[str, str], ...]:
        """The folders of the source that become folders of the image, each with that."""
        moved = (moved_folder(one.path, one.destination) for one in self._origins.values())
        return tuple(dict.fromkeys(moved))

    def _at(self, stem: str, module: str, root: str) -> Optional[SourceModule]:
        if f"{stem}/__init__.py" in self.files:
            return SourceModule(module, f"{stem}/__init__.py", root, stem)
        path = f"{stem}.py" if f"{stem}.py" in self.files else self._extensions.get(stem)
        if path is not None:
            return SourceModule(module, path, root)
        if stem in self._folders:
            return SourceModule(module, self._folders[stem], root, stem)
        return None

    def _anywhere(self, module: str) -> Optional[SourceModule]:
        """Outside the known roots. A bare file of a common name proves nothing; a package does, or a path of
        several parts. What lies in a package has that package's name in front: auth_service/test_framework
        is no test_framework."""
        relative = module.replace(".", "/")
        tails = [f"{relative}/__init__.py"] + ([f"{relative}.py"] if "." in module else [])
        for tail in tails:
            matching = [path for path in self._by_end.get(tail.rsplit("/", 1)[-1], ()) if _ends(path, tail)]
            for path in sorted(matching, key=lambda path: (path.count("/"), path)):
                root = _head(path, tail)
                if _ASIDE.isdisjoint(root.split("/")) and not self.is_package(root):
                    return self._at(posixpath.join(root, relative), module, root)
        return None

    def is_package(self, folder: str) -> bool:
        """Whether a folder of the source has an ``__init__.py``."""
        return f"{folder}/__init__.py" in self.files

    def image_root(self, root: str) -> Optional[str]:
        """The folder of the image that a root of the source becomes, by the files that are in both."""
        votes: Counter[str] = Counter()
        for destination, placement in self._origins.items():
            if placement.path.startswith(f"{root}/" if root else ""):
                tail = placement.path[len(root) + 1 :] if root else placement.path
                if _ends(destination, tail):
                    votes[_head(destination, tail) or "/"] += 1
        return votes.most_common(1)[0][0] if votes else None

    @cached_property
    def differing_files(self) -> tuple[str, ...]:
        """The files that the build copies whose contents in the image are others than in the source."""
        found = []
        for destination, placement in self._origins.items():
            here, there = self.files.get(placement.path), self.image_files.get(destination)
            known = here and there and here.text_digest and there.text_digest
            if here and there and known and here.text_digest != there.text_digest:
                found.append(placement.path)
        return tuple(sorted(found))

    @cached_property
    def same_file_count(self) -> int:
        """Count the copied files whose contents are the same in the image."""
        compared = [
            (self.files.get(placement.path), self.image_files.get(destination))
            for destination, placement in self._origins.items()
        ]
        return sum(1 for here, there in compared if here and there and here.text_digest == there.text_digest)

    def nearest_copy(
        self, path: str, above: Optional[int] = None, importer: Optional[str] = None
    ) -> Optional[Copy]:
        """The COPY that takes what lies nearest to ``path`` from the context, else the last COPY.

        ``above`` is a line that it has to stand above, if there is one that does; ``importer`` a file of the
        source that needs ``path``.
        """
        dockerfile = self.source.dockerfile
        if dockerfile is None:
            return None
        lineage = dockerfile.lineage()
        any_copy = [copy for copy in dockerfile.copies if copy.stage in lineage]
        beside = self.in_context(importer) if importer else None
        return nearest_copy(dockerfile, self.in_context(path), above, beside) or max(
            any_copy, key=lambda copy: copy.line, default=None
        )

    def in_context(self, path: str) -> str:
        """``path`` as the Dockerfile's COPY names it: relative to the build context."""
        context = self.source.context
        return path if context in (".", "") else posixpath.relpath(path, context)

    def is_covered_by_copy(self, path: str) -> bool:
        """Whether a COPY into a stage that feeds the final one would take it, if the context had it."""
        dockerfile = self.source.dockerfile
        if dockerfile is None:
            return True
        feeding = feeding_stages(dockerfile)
        relative = self.in_context(path)
        return any(copy_takes(copy, relative) for copy in dockerfile.copies if copy.stage in feeding)


def _tail(name: str, path: str) -> Optional[str]:
    """``a/b.py`` or ``a/b/__init__.py``: the end of ``path`` that the module's name makes."""
    relative = name.replace(".", "/")
    tails = (f"{relative}/__init__.py", f"{relative}.py")
    return next((tail for tail in tails if _ends(path, tail)), None)


def _ends(path: str, tail: str) -> bool:
    return path == tail or path.endswith("/" + tail)


def _head(path: str, tail: str) -> str:
    return path[: -len(tail)].rstrip("/")
