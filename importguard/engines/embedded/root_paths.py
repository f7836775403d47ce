"""Look things up in an unpacked root, as the image's own processes would see them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

from importguard.engines.embedded.permissions import Viewer
from importguard.errors import EngineError

_MOST_LINKS = 40
_LARGEST_FILE = 4 * 1024**2
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What Docker gives a container whose image sets no PATH."""

HOSTNAME = "importguard"


class ImageUser(NamedTuple):
    """The image's USER: its ids, and its home, which becomes HOME."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str

    @property
    def as_viewer(self) -> Viewer:
        """What permissions are granted to."""
        return Viewer(self.uid, (self.gid, *self.groups))

    def variables_of_process(self, given: Sequence[str]) -> dict[str, str]:
        """What its processes have in their environment, as with Docker: what is ``given`` (NAME=VALUE) over
        what every container has. Raises EngineError for what is no variable.
        """
        variables = {"PATH": DEFAULT_PATH, "HOSTNAME": HOSTNAME, "HOME": self.home}
        for item in given:
            name, equals, value = item.partition("=")
            if not name or "\0" in item:
                raise EngineError("A variable of the environment has no name, or holds a NUL character.")
            if equals:
                variables[name] = value
        return variables


class ImageRoot:
    """An unpacked root. Links are resolved within it: none leads outside, also not by ``..``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def resolve_path(self, path: str) -> Optional[Path]:
        """The file that ``path`` of the image is, on this machine; None where there is none."""
        rest, parts = [part for part in reversed(path.split("/")) if part], list[str]()
        links = 0
        while rest:
            part = rest.pop()
            if part in (".", ".."):
                parts = parts[:-1] if part == ".." else parts
                continue
            here = self._folder.joinpath(*parts, part)
            try:
                target = os.readlink(here) if here.is_symlink() else None
            except OSError:
                return None
            if target is None:
                parts.append(part)
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            parts = [] if target.startswith("/") else parts
            rest += [piece for piece in reversed(target.split("/")) if piece]
        found = self._folder.joinpath(*parts)
        try:
            os.lstat(found)
        except OSError:
            return None
        return found

    def lines_of_file(self, path: str) -> Iterator[str]:
        """The lines of a small text file; none where it is no regular file."""
        found = self.resolve_path(path)
        if found is not None and stat.S_ISREG(os.lstat(found).st_mode):
            with found.open("rb") as stream:
                yield from stream.read(_LARGEST_FILE).decode("utf-8", "replace").splitlines()

    def make_folders(self, path: str, mode: int) -> None:
        """Make a folder and those above it, where nothing is; Docker does so with WORKDIR and volumes."""
        above, made = "", list[Path]()
        for part in [part for part in path.split("/") if part not in ("", ".", "..")]:
            parent, above = self.resolve_path(above), f"{above}/{part}"
            if parent is None or not parent.is_dir():
                return
            if self.resolve_path(above) is None and not os.path.lexists(parent / part):
                (parent / part).mkdir(0o700)
                made.append(parent / part)

        for folder in reversed(made):
            folder.chmod(mode)

    def write_file(self, folder: str, name: str, text: str, mode: int) -> None:
        """Write a file in place of what is there, and never through a link."""
        parent = self.resolve_path(folder)
        if parent is None or not parent.is_dir() or (parent / name).is_dir():
            return
        (parent / name).unlink(missing_ok=True)
        (parent / name).write_text(text, "utf-8")
        (parent / name).chmod(mode)

    def find_program(self, name: str, variables: Mapping[str, str], workdir: str) -> Optional[Path]:
        """The file that executing ``name`` runs, as execvp(3) looks for it; None where there is none."""
        if "/" in name:
            candidates = [name if name.startswith("/") else f"{workdir}/{name}"]
        else:
            folders = variables.get("PATH", DEFAULT_PATH).split(":")
            candidates = [f"{folder or workdir}/{name}" for folder in folders]
        for candidate in candidates:
            found = self.resolve_path(candidate)
            if found is not None:
                mode = os.lstat(found).st_mode
                if stat.S_ISREG(mode) and mode & 0o100:
                    return found
        return None

    def find_programs(self, pattern: re.Pattern[str]) -> list[str]:
        """The programs, and links, whose whole path matches, as far as this user may look."""
        found, length = list[str](), len(str(self._folder))
        for folder, _, names in os.walk(self._folder):
            paths = (f"{folder[length:]}/{name}" for name in names)
            found += [path for path in paths if pattern.fullmatch(path) and self._is_program(path)]
        return found

    def _is_program(self, path: str) -> bool:
        mode = os.lstat(f"{self._folder}{path}").st_mode
        return stat.S_ISLNK(mode) or (stat.S_ISREG(mode) and mode & 0o111 != 0)

    def find_user(self, spec: str) -> ImageUser:
        """The user that USER names: ``name``, ``uid``, each with ``:group`` (Dockerfile reference, USER).

        Raises EngineError for a name that the image does not know.
        """
        name, _, group = spec.partition(":")
        name = name or "0"
        entry = self._account("/etc/passwd", name)
        if entry is None and not name.isdigit():
            raise EngineError(
                f"The image's USER {name} is not in its /etc/passwd: create it there, or give USER as a "
                "number."
            )
        uid = int(entry[2]) if entry else int(name)
        gid = int(entry[3]) if entry else 0
        if group:
            found = self._account("/etc/group", group)
            if found is None and not group.isdigit():
                raise EngineError(
                    f"The group {group} of the image's USER is not in its /etc/group: create it there, or "
                    "give it as a number."
                )
            gid = int(found[2]) if found else int(group)
        login = entry[0] if entry else name
        home = entry[5] if entry and len(entry) > 5 and entry[5] else "/"
        return ImageUser(uid, gid, () if group else self._groups_of(login), home)

    def _account(self, path: str, name: str) -> Optional[list[str]]:
        """The line of a name or number; names first, as Docker looks them up."""
        lines = [line.split(":") for line in self.lines_of_file(path)]
        whole = [line for line in lines if len(line) > 3 and line[2].isdigit()]
        if path == "/etc/passwd":
            whole = [line for line in whole if line[3].isdigit()]
        for column in (0, 2):
            for line in whole:
                if line[column] == name:
                    return line
        return None

    def _groups_of(self, login: str) -> tuple[int, ...]:
        lines = (line.split(":") for line in self.lines_of_file("/etc/group"))
        return tuple(
            int(line[2])
            for line in lines
            if len(line) > 3 and line[2].isdigit() and login in line[3].split(",")
        )
