"""What is to be imported in this image, by which Python, with which import path, and what it starts with.

Everything is worked out from the image's configuration and its files, with one question to the interpreter;
no application code is imported.
"""

from __future__ import annotations

from importguard.probe.code.path_changes import read_path_changes
from importguard.probe.files import printable_path
from importguard.probe.select.application_path import ApplicationPath, Remarks
from importguard.probe.select.discovery_result import build_scene, is_told_as_module, result_for_host
from importguard.probe.select.django import find_preparation
from importguard.probe.select.entry_points import describe_entry_point, management_commands, unique_texts
from importguard.probe.select.known_tools import is_known_tool, names_code
from importguard.probe.select.module_choice import ModuleChoice, NothingToImport
from importguard.probe.select.scene import Scene
from importguard.probe.select.selection import Selection, TooMuch
from importguard.probe.select.targets import Target, TargetSearch
from importguard.probe.start.interpreter import NoInterpreter, notes_on_others
from importguard.probe.start.launch import Launch
from importguard.probe.start.start_command import StartCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.select.finder import Finder
    from importguard.probe.start.interpreter import Interpreter
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
    remarks = Remarks()
    problem = _tell_commands(launch, remarks)
    search, scene, error = None, None, None
    try:
        search = Discovery(request, launch, launch.find_interpreter(), remarks)
        search.run_all_steps()
    except (NoInterpreter, NothingToImport, TooMuch) as why:
        error = str(why)
    if search is not None:
        scene = build_scene(search)
        if problem and is_told_as_module(search, problem):
            problem = None
        elif problem and error and not search.choice.holds_own():
            # The program that is missing is told with its cause, which explains this too.
            remarks.notes.append(error)
            error = None
    return result_for_host(launch, remarks, problem, search, error), scene


def _tell_commands(launch: Launch, remarks: Remarks) -> StartProblemValues | None:
    """Say what is known of the start commands; returns why they cannot be started at all, if so."""
    for command in launch.commands:
        remarks.details.append("start command: %s" % command.text)
        remarks.notes.extend(command.notes)
    problem = launch.find_problem()
    remarks.notes.extend(launch.notes_on_start(problem))
    return problem


