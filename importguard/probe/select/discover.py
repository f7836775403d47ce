"""What is to be imported in this image, by which Python, with which import path, and what it starts with.

Everything is worked out from the image's configuration and its files, with one question to the interpreter;
no application code is imported.
"""

from __future__ import annotations

import os

from importguard.probe.code.path_changes import read_path_changes
from importguard.probe.files import printable_path
from importguard.probe.select.distributions import (
    Distribution,
    editable_mapping,
    installed_distributions,
    owning_distribution,
)
from importguard.probe.select.django import VARIABLE, find_preparation
from importguard.probe.select.duplicate_names import other_names
from importguard.probe.select.entry_points import describe_entry_point, management_commands, unique_texts
from importguard.probe.select.finder import Finder, Found
from importguard.probe.select.imported_tests import take_imported_tests
from importguard.probe.select.installed import is_installed_folder, is_site, lies_below_site
from importguard.probe.select.scene import Scene
from importguard.probe.select.selection import SYSTEM, Folder, Selection, TooMuch, is_versions
from importguard.probe.select.targets import Target, TargetSearch
from importguard.probe.start.interpreter import Interpreter, NoInterpreter, notes_on_others
from importguard.probe.start.launch import Launch
from importguard.probe.start.programs import MODULE_OF_TOOL
from importguard.probe.start.start_command import StartCommand

_ENVIRONMENT = frozenset(["bin", "lib", "lib64", "include", "share"])
_KERNEL = frozenset(["proc", "sys", "dev"])

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from importguard.probe.values import (
        Discovered,
        EntryPointValues,
        Preparation,
        Request,
        StartProblemValues,
    )


class NothingToImport(Exception):
    """No module was selected; the message says where it looked and what is there."""


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
    return search.result_for_host(error), search.build_scene()


