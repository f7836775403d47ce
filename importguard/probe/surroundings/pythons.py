"""The other Pythons of an image, told from its files: none of them is started."""

from __future__ import annotations

import os
import re

from importguard.probe.files import DEFAULT_PATH, is_executable, read_text

TYPE_CHECKING = False

_NUMBERED = re.compile(r"(?:python|pypy)(\d+\.\d+)$")
_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/venv/bin", "/venv/bin")
_MOST = 20


class Python:
    """One interpreter by its executable, its version as far as its files tell it, and its site folders."""

    def __init__(self, executable: str, version: str) -> None:
        self.executable = executable
        self.version = version
        self.sites: list[str] = []


def other_pythons(
    sites: list[str], used: list[str], executable: str, environ: dict[str, str]
) -> list[Python]:
    """Those that ``sites`` (folders of packages that a walk found) belong to, and those in PATH.

    ``used`` is the import path of the application, whose own interpreter ``executable`` is left out.
    """
    own = {os.path.realpath(entry) for entry in used}
    found: dict[str, Python] = {}
    for site in sites:
        if os.path.realpath(site) in own or len(found) >= _MOST:
            continue
        path = owner_of(site)
        if path and not _same(path, executable):
            one = found.setdefault(path, Python(path, version_of(path, site)))
            one.sites.append(site)
    for path in _in_path(environ):
        if len(found) < _MOST and not any(_same(path, known) for known in (executable, *found)):
            found[path] = Python(path, version_of(path, ""))
    return list(found.values())


def owner_of(site: str) -> str | None:
    """The interpreter that a folder of packages belongs to, by the layout of prefixes (``sysconfig``)."""
    name = os.path.basename(os.path.dirname(site))
    return next((path for path in _programs_of(site) if is_executable(path) and _fits(path, name)), None)


def broken_link_of(site: str) -> list[str] | None:
    """[link, where it leads] of a virtual environment whose Python is not in the image; else None.

    Such an environment was made in another stage, with a Python that only that one has.
    """
    for path in _programs_of(site):
        if os.path.islink(path) and not os.path.exists(path):
            return [path, os.path.realpath(path)]
    return None


def _programs_of(site: str) -> list[str]:
    """Where the interpreter of a folder of packages would be, the likeliest first."""
    folder = os.path.dirname(site)
    prefix = os.path.dirname(os.path.dirname(folder))
    prefixes = [prefix, "/usr"] if prefix == "/usr/local" else [prefix]
    programs = (os.path.basename(folder), "python3", "python", "pypy3")
    return ["%s/bin/%s" % (home.rstrip("/"), program) for home in prefixes for program in programs]


def _fits(path: str, folder: str) -> bool:
    """Whether a program may be the Python of a folder such as ``python3.12`` (Debian's is ``python3``)."""
    wanted = _NUMBERED.match(folder)
    actual = _NUMBERED.match(os.path.basename(os.path.realpath(path)))
    return wanted is None or actual is None or wanted.group(1) == actual.group(1)


def version_of(path: str, site: str) -> str:
    """``3.12.1`` where a virtual environment notes it, ``3.12`` by the names of files, else empty."""
    config = read_text("%s/pyvenv.cfg" % os.path.dirname(os.path.dirname(path)), 65536) or ""
    for line in config.split("\n"):
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return ".".join(value.strip().split(".")[:3])[:40]
    for name in (os.path.basename(os.path.dirname(site)), os.path.basename(os.path.realpath(path))):
        numbered = _NUMBERED.match(name)
        if numbered:
            return numbered.group(1)
    return ""


def _same(one: str, other: str) -> bool:
    """Whether two paths start the same interpreter with the same prefix."""
    if os.path.realpath(one) != os.path.realpath(other):
        return False
    return _environment(one) == _environment(other)


def _environment(path: str) -> str | None:
    """The virtual environment that an interpreter is started in (PEP 405)."""
    home = os.path.dirname(os.path.dirname(path))
    return os.path.realpath(home) if os.path.isfile(home + "/pyvenv.cfg") else None


def _in_path(environ: dict[str, str]) -> list[str]:
    found = []
    for folder in [*environ.get("PATH", DEFAULT_PATH).split(":"), *_FOLDERS]:
        for name in ("python3", "python"):
            path = "%s/%s" % (folder, name)
            if folder.startswith("/") and path not in found and is_executable(path):
                found.append(path)
    return found
