"""What clues are gathered for: the application as it was discovered.

Part of every check, so it is small: what is done with a scene comes later, where something failed.
"""

from __future__ import annotations

import os

from importguard.probe.select.installed import is_installed_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from importguard.probe.select.finder import Finder
    from importguard.probe.start.interpreter import Interpreter


class Scene:
    """The application in its image.

    ``modules`` are its modules and their files, those that were left out among them; ``environ`` and
    ``directory`` are its start command's. ``platform_roots`` are as ``StartCommand`` has them, of all
    commands.
    """

    def __init__(
        self,
        python: Interpreter,
        finder: Finder,
        import_path: list[str],
        environ: dict[str, str],
        directory: str,
        platform_roots: Collection[str] = (),
    ) -> None:
        self.python = python
        self.finder = finder
        self.import_path = import_path
        self.environ = environ
        self.directory = directory
        self.platform_roots = platform_roots
        self.modules: dict[str, str] = {}

    def add_modules(self, modules: Iterable[tuple[str, str | None]]) -> None:
        """Add modules with their files."""
        self.modules.update((name, path) for name, path in modules if path)

    @property
    def sys_path(self) -> list[str]:
        """The whole import path of the application."""
        return self.finder.entries

    def is_third_party(self, entry: str) -> bool:
        """Whether an entry of the import path is a folder of installed distributions."""
        return is_installed_folder(entry, self.platform_roots)

    def has_extensions(self) -> bool:
        """Whether any compiled module is installed: quickly told of a small image."""
        for entry in self.sys_path:
            for _, _, files in os.walk(entry) if self.is_third_party(entry) else ():
                if any(name.endswith(".so") for name in files):
                    return True
        return False

    def own_roots(self) -> list[str]:
        """The entries of the import path that are neither third-party folders nor the standard library."""
        return [
            entry
            for entry in self.sys_path
            if not self.is_third_party(entry) and not self.python.is_standard(entry)
        ]
