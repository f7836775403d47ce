"""What is installed in a folder of third-party packages, by what installers noted there.

Sources: "Recording installed projects" and "Core metadata" (PyPA), PEP 376, 610, 660; for older installs the
``.egg-info`` and ``.egg-link`` of setuptools and distutils. All of it is data that can say anything.
"""

from __future__ import annotations

import json
import os

from importguard.probe.files import printable_path, read_text
from importguard.probe.select.distributions import editable_mapping, read_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.surroundings.budget import Budget
    from importguard.probe.surroundings.values import DistributionValues

_METADATA_LIMIT = 1 << 20
_MOST_NAMES = 300
_MOST_REQUIREMENTS = 300
_MOST_DISTRIBUTIONS = 3000
_IGNORED = ("__pycache__", "__editable__")


def installed_in(site: str, names: set[str], budget: Budget) -> list[DistributionValues]:
    """The distributions of one folder, given the names in it, as ``clues.Distribution`` has them."""
    found: list[DistributionValues] = []
    for name in sorted(names)[: _MOST_DISTRIBUTIONS * 10]:
        if len(found) >= _MOST_DISTRIBUTIONS or budget.is_spent("distributions of " + printable_path(site)):
            break
        if name.endswith(".dist-info"):
            one = _modern(site, name)
        elif name.endswith((".egg-info", ".egg-link")):
            one = _egg(site, name, names)
        else:
            continue
        if one is not None:
            found.append(one)
    return found


def read_headers(text: str) -> dict[str, list[str]]:
    """The header fields of a METADATA or PKG-INFO file, by their names in lower case."""
    fields: dict[str, list[str]] = {}
    last: list[str] = []
    for line in text.split("\n"):
        line = line.rstrip("\r")
        if not line:
            break
        if line[0] in " \t":
            if last:
                last[-1] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            last = fields.setdefault(name.strip().lower(), [])
            last.append(value.strip())
    return fields


def _described(site: str, fields: dict[str, list[str]]) -> DistributionValues | None:
    name = fields.get("name", [""])[0]
    if not name:
        return None
    return {
        "name": printable_path(name[:200]),
        "version": printable_path(fields.get("version", [""])[0][:200]),
        "location": printable_path(site),
        "provides": [],
        "requires": [
            printable_path(line[:500]) for line in fields.get("requires-dist", [])[:_MOST_REQUIREMENTS]
        ],
        "extras": [
            printable_path(line[:200]) for line in fields.get("provides-extra", [])[:_MOST_REQUIREMENTS]
        ],
        "source": None,
        "editable": False,
    }


def _modern(site: str, info: str) -> DistributionValues | None:
    folder = "%s/%s" % (site, info)
    one = _described(site, read_headers(read_text(folder + "/METADATA", _METADATA_LIMIT) or ""))
    if one is None:
        return None
    one["source"], one["editable"] = _origin(folder)
    files = _record(folder)
    provides = _top_level(folder) | _recorded(files)
    if any(path.startswith("__editable__") for path in files) or one["editable"]:
        one["editable"] = True
        provides |= _editable_names(site, files)
    one["provides"] = _plain(provides)
    return one


def _origin(folder: str) -> tuple[str | None, bool]:
    """The folder or URL that it was installed from, and whether it is editable (PEP 610)."""
    try:
        data = json.loads(read_text(folder + "/direct_url.json", 65536) or "null")
        url, about = data["url"], data.get("dir_info")
        editable = isinstance(about, dict) and about.get("editable") is True
        path = url[len("file://") :] if url.startswith("file:///") else url
        return printable_path(str(path)[:1000]), editable
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None, False


def _top_level(folder: str) -> set[str]:
    return set((read_text(folder + "/top_level.txt", 65536) or "").split()[:_MOST_NAMES])


