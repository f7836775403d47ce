"""Which modules can be imported from a set of folders, told from the file system alone, as PathFinder would.

Order of what wins in one folder, and over several, is that of ``importlib.machinery.FileFinder`` and PEP 420:
a package before extension modules before ``.py`` before ``.pyc``; folders without ``__init__`` are portions
of a namespace package, used only where nothing else of that name is found anywhere.
"""

from __future__ import annotations

import keyword
import os

from importguard.probe.files import printable_path, read_text
from importguard.probe.select.tests_by_name import has_test_word, is_test_folder, names_a_test

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

TESTS = "tests"
RUNS = "runs when imported"
NO_NAME = "not a module name"
LIBRARY = "not an extension module"
EXCLUDED = "excluded"
NOT_ASKED = "not in the packages asked for"

_LARGEST_LIBRARY = 1 << 28
DIRECTORY_LIMIT = 200000
"""Folders that are looked into before giving up."""

_NEVER = frozenset(["__pycache__", "__pex__", "node_modules", "site-packages", "dist-packages"])
SYSTEM: dict[str, frozenset[str]] = {
    "/": frozenset(
        (
            "bin boot dev etc home lib lib32 lib64 libx32 lost+found media mnt nix opt proc root run "
            "sbin srv sys tmp usr var"
        ).split()
    ),
    "/usr": frozenset("bin games include lib lib32 lib64 libexec libx32 local sbin share src".split()),
    "/usr/local": frozenset("bin etc games include lib lib64 man sbin share src".split()),
}
"""The system's own folders, which a working directory ``/`` would make importable (FHS 3.0)."""


_SYSTEM_TREES = (
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/run",
    "/usr/lib",
    "/usr/share",
    "/usr/include",
    "/var/lib",
)


class TooMuch(Exception):
    """The folders hold more than can be looked at."""


class Folder:
    """What one folder offers to the import system; built from one listing."""

    def __init__(self, path: str, suffixes: list[str]) -> None:
        self.path = path
        self.folders: dict[str, bool] = {}
        self.modules: dict[str, str] = {}
        self.unnamed: list[tuple[str, bool]] = []
        self.names: set[str] = set()
        self.identity: tuple[int, int] | None = None
        self._list(suffixes)

    def _list(self, suffixes: list[str]) -> None:
        ranks: dict[str, int] = {}
        endings = [*suffixes, ".py", ".pyc"]
        try:
            self.identity = _identity(self.path)
            with os.scandir(self.path) as entries:
                for entry in entries:
                    self._entry(entry, endings, ranks)
        except (OSError, ValueError):
            return

    def _entry(self, entry: os.DirEntry[str], endings: list[str], ranks: dict[str, int]) -> None:
        name = entry.name
        self.names.add(name)
        stem, dot, _ = name.partition(".")
        try:
            if not dot and entry.is_dir():
                if is_name(name):
                    self.folders[name] = entry.is_symlink()
                else:
                    self.unnamed.append((name, True))
                return
            ending = next((item for item in endings if name.endswith(item)), "")
            if not ending:
                return
            stem = name[: -len(ending)]
            if not stem or not entry.is_file():
                return
        except OSError:
            return
        if not is_name(stem):
            if not _another_version(stem, ending):
                self.unnamed.append((name, False))
        elif endings.index(ending) < ranks.get(stem, len(endings)):
            ranks[stem] = endings.index(ending)
            self.modules[stem] = name

    def path_of_entry(self, name: str) -> str:
        """The path of an entry."""
        return "%s/%s" % (self.path.rstrip("/"), name)

    def package_init_file(self, name: str, suffixes: list[str]) -> str | None:
        """The ``__init__`` file of a sub-folder, where it is a regular package."""
        for ending in [*suffixes, ".py", ".pyc"]:
            path = "%s/__init__%s" % (self.path_of_entry(name), ending)
            if os.path.isfile(path):
                return path
        return None


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _leads_astray(link: str, seen: tuple[object, ...]) -> bool:
    """Whether a link leads back into a folder above it, or makes folders of the system look like packages."""
    if _identity(link) in seen:
        return True
    try:
        target = os.path.realpath(link)
    except OSError:
        return True
    parent, name = os.path.split(target)
    if target == "/" or name in SYSTEM.get(parent, ()):
        return True
    return any(target.startswith(tree + "/") for tree in _SYSTEM_TREES)


