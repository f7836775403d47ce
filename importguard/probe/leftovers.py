"""Files that the imports left behind, which may let another module pass that fails alone, or fail it."""

from __future__ import annotations

import os

from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/run", "/var/log")
MOST_ENTRIES = 5000  # that are looked at in one folder
MOST_LEFT = 50
SHORTEST_NAME = 3
_IGNORED = frozenset(["__pycache__", ".git", "node_modules", "site-packages", "proc", "sys", "dev"])


class Leftovers:
    """What is new in the folders that imports write to: temporary ones, the working directory, the home."""

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        folders = [*FOLDERS, directory, environ.get("HOME", "")]
        self.folders = [folder for folder in dict.fromkeys(folders) if folder.startswith("/")]
        self.home = os.path.normpath(environ.get("HOME") or "/")
        self.before = self.list_entries()

    def list_entries(self) -> set[str]:
        """The paths in the folders and in their subfolders."""
        found: set[str] = set()
        for folder in self.folders:
            count = 0
            for path in _two_levels(folder):
                found.add(path)
                count += 1
                if count >= MOST_ENTRIES:
                    break
        return found

    def modules_naming_new_files(self, files: Mapping[str, str | None]) -> list[str]:
        """The modules of ``files`` (name → path) that name something which is new, in any string.

        What is called like the application, as half of its strings are, counts by what it is named with: in a
        new folder by that one (``~/.config/mlflow``), in the home by what is new in it (``~/airflow/logs``).
        """
        new = self.list_entries() - self.before
        own = {name.partition(".")[0] for name in files}
        filled = {path for path in map(os.path.dirname, new) if os.path.dirname(path) == self.home}
        paths = [
            path
            for path in sorted(new)[:MOST_LEFT]
            if _base(path) not in own or not (os.path.dirname(path) in new or path in filled)
        ]
        names = {name for name in map(_base, paths) if len(name) >= SHORTEST_NAME}
        if not names:
            return []
        import re  # A check that leaves no files does not pay for it.

        pattern = re.compile("[\"'/](?:%s)[\"'/]" % "|".join(re.escape(name) for name in sorted(names)))
        return [name for name, path in files.items() if pattern.search((path and read_text(path)) or "")]


_base = os.path.basename


def _two_levels(folder: str) -> Iterator[str]:
    for path, is_folder in _scan(folder):
        yield path
        if is_folder and folder != "/":
            for inner, _ in _scan(path):
                yield inner


def _scan(folder: str) -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name not in _IGNORED:
                    yield entry.path, entry.is_dir(follow_symlinks=False)
    except OSError:
        return
