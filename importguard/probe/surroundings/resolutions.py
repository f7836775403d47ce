"""What the import path finds for a name, what it hides, and what lies beside it; nothing is imported."""

from __future__ import annotations

import os

from importguard.probe.files import printable_path
from importguard.probe.select.folder import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from importguard.probe.select.scene import Scene
    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.questions import Questions
    from importguard.probe.surroundings.values import ResolutionValues

MOST_SIBLINGS = 1000
_MOST_NAMES = 800
_MOST_HIDDEN = 20
_LONGEST_NAME = 100


class Match:
    """A file or folder that would be a name: ``kind`` as in ``clues.Resolution``, ``folder`` of a package."""

    def __init__(self, kind: str, path: str, folder: str | None = None) -> None:
        self.kind = kind
        self.path = path
        self.folder = folder

    @property
    def matching_path(self) -> str:
        """The file or folder that an import of the name finds."""
        return self.folder or self.path


class Resolver:
    """Resolves dotted names on one import path; each name once."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.suffixes = scene.finder.selection.suffixes
        self.known: dict[str, tuple[list[Match], list[str]]] = {}

    def list_folder(self, path: str) -> Folder:
        """The listing of a folder."""
        return self.scene.finder.selection.list_folder(path)

    def find_matches(self, name: str) -> tuple[list[Match], list[str]]:
        """All matches of a name, the winner (several of a namespace) first; and the folders searched."""
        if name not in self.known:
            self.known[name] = self._find(name)
        return self.known[name]

    def kind_of_match(self, name: str) -> str:
        """As ``clues.Resolution.kind``."""
        if "." not in name and name in self.scene.python.builtin:
            return "frozen" if self._standard(name) else "builtin"
        matches = self.find_matches(name)[0]
        return matches[0].kind if matches else "absent"

    def path_of_name(self, name: str) -> str | None:
        """As ``clues.Resolution.path``, as a file system string."""
        if "." not in name and name in self.scene.python.builtin:
            standard = self._standard(name)
            return standard.path if standard else None
        matches = self.find_matches(name)[0]
        return matches[0].path if matches else None

    def _standard(self, name: str) -> Match | None:
        for entry in self.scene.sys_path:
            if self.scene.python.is_standard(entry):
                for match in self._in_folder(name, entry):
                    return match
        return None

    def _find(self, name: str) -> tuple[list[Match], list[str]]:
        parent, _, last = name.rpartition(".")
        folders = self.submodule_folders(parent) if parent else self.scene.sys_path
        matches = [match for folder in folders for match in self._in_folder(last, folder)]
        if not parent and not matches and last in self.scene.finder.mapping:
            matches = self._mapped(self.scene.finder.mapping[last])
        return _ordered(matches), folders

    def submodule_folders(self, name: str) -> list[str]:
        """The folders in which the submodules of a name are looked for."""
        matches = self.find_matches(name)[0]
        if not matches or matches[0].folder is None:
            return []
        if matches[0].kind == "package":
            return [matches[0].folder]
        return [match.folder for match in matches if match.kind == "namespace" and match.folder]

    def _in_folder(self, last: str, path: str) -> list[Match]:
        folder = self.list_folder(path)
        matches = []
        is_folder = last in folder.folders
        init = folder.package_init_file(last, self.suffixes) if is_folder else None
        if init:
            matches.append(Match("package", init, folder.path_of_entry(last)))
        if last in folder.modules:
            file = folder.path_of_entry(folder.modules[last])
            matches.append(Match("extension" if file.endswith(".so") else "module", file))
        if is_folder and not init:
            matches.append(Match("namespace", folder.path_of_entry(last), folder.path_of_entry(last)))
        return matches

    def _mapped(self, path: str) -> list[Match]:
        init = path + "/__init__.py"
        if os.path.isfile(init):
            return [Match("package", init, path)]
        if os.path.isdir(path):
            return [Match("namespace", path, path)]
        file = path if os.path.isfile(path) else path + ".py"
        return [Match("module", file)] if os.path.isfile(file) else []

    def hidden_matches(self, name: str) -> list[str]:
        """What goes by the same name and is not imported."""
        matches = self.find_matches(name)[0]
        winner = self.path_of_name(name)
        if matches and matches[0].kind == "namespace" and self.kind_of_match(name) == "namespace":
            return []
        return [match.matching_path for match in matches if match.path != winner][:_MOST_HIDDEN]

    def sibling_names(self, name: str) -> list[str]:
        """The importable names beside a name."""
        parent = name.rpartition(".")[0]
        names: set[str] = set()
        for path in self.submodule_folders(parent) if parent else self.scene.own_roots():
            folder = self.list_folder(path)
            names.update(folder.modules, folder.folders)
        plain = [name for name in names - {"__init__", "__pycache__"} if len(name) <= _LONGEST_NAME]
        return sorted(plain)[:MOST_SIBLINGS]


def _ordered(matches: list[Match]) -> list[Match]:
    """Portions of a namespace count only where nothing else is found (PEP 420)."""
    return [m for m in matches if m.kind != "namespace"] + [m for m in matches if m.kind == "namespace"]


def _asked(resolver: Resolver, questions: Questions) -> Iterable[str]:
    """The names in question with the packages above them, and the application's names that have a rival."""
    names = [*questions.missing, *(module for module, _ in questions.names)]
    names += ["%s.%s" % pair for pair in questions.names]
    seen: set[str] = set()
    for name in names:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            seen.add(".".join(parts[:count]))
    for root in resolver.scene.own_roots():
        folder = resolver.list_folder(root)
        for name in {*folder.modules, *folder.folders} - seen:
            if resolver.hidden_matches(name):
                seen.add(name)
    return sorted(seen)


def resolve_questions(resolver: Resolver, questions: Questions, budget: Budget) -> list[ResolutionValues]:
    """``clues.Resolution`` of each name in question."""
    found: list[ResolutionValues] = []
    for name in _asked(resolver, questions):
        if budget.is_spent("how names resolve"):
            break
        if len(found) >= _MOST_NAMES:
            budget.note_once("only the first %d names were resolved" % _MOST_NAMES)
            break
        path = resolver.path_of_name(name)
        found.append(
            {
                "name": name,
                "kind": resolver.kind_of_match(name),
                "path": path and printable_path(path),
                "hidden": [printable_path(item) for item in resolver.hidden_matches(name)],
                "siblings": [printable_path(item) for item in resolver.sibling_names(name)],
            }
        )
    return found
