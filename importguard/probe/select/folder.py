"""What a folder offers to the import system, and what kind of folder it is: told from its files alone.

In one folder, a package wins over extension modules, those over ``.py`` and that over ``.pyc``, as in
``importlib.machinery.FileFinder``.
"""

from __future__ import annotations

import keyword
import os

from importguard.probe.files import read_text

_LARGEST_LIBRARY = 1 << 28
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


class Folder:
    """What one folder offers to the import system; built from one listing.

    ``modules`` are the files by the names of their modules, ``folders`` says of each folder whether it is a
    link, and ``unnamed`` are files and folders (True) that no import statement can name. ``names`` are all
    entries.
    """

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


def leads_astray(link: str, seen: tuple[object, ...]) -> bool:
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


def extends_path(init: str) -> bool:
    """Whether a package takes in folders of its name elsewhere (pkgutil.extend_path, pkg_resources)."""
    text = read_text(init, 16384) or "" if init.endswith(".py") else ""
    return "extend_path(" in text or "declare_namespace(" in text


def has_init_function(path: str) -> bool:
    """Whether a shared library can be imported (PEP 489); ``libicu.so`` beside the code is loaded by SQLite.

    The names of symbols stand in the file as they are. A file that cannot be read is for the import to judge.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            return start != b"\x7fELF" or b"PyInit" in file.read(_LARGEST_LIBRARY)
    except OSError:
        return True


def is_build_output(folder: Folder) -> bool:
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


def is_environment(folder: Folder) -> bool:
    """A virtual environment (PEP 405) or a conda environment."""
    return "pyvenv.cfg" in folder.names or "conda-meta" in folder.names


def runs_when_imported(folder: Folder) -> frozenset[str]:
    """What acts when it is imported: ``setup.py`` beside a project's files, Alembic's ``env.py``, what Bazel
    writes to start a program, and the ``app.py`` of Shiny Express, which refuses to be."""
    found = {name for name in folder.modules if name.endswith("_stage2_bootstrap")}
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