def _another_version(stem: str, ending: str) -> bool:
    """``x.cpython-39-x86_64-linux-gnu`` + ``.so``: an extension module of another interpreter."""
    return ending == ".so" and "." in stem


def is_name(text: str) -> bool:
    """Whether an import statement can write this name (identifiers are compared in NFKC form)."""
    if not text.isidentifier() or keyword.iskeyword(text):
        return False
    if text.isascii():
        return True
    import unicodedata

    try:
        return unicodedata.normalize("NFKC", text) == text
    except UnicodeError:
        return False


class Selection:
    """Collects the modules below packages and folders; ``modules`` and ``skipped`` are the result.

    ``boundaries`` are folders that are no portions of namespace packages, since they are on the import path
    themselves: their modules have another name there. ``has_migrations``: Django is set up, whose loader
    imports what lies in packages ``migrations`` by any name.
    """

    def __init__(self, suffixes: list[str], include_tests: bool, exclude: list[str]) -> None:
        self.suffixes = suffixes
        self.include_tests = include_tests
        self.exclude = exclude
        self.modules: dict[str, str | None] = {}
        self.skipped: dict[str, tuple[str, str]] = {}
        self.boundaries: frozenset[str] = frozenset()
        self.page_folders: frozenset[str] = frozenset()
        self.has_migrations = False
        self.directories = 0
        self._cache: dict[str, Folder] = {}

    def list_folder(self, path: str) -> Folder:
        """The listing of a folder, made once."""
        found = self._cache.get(path)
        if found is None:
            found = self._cache[path] = Folder(path, self.suffixes)
        return found

    def add_module(self, name: str, path: str, reason: str = "") -> None:
        """One module by its name and file; the first of a name stays, as in ``sys.path``."""
        if name in self.modules or name in self.skipped:
            return
        reason = reason or self._reason(name, path)
        if reason:
            self.skipped[name] = (path, reason)
        else:
            self.modules[name] = path

    def force_module(self, name: str, path: str | None) -> None:
        """A module that has to be imported, whatever its name looks like, and even if it is not there."""
        if self.skipped.get(name, ("", EXCLUDED))[1] != EXCLUDED:
            del self.skipped[name]
        if name not in self.skipped:
            self.modules[name] = path

    def narrow_to_packages(self, packages: list[str]) -> None:
        """Leave out what is in none of these packages: it is the application's all the same."""
        for name, path in list(self.modules.items()):
            if not any(name == package or name.startswith(package + ".") for package in packages):
                del self.modules[name]
                if path:
                    self.skipped[name] = (path, NOT_ASKED)

    def _reason(self, name: str, path: str) -> str:
        last = name.rpartition(".")[2]
        if last == "__main__":
            return RUNS
        if self.exclude and _matches(name, self.exclude):
            return EXCLUDED
        return TESTS if names_a_test(last) and not self.include_tests else ""

    def add_package(self, name: str, init: str) -> None:
        """A regular package and everything below it."""
        self.add_module(name, init)
        self.walk_package([(name, [os.path.dirname(init)], (), "")])

    def add_namespace(self, name: str, portions: list[str]) -> None:
        """Everything below the portions of a namespace package."""
        self.walk_package([(name, portions, (), "")])

    def walk_package(self, pending: list[tuple[str, list[str], tuple[object, ...], str]]) -> None:
        """Everything below (name, folders, identities of the folders above, reason to skip)."""
        while pending:
            name, paths, seen, reason = pending.pop()
            opened = []
            for path in paths:
                folder = self.list_folder(path)
                if folder.identity is None or is_environment(folder):
                    continue
                self.directories += 1
                if self.directories > DIRECTORY_LIMIT:
                    raise TooMuch(
                        "more than %d folders below %s" % (DIRECTORY_LIMIT, printable_path(paths[0]))
                    )
                opened.append(folder)
            if opened:
                pending.extend(self.add_folder_contents(name, opened, seen, reason))
                for path in paths:
                    self._cache.pop(path, None)

    def add_folder_contents(
        self,
        parent: str,
        opened: list[Folder],
        seen: tuple[object, ...] = (),
        reason: str = "",
        allowed: Callable[[Folder, str], bool] | None = None,
    ) -> list[tuple[str, list[str], tuple[object, ...], str]]:
        """Add what these folders hold; names of the first folder come before those of the next.

        ``seen`` are the identities of the folders above, into which no link may lead back; ``allowed`` says
        of a folder's name whether it is to be taken. Returns what has to be walked next.
        """
        prefix = parent + "." if parent else ""
        taken: set[str] = set()
        portions: dict[str, list[str]] = {}
        extended: dict[str, list[str]] = {}
        below = []
        seen = seen + tuple(folder.identity for folder in opened)
        for folder in opened:
            for child, path in self._inside(folder, taken.difference(extended), seen, allowed):
                if child in extended:
                    extended[child].append(path)
                    continue
                init = self._package(folder, child)
                why = reason or self._folder_reason(child, [path])
                if init:
                    taken.add(child)
                    self.add_module(prefix + child, init, why)
                    paths = [path]
                    below.append((prefix + child, paths, seen, why))
                    if len(opened) > 1 and extends_path(init):
                        extended[child] = paths
                elif child not in folder.modules and path not in self.boundaries:
                    portions.setdefault(child, []).append(path)
            taken.update(self._add_modules_of(folder, prefix, taken, reason, allowed))
        for child in sorted(portions.keys() - taken):
            why = reason or self._folder_reason(child, portions[child])
            below.append((prefix + child, portions[child], seen, why))
        return below

    def _add_modules_of(
        self,
        folder: Folder,
        prefix: str,
        taken: set[str],
        reason: str,
        allowed: Callable[[Folder, str], bool] | None,
    ) -> list[str]:
        """Add the folder's own modules but those whose names are taken; returns their names."""
        free = [name for name in folder.modules if name not in taken]
        wanted = [name for name in free if not allowed or allowed(folder, name)]
        self._modules(prefix, folder, wanted, reason)
        self._unnamed(prefix, folder, reason)
        return wanted

    def _package(self, folder: Folder, child: str) -> str | None:
        """The ``__init__`` file of a folder in this one, where it is a regular package.

        By its listing, which is needed anyway: to ask for each name that the file may have costs more. But a
        folder may be entered and not listed.
        """
        inner = self.list_folder(folder.path_of_entry(child))
        if not inner.names:
            return folder.package_init_file(child, self.suffixes)
        init = inner.modules.get("__init__")
        return inner.path_of_entry(init) if init else None

    def _inside(
        self,
        folder: Folder,
        taken: set[str],
        seen: tuple[object, ...],
        allowed: Callable[[Folder, str], bool] | None,
    ) -> Iterator[tuple[str, str]]:
        """The folders in this one that may be walked, as (name, path), but for what is taken by then."""
        for child, is_link in folder.folders.items():
            if child in taken or child in _NEVER or (allowed and not allowed(folder, child)):
                continue
            if child == "lib" and _is_build_output(folder):
                continue
            path = folder.path_of_entry(child)
            if not is_link or not _leads_astray(path, seen):
                yield child, path

    def _modules(self, prefix: str, folder: Folder, names: list[str], reason: str) -> None:
        runs = _runs_when_imported(folder)
        for name in names:
            if name != "__init__":
                path = folder.path_of_entry(folder.modules[name])
                why = reason or (RUNS if name in runs else "")
                if not why and path.endswith(".so") and not _has_init_function(path):
                    why = LIBRARY
                self.add_module(prefix + name, path, why)

    def _folder_reason(self, name: str, paths: list[str]) -> str:
        if self.include_tests or not has_test_word(name):
            return ""
        return TESTS if is_test_folder(name, _modules_below(paths)) else ""

    def _unnamed(self, prefix: str, folder: Folder, reason: str) -> None:
        for name, is_folder in folder.unnamed:
            path = folder.path_of_entry(name)
            if name.startswith(".") or (is_folder and not os.path.isfile(path + "/__init__.py")):
                continue
            stem = name if is_folder else name.rpartition(".")[0]
            by_name = not is_folder and name.endswith(".py") and "." not in stem
            named = by_name and self._is_loaded_by_path(folder, stem)
            self.add_module(prefix + stem, path, reason if named else NO_NAME)

    def _is_loaded_by_path(self, folder: Folder, stem: str) -> bool:
        """Whether a migration, a revision or a page of the application, which are loaded whatever their names
        are."""
        return folder.path in self.page_folders or self._is_migration(folder, stem) or is_versions(folder)

    def _is_migration(self, folder: Folder, stem: str) -> bool:
        """Whether Django's loader imports it (django.db.migrations.loader.MigrationLoader.load_disk)."""
        is_package = "__init__" in folder.modules and os.path.basename(folder.path) == "migrations"
        return self.has_migrations and is_package and stem[0] not in "_~"


