"""Which modules the start commands load, and which of them belong to a tool instead of the application."""

from __future__ import annotations

from importguard.probe.files import printable_path, read_text
from importguard.probe.select.distributions import (
    Distribution,
    distributions_named,
    entry_point,
    owning_distribution,
)
from importguard.probe.select.django import settings_of
from importguard.probe.select.known_tools import is_known_tool, names_code
from importguard.probe.select.main_files import MainFiles
from importguard.probe.start.programs import MODULE_OF_TOOL, TOOLS, called_by_script
from importguard.probe.start.start_command import StartCommand, is_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.select.application_path import ApplicationPath
    from importguard.probe.select.finder import Finder, Found

_MOST_IMPORTS = 30


def _lacks_name(package: Found, name: str) -> bool:
    """Whether only a submodule can be meant by ``name``: no statement of ``package`` gives it a value."""
    from importguard.probe.code.bound_names import never_binds

    return bool(package.package and package.path) and never_binds(package.path, name)


class Target:
    """A module that a start command loads, and the attribute of it that it needs.

    ``alone``: it is a server or a worker class: only this module is of interest, not the distribution that it
    belongs to, and where it is absent, importing it says so. ``foreign``: it is the program of an installed
    distribution that may be a tool; what that loads in turn is not known. ``imported_at``: (file, line) of
    the code that runs as ``__main__``, where that imports it. ``runs_again``: that is its own file.
    ``is_program``: it is the program's own module, which is loaded before the program adds any folder to the
    import path.
    """

    def __init__(self, command: StartCommand, module: str, attribute: str | None, alone: bool) -> None:
        self.command = command
        self.module = str(module)
        self.attribute = attribute and str(attribute)
        self.alone = alone
        self.foreign = False
        self.imported_at: tuple[str, int] | None = None
        self.runs_again = False
        self.is_program = False
        self.distribution: Distribution | None = None