class Discovery:
    """The steps of one discovery, and what they found."""

    def __init__(self, request: Request, launch: Launch) -> None:
        self.request = request
        self.launch = launch
        self.environ = launch.environ
        self.directory = launch.directory
        self.commands = launch.commands
        self.interpreter: Interpreter | None = None
        self.import_path: list[str] = []
        self.appended_path: list[str] = []
        self.entrypoints: list[EntryPointValues] = []
        self.setup: Preparation | None = None
        self.notes: list[str] = []
        self.details: list[str] = []
        self.selection = Selection([], False, [])
        self.finder = Finder([], self.selection)
        self.installed: list[Distribution] | None = None
        self.targets: list[Target] = []
        self.foreign: dict[str, set[str]] = {}
        self.by_path: dict[str, str] = {}
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
        self._set_path(self._roots(python))
        self.targets = self._find_targets()
        if self._follow_path_changes():
            self._set_path(self._roots(python))
            self.targets = self._find_targets()
        self._add_directories_of_tools()
        self._select()
        if not self._holds_own() and self._may_add_directory():
            self.notes.append(
                "the start command's import path holds no modules; the working directory %s was added"
                % printable_path(self.directory)
            )
            self._set_path([*self.import_path, self.directory])
            self._select()
        if not self._holds_own() and not self._packages():
            self._take_installed()
        self._entrypoints()
        self._not_on_the_path()
        self.setup = find_preparation(self.request.get("setup"), self.commands, self.finder, self.environ)
        if not self._holds_own():
            raise NothingToImport(self._nothing())

    def _add_directories_of_tools(self) -> None:
        """A tool that is not known is taken to load what lies in its working directory, as most do."""
        assert self.interpreter is not None
        commands = [target.command for target in self.targets if target.foreign]
        folders = [command.directory for command in commands if not command.secondary]
        if folders and not self._packages() and not self.interpreter.safe_path:
            self._set_path(unique_texts([*self.import_path, *folders]))

    def _may_add_directory(self) -> bool:
        """Whether the working directory is still to be tried.

        Not where the user named what to check, nor where the start command would fail without it.
        """
        assert self.interpreter is not None
        asked = self._packages() or self.interpreter.safe_path or self.directory in self.import_path
        return not asked and all(self.finder.locate_module(target.module) for target in self.targets)

    def _not_on_the_path(self) -> None:
        """Say what a look at the image would make one expect to be checked, and is not."""
        folder = self.selection.list_folder(self.directory)
        names = [name for name in folder.modules if name != "setup" and name not in self.by_path]
        names += [name for name in folder.folders if folder.package_init_file(name, self.selection.suffixes)]
        if names and not self._packages() and self.directory not in self.finder.entries:
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

    def _roots(self, python: Interpreter) -> list[str]:
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

    def _set_path(self, roots: list[str]) -> None:
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

    # Selection

    def _packages(self) -> list[str]:
        return list(self.request.get("packages") or [])

    def _select(self) -> None:
        setup = find_preparation(self.request.get("setup"), self.commands, self.finder, self.environ)
        self.selection.has_migrations = setup is not None and self.finder.locate_module("django") is not None
        for name in self._packages():
            self._add_named(name)
            for target in self.targets:
                # Its program is no tool where the user says that it is the application.
                target.foreign = target.foreign and not (target.module + ".").startswith(name + ".")
        roots = self._application_roots()
        self.selection.boundaries = frozenset(root for root in roots if not self._reached_from_above(root))
        folders = [self.selection.list_folder(root) for root in roots]
        self.selection.walk_package(self.selection.add_folder_contents("", folders, allowed=self._allowed))
        for name in self.finder.mapping:
            self._add_unit(name)
        for distribution in self._distributions():
            if distribution.is_local_folder():
                self._add_distribution(distribution, "installed from a folder")
        for target in self.targets:
            self._add_target(target)
        take_imported_tests(self.selection)
        self._keep_one_name(setup["environ"].get(VARIABLE) if setup else None)
        if self._packages():
            self.selection.narrow_to_packages([*self._packages(), *self._installed_targets()])

    def _installed_targets(self) -> list[str]:
        """What the start loads and nobody would ask for: ``gunicorn -k uvicorn.workers.UvicornWorker``."""
        located = [(target.module, self.finder.locate_module(target.module)) for target in self.targets]
        return [module for module, found in located if found and self._is_third_party(found, module)]

    def _keep_one_name(self, settings: str | None) -> None:
        """Judge a file under the name by which production imports it, and say which other it could have."""
        named = self._packages() + [target.module for target in self.targets]
        others = other_names(self.selection.modules, named, settings)
        for name in others:
            if name not in named:
                del self.selection.modules[name]
        if others:
            name, kept = sorted(others.items())[0]
            count = "1 file is" if len(others) == 1 else "%d files are" % len(others)
            self.notes.append(
                "%s judged under the name that the application imports: %s, which could be imported as %s too"
                % (count, printable_path(kept), printable_path(name))
            )

    def _reached_from_above(self, root: str) -> bool:
        """Whether an entry point names a module below this root by its longer name (``src.pkg.main``)."""
        for target in self.targets:
            found = self.finder.locate_module(target.module)
            if found and found.path.startswith(root + "/"):
                depth = found.path[len(root) + 1 :].count("/") + (0 if found.package else 1)
                if len(target.module.split(".")) > depth:
                    return True
        return False

    def _application_roots(self) -> list[str]:
        assert self.interpreter is not None
        found = []
        for entry in self.finder.entries:
            third_party = self._is_installed_code(entry) or (
                entry not in self.import_path and lies_below_site(entry)
            )
            if not third_party and not self.interpreter.is_standard(entry):
                found.append(entry)
        return found

    def _allowed(self, folder: Folder, name: str) -> bool:
        """Whether a name in an application root is the application's, and is what an import would find."""
        assert self.interpreter is not None
        targets = [target for target in self.targets if target.module.split(".")[0] == name]
        target = bool(targets)
        if name in folder.folders and name in SYSTEM.get(folder.path, ()) and (name in _KERNEL or not target):
            return False
        if name in _ENVIRONMENT and "pyvenv.cfg" in folder.names:
            return False
        if name == "__main__":
            return True  # and left out: it runs
        if name in self._foreign(folder) and all(target.alone or target.foreign for target in targets):
            return False
        own = folder.path_of_entry(name)
        shown_path = folder.path_of_entry(folder.modules.get(name, name))
        origin = self.interpreter.loaded.get(name)
        if name in self.interpreter.builtin or (origin is not None and not origin.startswith(own)):
            return self._refuse(
                self.notes, shown_path, "%r is a module that the interpreter itself has loaded already" % name
            )
        found = self.finder.locate_module(name)
        if found and not found.portions and not found.path.startswith(own) and own not in found.extended:
            self._add_revisions(folder, name)
            return self._refuse(
                self.details, shown_path, "%r is found first in %s" % (name, printable_path(found.path))
            )
        return True

    def _add_revisions(self, folder: Folder, name: str) -> None:
        """Those of an Alembic environment, loaded by their paths: ``alembic`` itself hides its folder."""
        versions = self.selection.list_folder(folder.path_of_entry(name) + "/versions")
        if versions.identity is None or not is_versions(versions):
            return
        for file in sorted(versions.names):
            stem, _, ending = file.partition(".")
            if ending == "py" and stem and stem != "__init__":
                revision = "%s/versions/%s" % (name, stem)
                self.by_path[revision] = versions.path_of_entry(file)
                self.selection.add_module(revision, versions.path_of_entry(file))

    def _refuse(self, to: list[str], path: str, why: str) -> bool:
        to.append("%s can never be imported: %s" % (printable_path(path), printable_path(why)))
        return False

    def _foreign(self, folder: Folder) -> set[str]:
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

    def _add_distribution(self, distribution: Distribution, why: str) -> None:
        units = distribution.top_modules()
        self.details.append(
            "distribution %s (%s): %s" % (printable_path(distribution.name), why, ", ".join(units))
        )
        for name in units:
            self._add_unit(name)

    def _add_unit(self, name: str) -> None:
        """A package or module with everything below it, if an import finds it at all."""
        found = self.finder.locate_module(name)
        if found is None:
            return
        if found.portions:
            self.selection.add_namespace(name, found.portions)
        elif found.package:
            self.selection.add_package(name, found.path)
        else:
            self.selection.add_module(name, found.path)

    def _add_named(self, name: str) -> None:
        found = self.finder.locate_module(name)
        if found is None:
            near = self.finder.similar_names(name)
            raise NothingToImport(
                "package %r (-p) was not found on the import path (%s)%s"
                % (
                    printable_path(name),
                    ", ".join(printable_path(entry) for entry in self.finder.entries),
                    "; near names: " + ", ".join(near) if near else "",
                )
            )
        self._add_unit(name)
        if not found.portions:
            self.selection.force_module(name, found.path)

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

    def _finder_of(self, command: StartCommand) -> Finder:
        """What this command alone would find."""
        assert self.interpreter is not None
        roots = command.inserted + command.roots + command.own_roots + self._own_python_path(command)
        return Finder(unique_texts([*roots, *self.interpreter.path, *command.appended]), self.selection)

    def _is_third_party(self, found: Found, module: str) -> bool:
        """Whether a module was installed, in site-packages or beside the application."""
        if not found.entry:
            return False
        return self._is_installed_code(found.entry) or module.split(".")[0] in self._foreign(
            self.selection.list_folder(found.entry)
        )

    def _is_installed_code(self, entry: str) -> bool:
        """Whether an entry of the import path holds nothing of the application's, but what was installed."""
        return is_installed_folder(entry, self._platform_roots())

    def _platform_roots(self) -> list[str]:
        return [root for command in self.commands for root in command.platform_roots]

    def _is_standard(self, found: Found) -> bool:
        assert self.interpreter is not None
        return bool(found.entry) and self.interpreter.is_standard(found.entry)

    def _add_target(self, target: Target) -> None:
        """The module of a target with what belongs to it; an absent one is imported all the same.

        Not that of a command that may never run: the report says that it could not be verified.
        """
        module, found = target.module, self.finder.locate_module(target.module)
        script = target.command.script_off_path(module)
        if found is None and script:
            self.by_path[module] = script
            self.selection.force_module(module, script)
        elif found is None and (target.alone or self.search.is_surely_loaded(target)):
            self.selection.force_module(module, None)
        if found is None or found.portions:
            return
        if not target.alone and not target.foreign and self._is_third_party(found, module):
            distribution = owning_distribution(self._distributions(), found.path, module)
            if distribution:
                self._add_distribution(distribution, "owns the entry point %s" % module)
            else:
                self._add_unit(module.split(".")[0])
        self.selection.force_module(module, found.path)

    def _is_told_as_module(self, problem: StartProblemValues | None) -> bool:
        """Whether the program is a tool whose module is missing, too: that is what is to be installed."""
        name = os.path.basename(problem["program"]) if problem and problem["why"] == "absent" else ""
        absent = [target.module for target in self.targets if not self.finder.locate_module(target.module)]
        return bool(name) and MODULE_OF_TOOL.get(name, name) in absent

    def _holds_own(self) -> bool:
        """Whether anything of the application's is to be imported, or would be if it were there.

        Of a script that no import finds, what it imports is judged in its place.
        """
        if any(target.imported_at and target.command.main_file for target in self.targets):
            return True
        tools = {target.module for target in self.targets if target.alone or target.foreign}
        return not tools.issuperset(self.selection.modules)

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
                            self._nothing(),
                            target.command.text,
                            printable_path(name),
                            target.module.split(".")[0],
                        )
                    )
                target.foreign = False
                self._add_target(target)

    def _entrypoints(self) -> None:
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

    # Results

    def _nothing(self) -> str:
        looked = []
        for root in self._application_roots():
            folder = self.selection.list_folder(root)
            names = sorted(folder.names)
            there = (
                "does not exist"
                if folder.identity is None
                else "empty"
                if not names
                else ", ".join(names[:8])
            )
            more = " and %d more" % (len(names) - 8) if len(names) > 8 else ""
            looked.append("%s (%s%s)" % (printable_path(root), printable_path(there), more))
        skipped = "; %d modules were left out" % len(self.selection.skipped) if self.selection.skipped else ""
        return "nothing to import: no application modules in %s%s; name packages with -p" % (
            "; ".join(looked) or "any folder of the import path",
            skipped,
        )

    def build_scene(self) -> Scene | None:
        """The application in its image, with the environment and the folder of its start command."""
        if self.interpreter is None:
            return None
        main = self.commands[0] if self.commands else None
        environ, directory = (main.environ, main.directory) if main else (self.environ, self.directory)
        roots = self._platform_roots()
        scene = Scene(self.interpreter, self.finder, self.import_path, environ, directory, roots)
        scene.add_modules(self.selection.modules.items())
        scene.add_modules((name, path) for name, (path, _) in self.selection.skipped.items())
        return scene

    def result_for_host(self, error: str | None) -> Discovered:
        """The answer, as the contract between probe and host has it."""
        python = self.interpreter
        main = self.commands[0] if self.commands else None
        changed = {} if main is None else main.environ
        answer = {
            "interpreter": None
            if python is None
            else {
                "executable": python.executable,
                "flags": python.flags,
                "version": python.version,
                "implementation": python.implementation_name,
                "why": printable_path(python.why),
            },
            "import_path": self.import_path,
            "appended_path": self.appended_path,
            "search_path": self._application_roots() if python else [],
            "entrypoints": self.entrypoints,
            "setup": self.setup,
            "by_path": self.by_path,
            "problem": None if self._is_told_as_module(self.problem) else self.problem,
            "directory": main.directory if main else self.directory,
            "environ": {key: value for key, value in changed.items() if self.environ.get(key) != value},
            "notes": unique_texts(self.notes),
            "details": unique_texts(self.details),
            "error": error,
        }
        told: Discovered = _plain(answer)
        # Lists, as JSON makes them of the tuples that the type has.
        modules: Any = [
            [name, path and printable_path(path)] for name, path in sorted(self.selection.modules.items())
        ]
        skipped: Any = [
            [printable_path(name), printable_path(path), reason]
            for name, (path, reason) in sorted(self.selection.skipped.items())
        ]
        told["modules"], told["skipped"] = modules, skipped
        return told


def _plain(value: Any) -> Any:
    """The same in exact built-in types: ``marshal`` takes no words of a command (a subclass of ``str``)."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
