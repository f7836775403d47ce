"""What lies in the image around what failed: gathered after the verdicts, bounded in time, importing nothing.

The result goes to the host piece by piece, as (kind, values): ``kind`` is a field of
``importguard.evidence.surroundings.Clues``, each value one item of it, with the fields of its class there.
"""

from __future__ import annotations

import os
import stat

from importguard.probe.files import printable_path, read_bytes
from importguard.probe.surroundings.budget import Budget
from importguard.probe.surroundings.candidates import Walk, lacks_what_is_below
from importguard.probe.surroundings.damage import broken_files, unreadable_files
from importguard.probe.surroundings.extensions import failing_extensions
from importguard.probe.surroundings.libraries import Loader
from importguard.probe.surroundings.mentions import find_mentions
from importguard.probe.surroundings.metadata import installed_in
from importguard.probe.surroundings.names import module_names
from importguard.probe.surroundings.newer import newer_syntax
from importguard.probe.surroundings.pythons import broken_link_of, other_pythons, owner_of
from importguard.probe.surroundings.resolutions import Resolver, resolve_questions
from importguard.probe.surroundings.system import ask_interpreter, describe_system, marker_environment
from importguard.probe.surroundings.unimported_scripts import unimported_scripts
from importguard.probe.surroundings.unloaded import find_unloaded_extensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Callable

    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.questions import Questions
    from importguard.probe.surroundings.values import (
        DistributionValues,
        ImageFileValues,
        OtherInterpreterValues,
        Values,
    )

    Piece = tuple[str, Sequence[Values]]

SECONDS = 5.0
"""Processor time that all of it may take; what remains of the run's own time may be less."""

BATCH = 100
"""Values in one piece: a piece is one frame, and what else is printed may tear one."""

MOST_FILES = 30000
LARGEST_FILE = 8 << 20
_STEP_SECONDS = 2.0
_NOT_WALKED = ("node_modules", "__pycache__", "site-packages", "dist-packages")


class Gathering:
    """One gathering: what its steps share."""

    def __init__(self, scene: Scene, questions: Questions, budget: Budget) -> None:
        self.scene = scene
        self.questions = questions
        self.budget = budget
        self.resolver = Resolver(scene)
        self.loader = Loader(scene.python.executable, scene.environ, scene.directory)

    # What is told of every image

    def gather_system(self) -> Iterator[Piece]:
        """The system, the environment of markers, the standard library's names, the import path."""
        answer = ask_interpreter(self.scene)
        yield "system", [describe_system(answer, self.loader)]
        yield "markers", [marker_environment(answer)]
        yield "stdlib", [printable_path(name) for name in answer.get("stdlib", [])[:2000]]
        yield "sys_path", [printable_path(entry) for entry in self.scene.sys_path]

    def gather_distributions(self) -> Iterator[Piece]:
        """What is installed on the import path."""
        for entry in self.scene.sys_path:
            if not self.scene.python.is_standard(entry):
                yield (
                    "distributions",
                    installed_in(entry, self.resolver.list_folder(entry).names, self.budget),
                )

    def gather_files(self) -> Iterator[Piece]:
        """The application's files: those of its modules, and the others in its own import roots."""
        found: list[ImageFileValues | None] = []
        known = set(self.scene.modules.values())
        for path in sorted(known.union(python_files(self.scene.own_roots()))):
            if self.budget.is_spent("the application's files"):
                break
            if len(found) >= MOST_FILES:
                self.budget.note_once("only the first %d files of the application were read" % MOST_FILES)
                break
            found.append(image_file(path))
        yield "files", [one for one in found if one is not None]

    # What is told of failures

    def gather_resolutions(self) -> Iterator[Piece]:
        """How the names in question resolve."""
        yield "resolutions", resolve_questions(self.resolver, self.questions, self.budget)

    def gather_names(self) -> Iterator[Piece]:
        """The names of the modules that lack one."""
        yield "names", module_names(self.scene, self.resolver, self.questions, self.budget)

    def gather_extensions(self) -> Iterator[Piece]:
        """The compiled modules that do not load."""
        yield (
            "extensions",
            failing_extensions(self.scene, self.resolver, self.questions, self.loader, self.budget),
        )

    def gather_unloaded(self) -> Iterator[Piece]:
        """The installed extension modules that lack a library."""
        yield "unloaded", find_unloaded_extensions(self.scene, self.loader, self.budget)

    def gather_damage(self) -> Iterator[Piece]:
        """Broken files, and those that may not be read."""
        asked = [*self.questions.missing, *(module for module, _ in self.questions.names)]
        resolved = [path for path in map(self.resolver.path_of_name, asked) if path]
        suspects = [*self.questions.files, *self.questions.libraries, *resolved]
        yield "broken", broken_files(suspects, self.budget)
        places = [*suspects, *self._places(asked)]
        yield "unreadable", unreadable_files(places, self.scene.import_path, self.budget)

    def _places(self, names: list[str]) -> list[str]:
        """Where the missing modules' topmost absent parts would be, on the import path."""
        found = list(self.scene.sys_path)
        for name in names[:200]:
            parts = name.split(".")
            for entry in self.scene.sys_path:
                for count in range(1, len(parts) + 1):
                    place = "%s/%s" % (entry, "/".join(parts[:count]))
                    found += [place, place + ".py"]
        return [path for path in dict.fromkeys(found) if os.path.lexists(path)]

    def gather_newer_syntax(self) -> Iterator[Piece]:
        """Syntax that only a newer Python knows."""
        yield "newer", newer_syntax(self.questions.refused_source)

    def gather_mentions(self) -> Iterator[Piece]:
        """The strings that name a module which was imported by its name."""
        paths = set(self.scene.modules.values())
        yield "mentions", find_mentions(self.questions.named, paths, self.budget)

    def gather_scripts(self) -> Iterator[Piece]:
        """The files that are run and never imported."""
        yield "scripts", unimported_scripts(self.scene.modules, self.budget)

    def gather_candidates(self) -> Iterator[Piece]:
        """Where missing modules lie elsewhere, and the other Pythons with what is installed for them."""
        missing = [name for name in self.questions.missing if self.resolver.kind_of_match(name) == "absent"]
        if not missing:
            return
        scene = self.scene
        walk = Walk(missing, scene.python.suffixes, self.budget)
        walk.walk_folders([scene.directory, *scene.own_roots(), "/"])
        for site in dict.fromkeys([*scene.sys_path, *walk.sites]):
            if scene.is_third_party(site) and not self.budget.is_spent("packages of other Pythons"):
                walk.search_folder(site)
        asked_at = self.questions.asked_at
        candidates = [
            candidate for candidate in walk.candidates if not lacks_what_is_below(candidate, asked_at)
        ]
        for candidate in candidates:
            if candidate["site"]:
                owner = owner_of(candidate["root"])
                candidate["interpreter"] = owner and printable_path(owner)
                link = None if owner else broken_link_of(candidate["root"])
                candidate["broken_link"] = link and [printable_path(path) for path in link]
        yield "candidates", candidates
        for python in other_pythons(walk.sites, scene.sys_path, scene.python.executable, scene.environ):
            installed: list[DistributionValues] = []
            for site in python.sites:
                installed += installed_in(site, self.resolver.list_folder(site).names, self.budget)
            told: OtherInterpreterValues = {
                "executable": printable_path(python.executable),
                "version": printable_path(python.version),
                "sites": [printable_path(site) for site in python.sites],
                "distributions": installed,
            }
            yield "interpreters", [told]


