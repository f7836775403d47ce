"""What installers noted about installed distributions: which files are whose, and where they came from.

Sources: "Recording installed projects" (RECORD, direct_url.json; PEP 376, 610, 660) and the entry points
specification. Metadata is read as data: RECORD can be missing, and can name anything.
"""

from __future__ import annotations

import os

from importguard.probe.files import read_text

_RECORD_LIMIT = 16 << 20
_MOST_FILES = 100000
_LONGEST_PATH = 1000


def read_record(info: str) -> list[str]:
    """The files that the RECORD of a ``*.dist-info`` folder lists, relative to the folder above it.

    Those outside of that folder (scripts) are left out, and of a RECORD that is too long the rest.
    """
    found = []
    text = read_text(info + "/RECORD", _RECORD_LIMIT) or ""
    for line in text.split("\n", _MOST_FILES)[:_MOST_FILES]:
        path = line[1:].split('"', 1)[0] if line.startswith('"') else line.split(",", 1)[0]
        if path and len(path) < _LONGEST_PATH and not path.startswith(("/", "..")):
            found.append(path)
    return found


class Distribution:
    """One ``*.dist-info`` folder; ``site`` is the folder of the import path that it is in."""

    def __init__(self, site: str, info: str) -> None:
        self.site = site
        self.info = "%s/%s" % (site, info)
        self.name = info[: -len(".dist-info")].rpartition("-")[0]
        self._record: list[str] | None = None

    def recorded_files(self) -> list[str]:
        """Its files, relative to ``site``; those outside (scripts) are left out."""
        if self._record is None:
            self._record = read_record(self.info)
        return self._record

    def is_local_folder(self) -> bool:
        """Whether it was installed from a folder, the way that an application is (PEP 610 ``dir_info``)."""
        data = read_text(self.info + "/direct_url.json", 65536)
        if not data or "dir_info" not in data:
            return False
        import json

        try:
            return isinstance(json.loads(data).get("dir_info"), dict)
        except (ValueError, AttributeError, RecursionError):
            return False

    def top_level(self) -> set[str]:
        """The names that it puts into ``site``."""
        names = {path.split("/", 1)[0] for path in self.recorded_files() if ".dist-info/" not in path}
        listed = read_text(self.info + "/top_level.txt", 65536) or ""
        return {name.split(".", 1)[0] for name in names} | set(listed.split())

    def top_modules(self) -> list[str]:
        """The dotted names of its topmost packages, and of its modules that are in none."""
        paths = [
            path for path in self.recorded_files() if ".dist-info/" not in path and "__pycache__/" not in path
        ]
        packages = {os.path.dirname(path) for path in paths if "/__init__." in path}
        top = {folder for folder in packages if not _inside(folder, packages)}
        found = {folder.replace("/", ".") for folder in top}
        for path in paths:
            stem, dot, ending = path.partition(".")
            plain = dot and "/" not in ending  # not in a folder such as ``numpy.libs``
            if plain and ending.endswith(("py", "so", "pyc")) and not _inside(path, top):
                found.add(stem.replace("/", "."))
        found = {name for name in found if not _is_editable_finder(name)}
        return sorted(name for name in found if all(part.isidentifier() for part in name.split(".")))

    def owns_file(self, path: str) -> bool:
        """Whether a file is one of its own."""
        return path.startswith(self.site + "/") and path[len(self.site) + 1 :] in self.recorded_files()


def _is_editable_finder(name: str) -> bool:
    """Whether a build back end wrote a module for an editable install: setuptools, hatchling, meson."""
    return name.startswith(("__editable__", "_editable_impl_")) or name.endswith("_editable_loader")


def _inside(path: str, folders: set[str]) -> bool:
    folder = os.path.dirname(path)
    while folder not in ("", "/"):  # a RECORD may name files of other folders by their absolute paths
        if folder in folders:
            return True
        folder = os.path.dirname(folder)
    return False


def installed_distributions(site: str, names: set[str]) -> list[Distribution]:
    """The distributions of one folder, given the names in it."""
    return [Distribution(site, name) for name in sorted(names) if name.endswith(".dist-info")]


def distributions_named(distributions: list[Distribution], name: str) -> list[Distribution]:
    """Those of a name, however that is written (PEP 503)."""
    return [item for item in distributions if _plain(item.name) == _plain(name)]


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def owning_distribution(distributions: list[Distribution], path: str, module: str) -> Distribution | None:
    """The distribution that a module's file belongs to; the one of the module's own name is asked first."""
    top = _plain(module.split(".")[0])
    ordered = sorted(distributions, key=lambda item: _plain(item.name) != top)
    for distribution in ordered:
        if distribution.owns_file(path):
            return distribution
    return None


def entry_point(
    distributions: list[Distribution],
    script: str,
    groups: tuple[str, ...] = ("console_scripts", "gui_scripts"),
) -> str | None:
    """``module:attribute`` of a console script, or an entry point of other groups (``entry_points.txt``)."""
    for distribution in distributions:
        section = ""
        for line in (read_text(distribution.info + "/entry_points.txt", 65536) or "").split("\n"):
            if line.startswith("["):
                section = line.strip("[] \r")
            name, _, target = line.partition("=")
            if section in groups and name.strip() == script:
                return target.split("[")[0].strip()
    return None


def editable_mapping(site: str, names: set[str]) -> dict[str, str]:
    """Where the finders of editable installs look: top-level name to file or folder (setuptools' MAPPING)."""
    found: dict[str, str] = {}
    for name in sorted(names):
        if not (name.startswith("__editable__") and name.endswith("_finder.py")):
            continue
        for line in (read_text("%s/%s" % (site, name)) or "").split("\n"):
            if line.startswith("MAPPING") and "=" in line:
                found.update(_literal(line.split("=", 1)[1].strip()))
    return found


def _literal(text: str) -> dict[str, str]:
    import ast

    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {}
    if not isinstance(value, dict):
        return {}
    return {key: path for key, path in value.items() if isinstance(key, str) and isinstance(path, str)}