class Discovery:
    """The steps of one discovery, and what they found."""

    def __init__(self, request: Request, launch: Launch, python: Interpreter, remarks: Remarks) -> None:
        self.request = request
        self.python = python
        self.commands = launch.commands
        self.environ = launch.environ
        self.directory = launch.directory
        self.remarks = remarks
        self.selection = Selection(
            python.suffixes, bool(request.get("include_tests")), request.get("exclude") or []
        )
        self.path = ApplicationPath(launch, python, self.selection, remarks)
        self.search = TargetSearch(self.path)
        self.choice = ModuleChoice(request, self.path, self.search)
        self.entrypoints: list[EntryPointValues] = []
        self.setup: Preparation | None = None

    @property
    def targets(self) -> list[Target]:
        """What the start commands load."""
        return self.search.targets

    @property
    def finder(self) -> Finder:
        """What the start commands have together."""
        return self.path.finder

    def run_all_steps(self) -> None:
        """All steps, in order. Raises NothingToImport, TooMuch."""
        self.remarks.notes.extend(notes_on_others(self.commands, self.python))
        self.remarks.details.append(
            "interpreter: %s (%s)" % (printable_path(self.python.executable), printable_path(self.python.why))
        )
        self.path.follow_commands()
        self.search.find_targets()
        if self._follow_path_changes():
            self.path.follow_commands()
            self.search.find_targets()
        self._add_directories_of_tools()
        self.choice.select_modules()
        if not self.choice.holds_own() and self._may_add_directory():
            self.remarks.notes.append(
                "the start command's import path holds no modules; the working directory %s was added"
                % printable_path(self.directory)
            )
            self.path.set_first_entries([*self.path.import_path, self.directory])
            self.choice.select_modules()
        if not self.choice.holds_own() and not self.choice.named_packages:
            self._take_installed()
        self._describe_entrypoints()
        self._note_unchecked_directory()
        self.setup = find_preparation(self.request.get("setup"), self.commands, self.finder, self.environ)
        if not self.choice.holds_own():
            raise NothingToImport(self.choice.describe_what_is_there())

    def _add_directories_of_tools(self) -> None:
        """A tool that is not known is taken to load what lies in its working directory, as most do."""
        commands = [target.command for target in self.targets if target.foreign]
        folders = [command.directory for command in commands if not command.secondary]
        if folders and not self.choice.named_packages and not self.python.safe_path:
            self.path.set_first_entries(unique_texts([*self.path.import_path, *folders]))

    def _may_add_directory(self) -> bool:
        """Whether the working directory is still to be tried.

        Not where the user named what to check, nor where the start command would fail without it.
        """
        asked = self.choice.named_packages or self.python.safe_path or self.directory in self.path.import_path
        return not asked and all(self.finder.locate_module(target.module) for target in self.targets)

    def _note_unchecked_directory(self) -> None:
        """Say what a look at the image would make one expect to be checked, and is not."""
        folder = self.selection.list_folder(self.directory)
        names = [name for name in folder.modules if name != "setup" and name not in self.choice.by_path]
        names += [name for name in folder.folders if folder.package_init_file(name, self.selection.suffixes)]
        own = self.directory.rstrip("/") + "/"  # what an editable install leads to is checked
        names = [name for name in names if not (self.selection.modules.get(name) or "").startswith(own)]
        if names and not self.choice.named_packages and self.directory not in self.finder.entries:
            self.remarks.notes.append(
                "the working directory %s is not on the import path of the start command: its modules were "
                "not checked (%s)" % (printable_path(self.directory), ", ".join(sorted(names)[:5]))
            )

    def _follow_path_changes(self) -> bool:
        """Note what the code that the start commands load adds to ``sys.path``; whether it adds anything."""
        for command in self.commands:
            # Nix writes into an installer's script where its distributions are.
            files = [self.search.main_files.main_file(command), command.script]
            for target in self.targets:
                found = self.finder.locate_module(target.module)
                own = found and found.path and not self.path.is_third_party(found, target.module)
                if found and own and target.command is command and not (target.alone or target.foreign):
                    files += self.search.main_files.files_that_run(target.module, found.path)
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
                if is_known_tool(target) or names_code(self.path, target.command):
                    raise NothingToImport(
                        "%s. The start command %s is a program of the installed package %s: if that is the "
                        "application, name it with -p %s"
                        % (
                            self.choice.describe_what_is_there(),
                            target.command.text,
                            printable_path(name),
                            target.module.split(".")[0],
                        )
                    )
                target.foreign = False
                self.choice.add_target(target)

    def _describe_entrypoints(self) -> None:
        known = self.selection.modules
        targets = self.targets + management_commands(self.commands, known)
        self.search.targets = [
            target for target in targets if not target.imported_at or target.module in known
        ]
        for target in self.targets:
            is_named = target.attribute and " " not in target.attribute
            attribute = ":%s" % target.attribute if is_named else ""
            self._add_entrypoint(target.command, printable_path(target.module + attribute), target)
        for command in self.commands:
            loads = [target for target in self.targets if target.command is command and not target.is_program]
            if command.secondary or not all(target.foreign or target.alone for target in loads):
                continue
            if command.main_file and loads:
                continue
            self._add_entrypoint(command, None, None)
            why = "start command not understood: %s"
            if command.is_read or command.main_file:
                why = "no module of the application is named by the start command: %s"
            self.remarks.notes.append(why % command.text)
        if not self.commands:
            self.remarks.notes.append("the image has no start command, so no entry point is checked")

    def _add_entrypoint(self, command: StartCommand, text: str | None, target: Target | None) -> None:
        entry = describe_entry_point(command, text, target, self.finder, self.environ)
        if self.request.get("setup") and not entry["is_program"]:
            entry["start"]["own_setup"] = False  # Who names a preparation wants it everywhere.
        if entry not in self.entrypoints:
            self.entrypoints.append(entry)
