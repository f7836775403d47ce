"""The import path of the application, and which of its entries hold what was installed."""

from __future__ import annotations

from importguard.probe.files import printable_path
from importguard.probe.select.distributions import Distribution, editable_mapping, installed_distributions
from importguard.probe.select.entry_points import unique_texts
from importguard.probe.select.finder import Finder, Found
from importguard.probe.select.installed import is_installed_folder, is_site, lies_below_site
from importguard.probe.select.selection import Folder, Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.interpreter import Interpreter
    from importguard.probe.start.launch import Launch
    from importguard.probe.start.start_command import StartCommand
    from importguard.probe.values import Request


class ApplicationPath:
    """The import path that the start commands have together, and what is known of its entries."""

    def __init__(self, request: Request, launch: Launch) -> None:
        self.request = request
        self.launch = launch
        self.environ = launch.environ
        self.directory = launch.directory
        self.commands = launch.commands
        self.interpreter: Interpreter | None = None
        self.import_path: list[str] = []
        self.appended_path: list[str] = []
        self.notes: list[str] = []
        self.details: list[str] = []
        self.selection = Selection([], False, [])
        self.finder = Finder([], self.selection)
        self.installed: list[Distribution] | None = None
        self.foreign: dict[str, set[str]] = {}

    def _roots_of_commands(self, python: Interpreter) -> list[str]:
        """The entries that the start commands add, those of a PYTHONPATH of their own last."""
        main = [command for command in self.commands if not command.secondary]
        roots: list[str] = []
        for command in main:
            roots += command.inserted
        for command in main:
            roots += command.roots + ([] if python.safe_path else command.own_roots)
        if not any(command.recognised for command in self.commands) and not python.safe_path:
            roots.append(self.directory)
        for command in main:
            roots += [entry for entry in self._own_python_path(command) if entry in python.path]
        return unique_texts(roots)

    def _own_python_path(self, command: StartCommand) -> list[str]:
        """The entries of a PYTHONPATH that only this command has."""
        added = command.environ.get("PYTHONPATH", "")
        if added == self.environ.get("PYTHONPATH", ""):
            return []
        return [command.resolve_path(entry) for entry in added.split(":") if entry]

    def _set_import_path(self, roots: list[str]) -> None:
        assert self.interpreter is not None
        self.import_path = roots
        entries = roots + [entry for entry in self.interpreter.path if entry not in roots]
        added = [path for command in self.commands if not command.secondary for path in command.appended]
        self.appended_path = [path for path in unique_texts(added) if path not in entries]
        entries += self.appended_path
        self.finder = Finder(entries, self.selection)
        for entry in entries:
            if is_site(entry):
                names = self.selection.list_folder(entry).names
                self.finder.mapping.update(editable_mapping(entry, names))
        self.details.append("import path: %s" % ", ".join(printable_path(entry) for entry in entries))

    def _finder_of(self, command: StartCommand) -> Finder:
        """What this command alone would find."""
        assert self.interpreter is not None
        roots = command.inserted + command.roots + command.own_roots + self._own_python_path(command)
        return Finder(unique_texts([*roots, *self.interpreter.path, *command.appended]), self.selection)

    def application_roots(self) -> list[str]:
        """The entries of the import path that are neither installed code nor the standard library."""
        assert self.interpreter is not None
        found = []
        for entry in self.finder.entries:
            third_party = self._is_installed_code(entry) or (
                entry not in self.import_path and lies_below_site(entry)
            )
            if not third_party and not self.interpreter.is_standard(entry):
                found.append(entry)
        return found

    def _is_installed_code(self, entry: str) -> bool:
        """Whether an entry of the import path holds nothing of the application's, but what was installed."""
        return is_installed_folder(entry, self.platform_roots())

    def platform_roots(self) -> list[str]:
        """The folders of installed code that the platform brings (``StartCommand.platform_roots``)."""
        return [root for command in self.commands for root in command.platform_roots]

    def _is_third_party(self, found: Found, module: str) -> bool:
        """Whether a module was installed, in site-packages or beside the application."""
        if not found.entry:
            return False
        return self._is_installed_code(found.entry) or module.split(".")[0] in self._third_party_names(
            self.selection.list_folder(found.entry)
        )

    def _third_party_names(self, folder: Folder) -> set[str]:
        """Names of third-party distributions in an application root (``pip install --target``)."""
        found = self.foreign.get(folder.path)
        if found is None:
            found = set()
            for distribution in installed_distributions(folder.path, folder.names):
                if not distribution.is_local_folder():
                    found |= distribution.top_level()
            self.foreign[folder.path] = found
        return found

    def _distributions(self) -> list[Distribution]:
        if self.installed is None:
            self.installed = []
            for entry in self.finder.entries:
                self.installed += installed_distributions(entry, self.selection.list_folder(entry).names)
        return self.installed

    def _is_standard(self, found: Found) -> bool:
        assert self.interpreter is not None
        return bool(found.entry) and self.interpreter.is_standard(found.entry)