class TargetSearch:
    """Finds the targets of the start commands on the application's import path."""

    def __init__(self, path: ApplicationPath) -> None:
        self.path = path
        self.main_files = MainFiles(path)
        self.remarks = path.remarks
        self.targets: list[Target] = []

    @property
    def finder(self) -> Finder:
        """What the start commands have together."""
        return self.path.finder

    def find_targets(self) -> None:
        """Find the targets of all commands, in their order."""
        found: list[Target] = []
        for command in self.path.commands:
            if command.dotenv and self.finder.locate_module("dotenv"):
                command.set_variables(command.dotenv)
            self._resolve_factories(command)
            loaded = self._loaded_by(command)
            found += loaded
            found += self._imported_by_main(command, loaded, [target.module for target in found])
            found += [Target(command, module, attribute, True) for module, attribute in command.workers]
            known = [target.module for target in found]
            found += [target for target in self._program_of(command) if target.module not in known]
        self.targets = [target for target in found if not self._is_absent_branch(target, found)]

    def _program_of(self, command: StartCommand) -> list[Target]:
        """The module of the server or tool that the command runs: without click, uvicorn does not start."""
        program = command.tool if command.tool_program else command.runs
        program = MODULE_OF_TOOL.get(program or "", program)
        is_absent = bool(program and program.isidentifier() and not self.finder.locate_module(program))
        if is_absent:
            return [Target(command, program or "", None, True)]
        targets = []
        for module in [self._module_of_program(command), *command.own_parts]:
            located = self.finder.locate_module(module) if is_dotted(module) else None
            if located and self.path.is_third_party(located, module):
                targets.append(Target(command, module, None, True))
                targets[-1].is_program = True
        return targets

    def _module_of_program(self, command: StartCommand) -> str:
        """The module that a known tool's console script imports, also where ``python -m`` runs the tool."""
        if command.tool not in TOOLS or command.manage:
            return ""
        called = called_by_script(read_text(command.script, 16384) or "") if command.script else None
        declared = None if called else entry_point(self.path.distributions(), command.tool)
        return called[0] if called else (declared or "").partition(":")[0]

    def _resolve_factories(self, command: StartCommand) -> None:
        """Find the functions of PasteDeploy's configuration that distributions name as entry points."""
        for name, groups, factory in command.factories:
            installed = distributions_named(self.path.distributions(), name)
            target = entry_point(installed, factory, groups) or name.lower().replace("-", "_")
            module, _, attribute = target.partition(":")
            if "paste.app_factory" in groups:
                command.add_entry_point(target)
                command.called.append((module, attribute))
            elif is_dotted(module):
                command.workers.append((module, None))
        command.factories = []

    def _loaded_by(self, command: StartCommand) -> list[Target]:
        found = []
        for module, attribute in self._entries(command):
            module, attribute = self._as_imported(command, module, attribute)
            located = self.finder.locate_module(module)
            if located and self.path.is_standard(located):
                self.remarks.notes.append("%s of the start command is in the standard library" % module)
                continue
            target = Target(command, module, attribute, False)
            target.foreign = located is not None and self._is_foreign(target, located)
            found.append(target)
        return found + (self._given(found[0]) if found and found[0].foreign else [])

    def _given(self, tool: Target) -> list[Target]:
        """``module:attribute`` among the arguments of a tool that is not known: it loads that."""
        found = []
        for word in tool.command.argv[1:]:
            module, colon, attribute = word.partition(":")
            located = self.finder.locate_module(module) if colon and is_dotted(module) else None
            if located and located.path and is_dotted(attribute.split("(")[0]):
                found.append(Target(tool.command, module, None, False))
        return [target for target in found if not self.is_standard_module(target.module)]

    def is_standard_module(self, module: str) -> bool:
        """Whether a module is the interpreter's own."""
        located = self.finder.locate_module(module)
        return module in self.path.python.builtin or (located is not None and self.path.is_standard(located))

    def _imported_by_main(
        self, command: StartCommand, loaded: list[Target], known: list[str]
    ) -> list[Target]:
        """What the file that runs as ``__main__`` imports, which is never imported itself, and what the
        functions import that it calls, that a console script calls, or a server (a factory)."""
        found: list[Target] = []
        scripts = [target for target in loaded if command.console and not target.foreign]
        calls = command.called + [(script.module, script.attribute) for script in scripts if script.attribute]
        for (module, attribute, is_sure, line), path in self.main_files.imports_of_main(command, calls):
            inner = "%s.%s" % (module, attribute)
            if attribute and self.finder.locate_module(inner):
                module, attribute = inner, None
            for target in loaded:
                target.runs_again = target.runs_again or target.module == module
            located = self.finder.locate_module(module)
            if command.called:
                absent = self._absent_in_factory(module, attribute, path)
                if absent is None:
                    continue
                module, attribute, located = absent, None, None
            top = self.finder.locate_module(module.split(".")[0])
            is_other = located and (located.portions or self.path.is_standard(located))
            if module in known or module in self.path.python.builtin or is_other:
                continue
            # What a string names is meant where it would be a part of the application's own package.
            is_own = is_sure is False and top is not None and not self.path.is_third_party(top, module)
            is_meant = is_sure or is_own
            if located is None and (not is_meant or (top and self.path.is_standard(top))):
                continue
            if located is None and command.secondary and self.path.finder_of(command).locate_module(module):
                self.remarks.details.append(
                    "%s: %s is on its own import path alone" % (command.text, printable_path(module))
                )
                continue
            alone = located is None or self.path.is_third_party(located, module)
            target = Target(command, module, attribute, alone)
            target.imported_at = (path, line)
            known.append(module)
            found.append(target)
        return found[:_MOST_IMPORTS]

    def _absent_in_factory(self, module: str, attribute: str | None, path: str) -> str | None:
        """The module that a factory in the file at ``path`` imports and the image lacks.

        What is there may need what the factory has made ready by then: it is not judged for it.
        """
        located = self.finder.locate_module(module)
        if "sys.path" in (read_text(path) or ""):
            return None
        if located is None:
            return module
        is_own = not self.path.is_third_party(located, module) and not self.path.is_standard(located)
        if not attribute or not is_own or not _lacks_name(located, attribute):
            return None
        return "%s.%s" % (module, attribute)

    def _is_absent_branch(self, target: Target, found: list[Target]) -> bool:
        """Whether it is of a command that may never run, and is not in the image."""
        command = target.command
        if target.alone or not (command.secondary or command.conditional):
            return False
        if self.finder.locate_module(target.module) is not None or self.is_surely_loaded(target):
            return False
        others = [other for other in found if other is not target and self.finder.locate_module(other.module)]
        if not command.secondary and not others:
            return False
        self.remarks.details.append(
            "%s: %s is not in the image" % (command.text, printable_path(target.module))
        )
        return True

    def is_surely_loaded(self, target: Target) -> bool:
        """Whether its command is sure to run, or runs a module of a package that the image has a part of.

        Another role of the same script may need a program that is in another image.
        """
        command, package = target.command, target.module.rpartition(".")[0]
        if command.secondary and self.path.finder_of(command).locate_module(target.module):
            return False
        located = self.finder.locate_module(package) if package else None
        is_own_part = located is not None and not self.path.is_third_party(located, package)
        return is_own_part or not command.conditional

    def _as_imported(
        self, command: StartCommand, module: str, attribute: str | None
    ) -> tuple[str, str | None]:
        """``python -m package`` runs package.__main__, which cannot be imported to check it: the package is.

        Where there is no ``__main__`` the command cannot run, and that is the module that is missing.
        """
        if command.runs == module:
            found = self.finder.locate_module(module)
            inner = module + ".__main__"
            if found and (found.package or found.portions) and not self.finder.locate_module(inner):
                return inner, attribute
        return module, attribute

    def _entries(self, command: StartCommand) -> list[tuple[str, str | None]]:
        if command.tool == "celery":
            return self._celery_entries(command)
        if command.tool and not command.entries and command.script and not command.is_read:
            target = entry_point(self.path.distributions(), command.tool)
            if target:
                module, _, attribute = target.partition(":")
                command.console = True
                return [(module, attribute or None)]
        if command.tool == "django":
            settings = settings_of(command, self.path.environ)
            return [(settings, None)] if settings else command.entries
        return command.entries

    def _celery_entries(self, command: StartCommand) -> list[tuple[str, str | None]]:
        """What ``-A`` names, and what runs a sub-command of another distribution: ``celery flower``.

        Celery's own are click commands; others are entry points (celery.bin.celery).
        """
        entries = [self._celery(module, attribute) for module, attribute in command.entries]
        distributions = self.path.distributions()
        named = (
            entry_point(distributions, word, ("celery.commands",))
            for word in command.argv[1:]
            if word[:1] != "-"
        )
        for module, _, attribute in (target.partition(":") for target in named if target):
            command.console = command.console or not entries
            entries.append((module, attribute or None))
        return entries

    def _celery(self, module: str, attribute: str | None) -> tuple[str, str | None]:
        """``-A proj`` is proj:app, proj:celery, or the same of proj.celery (celery.app.utils.find_app).

        ``-A tasks.app`` is tasks:app where there is no such module."""
        if attribute:
            return module, attribute
        package, _, name = module.rpartition(".")
        if package and self._is_attribute(package, name):
            return package, name
        inner = self.finder.locate_module(module + ".celery")
        if inner:
            module += ".celery"
        found = inner or self.finder.locate_module(module)
        text = (read_text(found.path) if found and found.path else None) or ""
        for name in ("app", "celery"):
            if any(line.startswith((name + " =", name + "=", name + ":")) for line in text.split("\n")):
                return module, name
        return module, None

    def _is_attribute(self, module: str, name: str) -> bool:
        """Whether ``-A tasks.celery_app`` names an object of tasks.py.

        kombu.utils.imports.symbol_by_name asks for that before it imports a module of this name."""
        found = self.finder.locate_module(module)
        if not found or not found.path or self.finder.locate_module("%s.%s" % (module, name)):
            return False
        return not found.package or name in (read_text(found.path) or "")

    def _is_foreign(self, target: Target, located: Found) -> bool:
        """Whether a program is that of an installed distribution, whose application may be something else.

        What was installed from a folder is the application's own. A module that the command names with
        ``python -m`` is a tool's where it is known as such, or where it is given something to load.
        """
        command = target.command
        if not (command.console or command.runs) or not self.path.is_third_party(located, target.module):
            return False
        target.distribution = owning_distribution(self.path.distributions(), located.path, target.module)
        if target.distribution is not None and target.distribution.is_local_folder():
            return False
        return command.console or is_known_tool(target) or names_code(self.path, command)