def python_files(roots: list[str]) -> Iterator[str]:
    """The Python files below ``roots``, whether or not an import could find them; never of the whole system.

    A file in a folder such as my-tool, or beside a package of its name, is in the image all the same.
    """
    for root in roots:
        if os.path.realpath(root) == "/":
            continue
        for folder, folders, names in os.walk(root):
            folders[:] = [
                name
                for name in folders
                if name[0] != "."
                and name not in _NOT_WALKED
                and not os.path.exists("%s/%s/pyvenv.cfg" % (folder, name))
            ]
            for name in names:
                if name.endswith(".py"):
                    yield "%s/%s" % (folder.rstrip("/"), name)


def image_file(path: str) -> ImageFileValues | None:
    """``clues.ImageFile`` of one path; None where there is nothing."""
    try:
        own = os.lstat(path)
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    data = read_bytes(path, LARGEST_FILE + 1) if status.st_size <= LARGEST_FILE else None
    whole = None if data is None or len(data) > LARGEST_FILE else data
    return {
        "path": printable_path(path),
        "kind": _kind(own.st_mode),
        "size": status.st_size,
        "text_digest": None if whole is None else digest_of(whole.replace(b"\r\n", b"\n")),
        "mode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "modified": status.st_mtime,
    }


def digest_of(data: bytes) -> str | None:
    """SHA-256 in hex; None under a Python that was built without it."""
    try:
        from hashlib import sha256
    except ImportError:
        return None
    return sha256(data).hexdigest()


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def gather_clues(
    scene: Scene, questions: Questions, failed: bool, seconds: float, files: bool = True
) -> Iterator[Piece]:
    """All pieces, in at most ``seconds``; where nothing ``failed``, only what is told of every image.

    Without ``files``, the application's own are left out: they are for comparing with a source.

    A step that breaks off costs its own piece, and is noted.
    """
    budget = Budget(min(SECONDS, seconds), seconds)
    gathering = Gathering(scene, questions, budget)
    steps: list[Callable[[], Iterator[Piece]]] = [gathering.gather_system]
    if failed:
        steps += [gathering.gather_resolutions, gathering.gather_extensions, gathering.gather_unloaded]
    steps += [gathering.gather_distributions, *([gathering.gather_files] if files else [])]
    if failed:  # those that compile sources come last: a hostile one may end this process
        steps += [
            gathering.gather_candidates,
            gathering.gather_damage,
            gathering.gather_scripts,
            gathering.gather_newer_syntax,
            gathering.gather_mentions,
            gathering.gather_names,
        ]
    for step in steps:
        gathering.budget = budget.share_of_budget(_STEP_SECONDS)
        try:
            for kind, values in step():
                for start in range(0, len(values), BATCH):
                    yield kind, values[start : start + BATCH]
        except Exception as error:
            budget.note_once("the %s could not be gathered: %r" % (step.__name__, error))
    if budget.notes:
        yield "notes", [printable_path(note)[:500] for note in budget.notes]
