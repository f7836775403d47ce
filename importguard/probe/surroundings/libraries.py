"""Which shared libraries the dynamic loader would find for an extension module, told without loading it.

Sources: ld.so(8) for glibc's order of folders, ``elf/dl-load.c`` and ``sysdeps/generic/dl-cache.h`` of glibc
for RPATH and the cache's format; ``ldso/dynlink.c`` of musl for musl's.
"""

from __future__ import annotations

import os
import struct

from importguard.probe.files import read_bytes, read_text
from importguard.probe.surroundings.elf import Elf, read_elf, text_at

CACHE = "/etc/ld.so.cache"
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_MOST_CACHED = 50000
_MOST_LIBRARIES = 300
_TRIPLETS = {
    "x86_64": "x86_64-linux-gnu",
    "aarch64": "aarch64-linux-gnu",
    "armv7l": "arm-linux-gnueabihf",
    "i686": "i386-linux-gnu",
    "ppc64le": "powerpc64le-linux-gnu",
    "s390x": "s390x-linux-gnu",
    "riscv64": "riscv64-linux-gnu",
}
"""Debian's multiarch folders, which its loader searches by default."""

_MUSL_OWN = ("c", "pthread", "rt", "m", "dl", "util", "xnet")
"""The libraries that musl's loader is itself, whatever file is asked for."""


class Object:
    """A file that is loaded, and the one that asked for it."""

    def __init__(self, path: str, elf: Elf, parent: Object | None) -> None:
        self.path = path
        self.elf = elf
        self.parent = parent


class Loaded:
    """What became of one file: ``needed`` in the loader's order, ``missing`` of them, and symbol versions."""

    def __init__(self) -> None:
        self.needed: list[str] = []
        self.missing: list[str] = []
        self.versions: list[str] = []


