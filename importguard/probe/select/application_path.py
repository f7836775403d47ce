"""The import path of the application, and which of its entries hold what was installed."""

from __future__ import annotations

from importguard.probe.files import printable_path
from importguard.probe.select.distributions import Distribution, editable_mapping, installed_distributions
from importguard.probe.select.entry_points import unique_texts
from importguard.probe.select.finder import Finder, Found
from importguard.probe.select.folder import Folder
from importguard.probe.select.installed import is_installed_folder, is_site, lies_below_site
from importguard.probe.select.selection import Selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.interpreter import Interpreter
    from importguard.probe.start.launch import Launch
    from importguard.probe.start.start_command import StartCommand


class Remarks:
    """What the reader of the report is told: ``notes``, and ``details`` where they ask for more."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.details: list[str] = []


class ApplicationPath:
    """The import path that the start commands have together, and what is known of its entries."""

    def __init__(self, launch: Launch, python: Interpreter, selection: Selection, remarks: Remarks) -> None:
        self.environ = launch.environ
        self.directory = launch.directory
        self.commands = launch.commands
        self.python = python
        self.selection = selection
        self.remarks = remarks
        self.import_path: list[str] = []
        self.appended_path: list[str] = []
        self.finder = Finder([], selection)
        self._installed: list[Distribution] | None = None
        self._third_party_by_folder: dict[str, set[str]] = {}

    def follow_commands(self) -> None:
        """Put the entries first that the start commands add, those of a PYTHONPATH of their own last."""
        main = [command for command in self.commands if not command.secondary]
        roots: list[str] = []
        for command in main:
            roots += command.inserted
        for command in main:
            roots += command.roots + ([] if self.python.safe_path else command.own_roots)
        if not any(command.recognised for command in self.commands) and not self.python.safe_path:
            roots.append(self.directory)
        for command in main:
            roots += [entry for entry in self._own_python_path(command) if entry in self.python.path]
        self.set_first_entries(unique_texts(roots))

    def _own_python_path(self, command: StartCommand) -> list[str]:
        """The entries of a PYTHONPATH that only this command has."""
        added = command.environ.get("PYTHONPATH", "")
        if added == self.environ.get("PYTHONPATH", ""):
            return []
        return [command.resolve_path(entry) for entry in added.split(":") if entry]

    def set_first_entries(self, roots: list[str]) -> None:
        """Make ``roots`` the first entries of the import path, before those of the interpreter."""
        self.import_path = roots
        entries = roots + [entry for entry in self.python.path if entry not in roots]
        added = [path for command in self.commands if not command.secondary for path in command.appended]
        self.appended_path = [path for path in unique_texts(added) if path not in entries]
        entries += self.appended_path
        self.finder = Finder(entries, self.selection)
        for entry in entries:
            if is_site(entry):
                names = self.selection.list_folder(entry).names
                self.finder.mapping.update(editable_mapping(entry, names))
        self.remarks.details.append("import path: %s" % ", ".join(printable_path(entry) for entry in entries))

    def finder_of(self, command: StartCommand) -> Finder:
        """What this command alone would find."""
        roots = command.inserted + command.roots + command.own_roots + self._own_python_path(command)
        return Finder(unique_texts([*roots, *self.python.path, *command.appended]), self.selection)

    def application_roots(self) -> list[str]:
        """The entries of the import path that are neither installed code nor the standard library."""
        roots = []
        for entry in self.finder.entries:
            third_party = self._is_installed_code(entry) or (
                entry not in self.import_path and lies_below_site(entry)
            )
            if not third_party and not self.python.is_standard(entry):
                roots.append(entry)
        return roots

    def _is_installed_code(self, entry: str) -> bool:
        """Whether an entry of the import path holds nothing of the application's, but what was installed."""
        return is_installed_folder(entry, self.platform_roots())

    def platform_roots(self) -> list[str]:
        """The folders of installed code that the platform brings (``StartCommand.platform_roots``)."""
        return [root for command in self.commands for root in command.platform_roots]

    def is_third_party(self, found: Found, module: str) -> bool:
        """Whether a module was installed, in site-packages or beside the application."""
        if not found.entry:
            return False
        return self._is_installed_code(found.entry) or module.split(".")[0] in self.third_party_names(
            self.selection.list_folder(found.entry)
        )

    def third_party_names(self, folder: Folder) -> set[str]:
        """Names of third-party distributions in an application root (``pip install --target``)."""
        names = self._third_party_by_folder.get(folder.path)
        if names is None:
            names = set()
            for distribution in installed_distributions(folder.path, folder.names):
                if not distribution.is_local_folder():
                    names |= distribution.top_level()
            self._third_party_by_folder[folder.path] = names
        return names

    def distributions(self) -> list[Distribution]:
        """The distributions installed on the import path."""
        if self._installed is None:
            self._installed = []
            for entry in self.finder.entries:
                self._installed += installed_distributions(entry, self.selection.list_folder(entry).names)
        return self._installed

    def is_standard(self, found: Found) -> bool:
        """Whether a module is the standard library's."""
        return bool(found.entry) and self.python.is_standard(found.entry)
