"""Where else in the image a missing module lies: one bounded walk over the file system, which opens no file.

The walk also finds the folders of installed packages that are not on the import path, and so the other
Pythons.
"""

from __future__ import annotations

import os
from collections import deque

from importguard.probe.code.sites import read_sites
from importguard.probe.files import printable_path
from importguard.probe.select.installed import SITES, is_site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.values import CandidateValues

MOST_FOLDERS = 50000
_MOST_FOUND = 20
_LONGEST_LISTING = 20000
_NEVER = frozenset(["__pycache__", "node_modules", ".git", ".hg", ".svn", ".cache", "lost+found"])
_SYSTEM = frozenset(
    (
        "/proc /sys /dev /boot /etc /run /usr/share /usr/include /usr/games /var/cache /var/lib/apt "
        "/var/lib/dpkg"
    ).split()
)
_LIBRARIES = frozenset(
    "/lib /lib64 /lib32 /usr/lib /usr/lib64 /usr/lib32 /usr/libexec /usr/local/lib /usr/local/lib64".split()
)
"""Folders of the system's own files (FHS 3.0); of those with libraries, only Python's are looked into."""


def lacks_what_is_below(candidate: CandidateValues, asked_at: Mapping[str, tuple[str, int]]) -> bool:
    """Whether it is a folder of another package of that name: it lacks what the failed statement imports.

    ``from azure.storage.blob import …`` in ``shop/backends/azure/store.py`` does not mean that folder.
    ``asked_at``: missing module → (path, line) of the statement.
    """
    path, line = asked_at.get(candidate["module"], ("", 0))
    start = candidate["module"] + "."
    below = [
        target[len(start) :]
        for target, _, at, _ in read_sites("", path)
        if at == line and target.startswith(start)
    ]
    try:
        held = {name.split(".", 1)[0] for name in os.listdir(candidate["path"])} if below else set()
    except OSError:  # a file, or one that may not be read
        return False
    return bool(below) and below[0].partition(".")[0] not in held


