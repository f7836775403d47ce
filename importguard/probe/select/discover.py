"""What is to be imported in this image, by which Python, with which import path, and what it starts with.

Everything is worked out from the image's configuration and its files, with one question to the interpreter;
no application code is imported.
"""

from __future__ import annotations

from importguard.probe.code.path_changes import read_path_changes
from importguard.probe.files import printable_path
from importguard.probe.select.discovery_result import build_scene, result_for_host
from importguard.probe.select.django import find_preparation
from importguard.probe.select.entry_points import describe_entry_point, management_commands, unique_texts
from importguard.probe.select.module_choice import ModuleChoice, NothingToImport
from importguard.probe.select.scene import Scene
from importguard.probe.select.selection import Selection, TooMuch
from importguard.probe.select.targets import Target, TargetSearch
from importguard.probe.start.interpreter import NoInterpreter, notes_on_others
from importguard.probe.start.launch import Launch
from importguard.probe.start.start_command import StartCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.values import (
        Discovered,
        EntryPointValues,
        Preparation,
        Request,
        StartProblemValues,
    )


def discover_application(request: Request, launch: Launch) -> tuple[Discovered, Scene | None]:
    """The discovery of one image, and what clues are gathered for (None without an interpreter).

    ``request`` is the host's (``packages``, ``exclude``, ``include_tests``, ``setup``). The discovery holds
    ``interpreter``, ``import_path`` (the entries that the start command puts first), ``search_path`` (all
    that may hold the application: those, PYTHONPATH and path files, without the standard library and
    site-packages), ``entrypoints``, ``modules``, ``skipped``, ``setup``, ``notes``, ``details``,
    ``by_path`` (modules that are loaded from a file, by names that no finder knows),
    ``directory`` and ``environ`` (what the start command changes of both) and ``error``: why nothing can be
    judged, else None. All texts are valid UTF-8 but for paths, which are file system strings.
    """
    search = Discovery(request, launch)
    error = None
    try:
        search.run_all_steps()
    except (NoInterpreter, NothingToImport, TooMuch) as problem:
        error = str(problem)
    return result_for_host(search, error), build_scene(search)