def extends_path(init: str) -> bool:
    """Whether a package takes in folders of its name elsewhere (pkgutil.extend_path, pkg_resources)."""
    text = read_text(init, 16384) or "" if init.endswith(".py") else ""
    return "extend_path(" in text or "declare_namespace(" in text


def _has_init_function(path: str) -> bool:
    """Whether a shared library can be imported (PEP 489); ``libicu.so`` beside the code is loaded by SQLite.

    The names of symbols stand in the file as they are. A file that cannot be read is for the import to judge.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            return start != b"\x7fELF" or b"PyInit" in file.read(_LARGEST_LIBRARY)
    except OSError:
        return True


def _is_build_output(folder: Folder) -> bool:
    """Whether it is the ``build`` that setuptools leaves: a copy of what was installed."""
    if os.path.basename(folder.path) != "build" or "__init__" in folder.modules:
        return False
    above = os.path.dirname(folder.path)
    projects = ("setup.py", "pyproject.toml", "setup.cfg")
    return any(name.startswith("bdist.") for name in folder.names) or any(
        os.path.isfile(os.path.join(above, name)) for name in projects
    )


def is_versions(folder: Folder) -> bool:
    """Whether it holds the revisions of an Alembic environment, which are loaded whatever their names are."""
    above = os.path.dirname(folder.path)
    is_environment = os.path.isfile(above + "/script.py.mako") and os.path.isfile(above + "/env.py")
    return os.path.basename(folder.path) == "versions" and is_environment


def _modules_below(paths: list[str]) -> Iterator[str]:
    """The names of the files below these folders that an import may load from source or bytecode."""
    for path in paths:
        for _, _, files in os.walk(path):
            for stem, ending in map(os.path.splitext, files):
                if ending in (".py", ".pyc"):
                    yield stem


def is_environment(folder: Folder) -> bool:
    """A virtual environment (PEP 405) or a conda environment."""
    return "pyvenv.cfg" in folder.names or "conda-meta" in folder.names


def _runs_when_imported(folder: Folder) -> frozenset[str]:
    """What acts when it is imported: ``setup.py`` beside a project's files, Alembic's ``env.py``, and the
    ``app.py`` of Shiny Express, which refuses to be."""
    found = set()
    if "setup" in folder.modules and "__init__" not in folder.modules:
        found.add("setup")
    if "env" in folder.modules:
        path = folder.path_of_entry(folder.modules["env"])
        if "script.py.mako" in folder.names or (
            "versions" in folder.folders and "alembic" in (read_text(path, 65536) or "")
        ):
            found.add("env")
    if folder.modules.get("app", "").endswith(".py") and _is_express(folder.path_of_entry("app.py")):
        found.add("app")
    return frozenset(found)


def _is_express(path: str) -> bool:
    text = read_text(path, 65536) or ""
    if "shiny.express" not in text:
        return False
    from importguard.probe.code.main_code import is_express_app

    return is_express_app(text)


def _matches(name: str, patterns: list[str]) -> bool:
    """Whether a pattern of dotted names names this module or a package above it."""
    import fnmatch

    parts = name.split(".")
    above = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return any(fnmatch.fnmatchcase(item, pattern) for pattern in patterns for item in above)