def _record(folder: str) -> list[str]:
    """The files that RECORD lists, byte code and metadata left out."""
    return [path for path in read_record(folder) if ".dist-info/" not in path and "__pycache__/" not in path]


def _recorded(files: list[str]) -> set[str]:
    """The top-level names of files; below a folder that is no regular package, those of its packages too."""
    names: set[str] = set()
    regular = {path.split("/", 1)[0] for path in files if path.count("/") == 1 and "/__init__." in path}
    deep: set[str] = set()
    for path in files:
        top, slash, _ = path.partition("/")
        if not slash:
            if top.endswith((".py", ".so", ".pyc")):
                names.add(top.split(".", 1)[0])
        elif "." not in top and path.endswith((".py", ".so", ".pyc")):
            names.add(top)
            if top not in regular:
                deep.add(path)
    packages = {path.rpartition("/")[0] for path in deep if "/__init__." in path}
    for path in deep:
        names.add(_topmost(path, packages))
    return names


def _topmost(path: str, packages: set[str]) -> str:
    """The dotted name of the first package on the way to a file, else of the module that it is."""
    parts = path.split("/")[:12]
    for count in range(1, len(parts)):
        folder = "/".join(parts[:count])
        if folder in packages:
            return folder.replace("/", ".")
    parts[-1] = parts[-1].split(".", 1)[0]
    return ".".join(parts)


def _editable_names(site: str, files: list[str]) -> set[str]:
    """What an editable install makes importable: its finder's names, or what its ``.pth`` leads to."""
    names: set[str] = set()
    for path in files:
        if path.endswith("_finder.py") and path.startswith("__editable__"):
            names |= set(editable_mapping(site, {path}))
        elif path.endswith(".pth") and "/" not in path:
            text = read_text("%s/%s" % (site, path), 65536) or ""
            for line in text.split("\n")[:50]:
                if line.startswith("/"):
                    names |= _importable(line.strip())
    return names


def _importable(folder: str) -> set[str]:
    """The names that a source folder offers, told from its listing alone."""
    found: set[str] = set()
    try:
        listed = os.listdir(folder)
    except OSError:
        return found
    for name in sorted(listed)[:1000]:
        if name.endswith(".py") and name != "setup.py":
            found.add(name[:-3])
        elif os.path.isfile("%s/%s/__init__.py" % (folder, name)):
            found.add(name)
    return found


def _egg(site: str, info: str, names: set[str]) -> DistributionValues | None:
    """An ``.egg-info`` (a folder, or distutils' one file) or the ``.egg-link`` of ``setup.py develop``."""
    path = "%s/%s" % (site, info)
    link = None
    if info.endswith(".egg-link"):
        link = (read_text(path, 4096) or "").split("\n", 1)[0].strip()
        folder = _info_of(link)
    else:
        folder = path
    text = read_text(folder + "/PKG-INFO", _METADATA_LIMIT) or read_text(folder, _METADATA_LIMIT)
    one = _described(site, read_headers(text or ""))
    if one is None:
        return None
    provides = _top_level(folder)
    if not provides:
        plain = one["name"].lower().replace("-", "_")
        stems = {name.split(".")[0] for name in names}
        provides = {name for name in (one["name"], plain) if name in stems}
    one["provides"] = _plain(provides)
    if link is not None:
        one["source"], one["editable"] = printable_path(link), True
    return one


def _info_of(project: str) -> str:
    """The ``.egg-info`` folder of a project's source."""
    try:
        names = sorted(name for name in os.listdir(project) if name.endswith(".egg-info"))
    except OSError:
        names = []
    return "%s/%s" % (project, names[0]) if names else project


def _plain(names: set[str]) -> list[str]:
    """Those that an import statement can write and that a program would."""
    wanted = [
        name
        for name in names
        if not name.startswith(_IGNORED) and all(p.isidentifier() for p in name.split("."))
    ]
    return [printable_path(name) for name in sorted(wanted)[:_MOST_NAMES]]