class Walk:
    """Looks for ``missing`` modules, given by dotted names. ``candidates`` and ``sites`` are the result."""

    def __init__(self, missing: list[str], suffixes: list[str], budget: Budget) -> None:
        self.budget = budget
        self.endings = (*suffixes, ".py", ".pyc")
        self.candidates: list[CandidateValues] = []
        self.sites: list[str] = []
        self._entered: set[str] = set()
        self._count: dict[str, int] = {}
        self._seen: set[tuple[str, str]] = set()
        self._listings: dict[str, dict[str, list[str]]] = {}
        self._wanted: dict[str, list[list[str]]] = {}
        for name in missing:
            parts = name.split(".")
            self._wanted.setdefault(parts[-1].lower(), []).append(parts)

    def walk_folders(self, tops: list[str]) -> None:
        """Walk everything below ``tops``, one after the other, the nearest first."""
        for top in tops:
            self._below(top)

    def _below(self, top: str) -> None:
        waiting = deque([top])
        count = len(self._entered)
        while waiting:
            count += 1
            if count > MOST_FOLDERS:
                self.budget.note_once("only %d folders were searched for missing modules" % MOST_FOLDERS)
                return
            if count % 100 == 0 and self.budget.is_spent("the image's folders"):
                return
            folder = waiting.popleft()
            if folder not in self._entered:
                self._entered.add(folder)
                waiting.extend(self._look(folder))

    def _look(self, folder: str) -> list[str]:
        """Look at one folder's names; gives the folders to look into next."""
        below = []
        prefix = folder.rstrip("/") + "/"
        try:
            with os.scandir(folder) as entries:
                for index, entry in enumerate(entries):
                    if index >= _LONGEST_LISTING:
                        break
                    is_folder = entry.is_dir(follow_symlinks=False)
                    self._compare(prefix, entry.name, is_folder)
                    if is_folder and self._enters(prefix, entry.name):
                        below.append(prefix + entry.name)
        except (OSError, ValueError):
            pass
        return sorted(below)

    def _enters(self, prefix: str, name: str) -> bool:
        path = prefix + name
        if name in SITES:
            self.sites.append(path)
            return False
        if name in _NEVER or path in _SYSTEM:
            return False
        if prefix[:-1] in _LIBRARIES:
            return name.startswith(("python", "pypy"))
        above = prefix[:-1].rpartition("/")[2]
        return not (above.startswith(("python", "pypy")) and os.path.isfile(prefix + "os.py"))

    def _compare(self, prefix: str, name: str, is_folder: bool) -> None:
        stem = name if is_folder else self._stem(name)
        wanted = self._wanted.get(stem.lower()) if stem else None
        for parts in wanted or ():
            folders = prefix[:-1].split("/")
            depth = len(parts) - 1
            above = folders[len(folders) - depth :] if depth else []
            if len(folders) <= depth or [folder.lower() for folder in above] != [
                p.lower() for p in parts[:-1]
            ]:
                continue
            exact = [*above, stem] == parts
            root = "/".join(folders[: len(folders) - depth]) or "/"
            self.add_candidate(parts, prefix + name, root, exact, is_folder)

    def _stem(self, name: str) -> str:
        ending = next((ending for ending in self.endings if name.endswith(ending)), "")
        return name[: -len(ending)] if ending else ""

    def add_candidate(self, parts: list[str], path: str, root: str, exact: bool, is_folder: bool) -> None:
        """Note one candidate, if a folder holds any Python; a FIFO of that name is no module."""
        module = ".".join(parts)
        if (module, path) in self._seen or self._count.get(module, 0) >= _MOST_FOUND:
            return
        if not (self._holds_python(path) if is_folder else os.path.isfile(path) or os.path.islink(path)):
            return
        self._seen.add((module, path))
        self._count[module] = self._count.get(module, 0) + 1
        site = is_site(root)
        self.candidates.append(
            {
                "module": module,
                "path": printable_path(path),
                "root": printable_path(root),
                "site": site,
                "interpreter": None,
                "exact": exact,
                "broken_link": None,
            }
        )

    def _holds_python(self, path: str) -> bool:
        try:
            with os.scandir(path) as entries:
                for index, entry in enumerate(entries):
                    if entry.name.endswith(self.endings):
                        return True
                    if index >= _LONGEST_LISTING:
                        return False
        except (OSError, ValueError):
            pass
        return False

    def search_folder(self, root: str) -> None:
        """Look for the missing modules below one folder as an import would, in any case of letters."""
        for parts in [parts for group in self._wanted.values() for parts in group]:
            folders = [(root, True)]
            for part in parts[:-1]:
                folders = [
                    ("%s/%s" % (folder, name), exact and name == part)
                    for folder, exact in folders
                    for name in self._named(folder, part)
                    if os.path.isdir("%s/%s" % (folder, name))
                ]
            for folder, exact in folders:
                self._last(root, folder, parts, exact)

    def _last(self, root: str, folder: str, parts: list[str], exact: bool) -> None:
        for name in self._named(folder, parts[-1]):
            path = "%s/%s" % (folder, name)
            is_folder = os.path.isdir(path)
            stem = name if is_folder else self._stem(name)
            if stem.lower() == parts[-1].lower():
                self.add_candidate(parts, path, root, exact and stem == parts[-1], is_folder)

    def _named(self, folder: str, part: str) -> list[str]:
        """The names of a folder that begin with ``part`` in any case, up to their first dot."""
        index = self._listings.get(folder)
        if index is None:
            index = self._listings[folder] = {}
            try:
                for name in sorted(os.listdir(folder))[:_LONGEST_LISTING]:
                    index.setdefault(name.split(".", 1)[0].lower(), []).append(name)
            except (OSError, ValueError):
                pass
        return index.get(part.lower(), [])[:10]