class Discovery(ModuleChoice):
    """The steps of one discovery, and what they found."""

    def __init__(self, request: Request, launch: Launch) -> None:
        super().__init__(request, launch)
        self.entrypoints: list[EntryPointValues] = []
        self.setup: Preparation | None = None
        self.problem: StartProblemValues | None = None

    def run_all_steps(self) -> None:
        """All steps, in order. Raises NoInterpreter, NothingToImport, TooMuch."""
        self._tell_commands()
        self.interpreter = python = self.launch.find_interpreter()
        self.notes.extend(notes_on_others(self.commands, python))
        self.details.append(
            "interpreter: %s (%s)" % (printable_path(python.executable), printable_path(python.why))
        )
        self.selection = Selection(
            python.suffixes, bool(self.request.get("include_tests")), self.request.get("exclude") or []
        )
        self._set_import_path(self._roots_of_commands(python))
        self.targets = self._find_targets()
        if self._follow_path_changes():
            self._set_import_path(self._roots_of_commands(python))
            self.targets = self._find_targets()
        self._add_directories_of_tools()
        self._select_modules()
        if not self._holds_own() and self._may_add_directory():
            self.notes.append(
                "the start command's import path holds no modules; the working directory %s was added"
                % printable_path(self.directory)
            )
            self._set_import_path([*self.import_path, self.directory])
            self._select_modules()
        if not self._holds_own() and not self._named_packages():
            self._take_installed()
        self._describe_entrypoints()
        self._note_unchecked_directory()
        self.setup = find_preparation(self.request.get("setup"), self.commands, self.finder, self.environ)
        if not self._holds_own():
            raise NothingToImport(self._describe_what_is_there())

    def _add_directories_of_tools(self) -> None:
        """A tool that is not known is taken to load what lies in its working directory, as most do."""
        assert self.interpreter is not None
        commands = [target.command for target in self.targets if target.foreign]
        folders = [command.directory for command in commands if not command.secondary]
        if folders and not self._named_packages() and not self.interpreter.safe_path:
            self._set_import_path(unique_texts([*self.import_path, *folders]))

    def _may_add_directory(self) -> bool:
        """Whether the working directory is still to be tried.

        Not where the user named what to check, nor where the start command would fail without it.
        """
        assert self.interpreter is not None
        asked = self._named_packages() or self.interpreter.safe_path or self.directory in self.import_path
        return not asked and all(self.finder.locate_module(target.module) for target in self.targets)

    def _note_unchecked_directory(self) -> None:
        """Say what a look at the image would make one expect to be checked, and is not."""
        folder = self.selection.list_folder(self.directory)
        names = [name for name in folder.modules if name != "setup" and name not in self.by_path]
        names += [name for name in folder.folders if folder.package_init_file(name, self.selection.suffixes)]
        if names and not self._named_packages() and self.directory not in self.finder.entries:
            self.notes.append(
                "the working directory %s is not on the import path of the start command: its modules were "
                "not checked (%s)" % (printable_path(self.directory), ", ".join(sorted(names)[:5]))
            )

    # The start command

    def _tell_commands(self) -> None:
        for command in self.commands:
            self.details.append("start command: %s" % command.text)
            self.notes.extend(command.notes)
        self.problem = self.launch.find_problem()
        self.notes.extend(self.launch.notes_on_start(self.problem))

    # Entry points

    def _find_targets(self) -> list[Target]:
        assert self.interpreter is not None
        self.search = TargetSearch(
            self.finder,
            self.environ,
            self._distributions,
            self._is_third_party,
            self._is_standard,
            self.interpreter.builtin.__contains__,
            self._finder_of,
        )
        found = self.search.find_targets(self.commands)
        self.notes += self.search.notes
        self.details += self.search.details
        return found

    def _follow_path_changes(self) -> bool:
        """Note what the code that the start commands load adds to ``sys.path``; whether it adds anything."""
        for command in self.commands:
            files = [self.search.main_file(command)]
            for target in self.targets:
                found = self.finder.locate_module(target.module)
                own = found and found.path and not self._is_third_party(found, target.module)
                if found and own and target.command is command and not (target.alone or target.foreign):
                    files += self.search.files_that_run(target.module, found.path)
            for file in unique_texts([file for file in files if file]):
                first, last = read_path_changes(file, command.directory)
                command.inserted = unique_texts([*first, *command.inserted])
                command.appended = unique_texts([*command.appended, *last])
        return any(command.inserted or command.appended for command in self.commands)

    def _take_installed(self) -> None:
        """Take installed distributions for the application whose programs the start commands are.

        Raises NothingToImport where that would be a guess: a tool would pass for what it starts.
        """
        for target in self.targets:
            if target.foreign and not target.command.secondary:
                name = target.distribution.name if target.distribution else target.module.split(".")[0]
                if self.search.is_known_tool(target) or self.search.names_code(target.command):
                    raise NothingToImport(
                        "%s. The start command %s is a program of the installed package %s: if that is the "
                        "application, name it with -p %s"
                        % (
                            self._describe_what_is_there(),
                            target.command.text,
                            printable_path(name),
                            target.module.split(".")[0],
                        )
                    )
                target.foreign = False
                self._add_target(target)

    def _describe_entrypoints(self) -> None:
        known = self.selection.modules
        self.targets += management_commands(self.commands, known)
        self.targets = [target for target in self.targets if not target.imported_at or target.module in known]
        for target in self.targets:
            attribute = ":" + target.attribute if target.attribute else ""
            self._add_entrypoint(target.command, printable_path(target.module + attribute), target)
        for command in self.commands:
            loads = [target for target in self.targets if target.command is command]
            if command.secondary or not all(target.foreign or target.alone for target in loads):
                continue
            if command.main_file and loads:
                continue
            self._add_entrypoint(command, None, None)
            why = "start command not understood: %s"
            if command.is_read or command.main_file:
                why = "no module of the application is named by the start command: %s"
            self.notes.append(why % command.text)
        if not self.commands:
            self.notes.append("the image has no start command, so no entry point is checked")

    def _add_entrypoint(self, command: StartCommand, text: str | None, target: Target | None) -> None:
        entry = describe_entry_point(command, text, target, self.finder, self.environ)
        if self.request.get("setup"):
            entry["start"]["own_setup"] = False  # Who names a preparation wants it everywhere.
        if entry not in self.entrypoints:
            self.entrypoints.append(entry)
