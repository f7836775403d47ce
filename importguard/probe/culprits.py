"""In which module's body a failure, or the end of a process, happened: the others only passed it on."""

from __future__ import annotations

import os
import re

from importguard.probe.code.sites import imported_modules, read_sites
from importguard.probe.scripts import bodies_in_dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Optional

    from importguard.probe.workers.failures import Failure, PlainFrame

NULL_BYTES = "source code string cannot contain null bytes"
BAD_MAGIC = "bad magic number"
# A class that lost an attribute, a function that takes other arguments.
NAMED_BY_ERROR = re.compile(
    r"(?:type object )?'(\w+)'(?: object)? has no attribute|"
    r"(\w+)(?:\.__init__|\.__new__)?\(\) (?:got an unexpected keyword|missing \d+ required|takes )"
)
NOT_PYTHON = 1 << 20  # bytes of a file that are searched for what makes it no source


class Culprits:
    """Knows the application's files. ``files``: module → path."""

    def __init__(self, files: Mapping[str, Optional[str]]) -> None:
        self.files = files
        self.modules = {os.path.abspath(path): name for name, path in files.items() if path}

    def of_failure(self, name: str, failure: Failure) -> str:
        """By the file that could not be loaded, else by the innermost frame of a module's body."""
        return self._broken(failure) or self._innermost(failure[3]) or name

    def of_end(self, name: str, frames: Iterable[PlainFrame], output: str) -> str:
        """Where the process ended while ``name`` was imported: by its last known ``frames``, or its dump."""
        return self._innermost(frames) or self._dumped(output) or name

    def own_frames(self, frames: Iterable[PlainFrame]) -> list[tuple[str, int]]:
        """(module, line) of the innermost frame of the application, and of those that called it directly."""
        found: list[tuple[str, int]] = []
        for path, line, _, _ in reversed(list(frames)):
            module = self.modules.get(os.path.abspath(path))
            if module:
                found.append((module, line))
            elif found:
                break
        return found

    def own_frames_of_body(self, frames: list[PlainFrame]) -> list[tuple[str, int]]:
        """(module, line) of the application's frames from the innermost out to that of a module's body."""
        found: list[tuple[str, int]] = []
        for path, line, function, _ in reversed(frames):
            module = self.modules.get(os.path.abspath(path))
            found += [(module, line)] if module else []
            if module and function == "<module>":
                return found
        return []

    def origin_of_named(self, module: str, kind: str, message: str) -> str:
        """The module from which ``module`` imports the class or function that an error names; else empty.

        "'Client' object has no attribute 'apps'" tells not whose Client that is.
        """
        match = NAMED_BY_ERROR.match(message) if kind in ("AttributeError", "TypeError") else None
        name = match.group(1) or match.group(2) if match else None
        sites = read_sites(module, self.files.get(module)) if name else []
        return next((target for target, names, _, _ in sites if name in names), "")

    def _innermost(self, frames: Iterable[PlainFrame]) -> Optional[str]:
        for path, _, function, module in reversed(list(frames)):
            if function == "<module>":
                return self.modules.get(os.path.abspath(path)) or module or _installed(path)
        return None

    def _dumped(self, output: str) -> Optional[str]:
        bodies = [path for path, _ in bodies_in_dump(output)]
        return next((self.modules[path] for path in bodies if path in self.modules), None)

    def _broken(self, failure: Failure) -> Optional[str]:
        """The module of a file that is no Python, where the interpreter does not say which file it is."""
        for _, message, named in failure[4]:
            if message.startswith(BAD_MAGIC) and named in self.files:
                return named
            if message == NULL_BYTES and failure[3]:
                return self._with_null_bytes(failure[3][-1])
        return None

    def _with_null_bytes(self, frame: PlainFrame) -> Optional[str]:
        """Which of the modules that the import statement at ``frame`` names holds null bytes."""
        path, line, _, module = frame
        for target, names, at, _ in read_sites(module, path):
            for candidate in imported_modules(target, names, self.files) if at == line else ():
                if _holds_null_bytes(self.files[candidate]):
                    return candidate
        return None


def _installed(path: str) -> Optional[str]:
    """The name of a third-party module that never ran, from its file."""
    for folder in ("/site-packages/", "/dist-packages/"):
        _, found, rest = path.rpartition(folder)
        if found and rest.endswith(".py"):
            return rest[: -len(".py")].replace("/", ".").replace(".__init__", "")
    return None


def _holds_null_bytes(path: Optional[str]) -> bool:
    if not path or not path.endswith(".py"):
        return False
    try:
        with open(path, "rb") as file:
            return b"\0" in file.read(NOT_PYTHON)
    except OSError:
        return False