class Loader:
    """The dynamic loader of one program, in one environment.

    ``program`` is what the loader starts: its own libraries are there for whatever is loaded later.
    """

    def __init__(self, program: str, environ: dict[str, str], directory: str, cache: str = CACHE) -> None:
        self.directory = directory
        path = os.path.realpath(program)
        elf = read_elf(path)
        self.program = Object(path, elf, None) if elf else None
        self.libc = (elf.c_library if elf else None) or _installed_libc()
        text = environ.get("LD_LIBRARY_PATH", "").replace(";", ":")
        self.library_path = text.split(":") if text else []
        self.cache = {} if self.libc == "musl" else read_cache(cache)
        self.found: dict[str, Object] = {}
        if self.program is not None:
            self._resolve(self.program, Loaded())

    def find_needed_libraries(self, path: str) -> Loaded:
        """What loading the file at ``path`` would find, and not find."""
        answer = Loaded()
        elf = read_elf(path)
        if elf is not None:
            self._resolve(Object(path, elf, self.program), answer)
        return answer

    def _resolve(self, first: Object, answer: Loaded) -> None:
        waiting = [first]
        while waiting and len(answer.needed) < _MOST_LIBRARIES:
            item = waiting.pop(0)
            for name in item.elf.needed:
                if name in answer.needed:
                    continue
                answer.needed.append(name)
                if name in self.found or self._is_own(name):
                    continue
                library = self._find(name, item)
                if library is None:
                    answer.missing.append(name)
                    continue
                self.found[name] = library
                if library.elf.soname:
                    self.found.setdefault(library.elf.soname, library)
                waiting.append(library)
            self._check_versions(item, answer)

    def _check_versions(self, item: Object, answer: Loaded) -> None:
        """Note the versions that the library which was found does not define (musl has no versions)."""
        if self.libc == "musl":
            return
        for library, version in item.elf.needs:
            found = self.found.get(library)
            if found is None or not found.elf.defines or version in found.elf.defines:
                continue
            if version not in answer.versions:
                answer.versions.append(version)

    def _is_own(self, name: str) -> bool:
        """Whether it is musl's loader itself (``libc.so``, ``libm.so.6``, ``libc.musl-x86_64.so.1``)."""
        if self.libc != "musl":
            return False
        stem = name[3:].split(".")[0] if name.startswith("lib") else ""
        return stem in _MUSL_OWN or name.startswith("ld-musl-")

    def _find(self, name: str, item: Object) -> Object | None:
        if "/" in name:
            return self._open(os.path.join(self.directory, name), item)
        for path in self._candidates(name, item):
            library = self._open(path, item)
            if library is not None:
                return library
        return None

    def _candidates(self, name: str, item: Object) -> list[str]:
        """Where the file of a library may be, in order."""
        if self.libc == "musl":
            folders = self.library_path + self._inherited(item, True) + _musl_folders()
            return [self._join(folder, name) for folder in folders]
        folders = [] if item.elf.runpath else self._inherited(item, False)
        folders += self.library_path + self._expand(item, item.elf.runpath)
        found = [self._join(folder, name) for folder in folders]
        found += self.cache.get(name, [])
        return found + [self._join(folder, name) for folder in _default_folders(item.elf.machine)]

    def _join(self, folder: str, name: str) -> str:
        return os.path.join(self.directory, folder, name)

    def _inherited(self, item: Object | None, with_runpath: bool) -> list[str]:
        """RPATH of a file and of those that led to it (of musl, RUNPATH counts as well)."""
        folders: list[str] = []
        for _ in range(_MOST_LIBRARIES):
            if item is None:
                break
            if with_runpath and item.elf.runpath:
                folders += self._expand(item, item.elf.runpath)
            elif not item.elf.runpath:
                folders += self._expand(item, item.elf.rpath)
            item = item.parent
        return folders

    def _expand(self, item: Object, folders: list[str]) -> list[str]:
        """Put the values of ld.so's tokens in place."""
        origin = os.path.dirname(os.path.realpath(item.path))
        lib = "lib64" if item.elf.bits == 64 else "lib"
        values = {"ORIGIN": origin, "LIB": lib, "PLATFORM": item.elf.machine or ""}
        expanded = []
        for folder in folders:
            for token, value in values.items():
                folder = folder.replace("${%s}" % token, value).replace("$" + token, value)
            expanded.append(folder)
        return expanded

    def _open(self, path: str, item: Object) -> Object | None:
        """The library at ``path``, if it can be loaded beside ``item``; the loader passes by others."""
        elf = read_elf(path)
        return (
            Object(path, elf, item) if elf is not None and elf.loading_kind == item.elf.loading_kind else None
        )


def _default_folders(machine: str | None) -> list[str]:
    triplet = _TRIPLETS.get(machine or "")
    folders = ["/lib/" + triplet, "/usr/lib/" + triplet] if triplet else []
    return [*folders, "/lib64", "/usr/lib64", "/lib", "/usr/lib"]


def _musl_folders() -> list[str]:
    for name in _loaders():
        text = read_text("/etc/%s.path" % name.split(".so", 1)[0])
        if text is not None:
            return [folder for folder in text.replace("\n", ":").split(":") if folder]
    return ["/lib", "/usr/local/lib", "/usr/lib"]


def _loaders() -> list[str]:
    """The names of musl's loaders in /lib."""
    try:
        return sorted(name for name in os.listdir("/lib") if name.startswith("ld-musl-"))
    except OSError:
        return []


def musl_loader() -> str | None:
    """The file that is musl, where the image has one."""
    names = _loaders()
    return "/lib/" + names[0] if names else None


def _installed_libc() -> str:
    return "musl" if _loaders() else "glibc"


def read_cache(path: str) -> dict[str, list[str]]:
    """glibc's ``ld.so.cache``: the name of a library to its files; empty where there is none to be read."""
    data = read_bytes(path, 8 << 20) or b""
    start = data.find(_CACHE_MAGIC)
    found: dict[str, list[str]] = {}
    if start < 0:
        return found
    try:
        (count,) = struct.unpack_from("=I", data, start + 20)
        for index in range(min(count, _MOST_CACHED)):
            _, key, value = struct.unpack_from("=iII", data, start + 48 + index * 24)
            name, library = text_at(data, start + key), text_at(data, start + value)
            found.setdefault(name, []).append(library)
    except struct.error:
        pass
    return found
