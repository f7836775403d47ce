"""A module as the source has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class SourceModule:
    """A module of the source. ``path`` is its deciding file (of a folder without ``__init__.py`` its first),
    ``folder`` the package's folder, None for a single file; ``root`` the folder that would be on the import
    path. ``exact`` is False where the name differs in case. ``image_root`` is the folder of the image that
    ``root`` becomes, where the module has its name from that: then ``root`` may not be on the import path."""

    name: str
    path: str
    root: str
    folder: Optional[str] = None
    exact: bool = True
    image_root: Optional[str] = None

    @property
    def path_to_copy(self) -> str:
        """The path that must get into the image: the package's folder, else the file."""
        return self.folder or self.path

    @property
    def path_below_root(self) -> str:
        """``path`` relative to ``root``: where an import looks for it on the import path."""
        return self.path[len(self.root) :].lstrip("/")
