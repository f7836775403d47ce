"""Which modules the start commands load, and which of them belong to a tool instead of the application."""

from __future__ import annotations

import os

from importguard.probe.files import printable_path, read_text
from importguard.probe.select.distributions import Distribution, entry_point, owning_distribution
from importguard.probe.select.django import settings_of
from importguard.probe.select.folder import Folder
from importguard.probe.start.programs import MODULE_OF_TOOL
from importguard.probe.start.start_command import StartCommand, is_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.code.main_code import Loaded
    from importguard.probe.select.application_path import ApplicationPath
    from importguard.probe.select.finder import Finder, Found

_MOST_IMPORTS, _MOST_FILES, _MOST_FUNCTIONS = 30, 60, 20

SERVERS_AND_TOOLS = frozenset(
    (
        "uvicorn gunicorn hypercorn daphne granian waitress celery flask fastapi fastapi_cli django "
        "streamlit shiny functions_framework awslambdaric rq rq_scheduler arq dramatiq huey taskiq sanic "
        "litestar kopf uwsgi mod_wsgi supervisor honcho circus watchfiles watchdog hupper ddtrace "
        "newrelic alembic pip pytest opentelemetry_instrumentation opentelemetry_distro uv poetry pdm "
        "hatch pipenv tox nox coverage debugpy aiohttp robyn blacksheep cherrypy bjoern meinheld twisted "
        "tornado eventlet gevent chainlit gradio panel bokeh voila jupyter jupyter_core jupyterlab "
        "notebook ipython ipykernel faust faust_streaming saq procrastinate nameko locust scrapy bentoml "
        "ray prefect dagster dagster_webserver dbt_core luigi ansible ansible_core aerich yoyo_migrations "
        "python_dotenv dotenv wheel setuptools virtualenv shiv pex gradio_client marimo solara nicegui "
        "reflex mkdocs sphinx twine build ruff mypy black invoke fabric uvloop socketify fastwsgi ipdb "
        "quart faststream fastmcp mcp scrapyd bottle cheroot pgqueuer streaq "
        "py_spy memray scalene viztracer sentry_cli awscli httpie pyinfra"
    ).split()
)
"""Distributions that load an application which is somewhere else: never one themselves."""


class Target:
    """A module that a start command loads, and the attribute of it that it needs.

    ``alone``: it is a server or a worker class: only this module is of interest, not the distribution that it
    belongs to, and where it is absent, importing it says so. ``foreign``: it is the program of an installed
    distribution that may be a tool; what that loads in turn is not known. ``imported_at``: (file, line) of
    the code that runs as ``__main__``, where that imports it. ``runs_again``: that is its own file.
    """

    def __init__(self, command: StartCommand, module: str, attribute: str | None, alone: bool) -> None:
        self.command = command
        self.module = str(module)
        self.attribute = attribute and str(attribute)
        self.alone = alone
        self.foreign = False
        self.imported_at: tuple[str, int] | None = None
        self.runs_again = False
        self.distribution: Distribution | None = None


class TargetSearch:
    """Finds the targets of the start commands on the application's import path."""

    def __init__(self, path: ApplicationPath) -> None:
        self.path = path
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
            loaded = self._loaded_by(command)
            found += loaded
            found += self._imported_by_main(command, loaded, [target.module for target in found])
            found += [Target(command, module, attribute, True) for module, attribute in command.workers]
            program = command.tool if command.tool_program else command.runs
            program = MODULE_OF_TOOL.get(program or "", program)
            if program and program.isidentifier() and not self.finder.locate_module(program):
                if program not in [target.module for target in found]:
                    found.append(Target(command, program, None, True))
        self.targets = [target for target in found if not self._is_absent_branch(target, found)]

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
        functions import that it calls, or that a console script calls."""
        found: list[Target] = []
        scripts = [target for target in loaded if command.console and not target.foreign]
        calls = [(target.module, target.attribute) for target in scripts if target.attribute]
        for (module, attribute, is_sure, line), path in self._imports_of_main(command, calls):
            inner = "%s.%s" % (module, attribute)
            if attribute and self.finder.locate_module(inner):
                module, attribute = inner, None
            for target in loaded:
                target.runs_again = target.runs_again or target.module == module
            located = self.finder.locate_module(module)
            top = self.finder.locate_module(module.split(".")[0])
            if module in known or module in self.path.python.builtin or (located and located.portions):
                continue
            # What a string names is meant where it would be a part of the application's own package.
            is_meant = is_sure or (top is not None and not self.path.is_third_party(top, module))
            if located is None and (not is_meant or (top and self.path.is_standard(top))):
                continue
            if located is None and command.secondary and self.path.finder_of(command).locate_module(module):
                self.remarks.details.append(
                    "%s: %s is on its own import path alone" % (command.text, printable_path(module))
                )
                continue
            if located and self.path.is_standard(located):
                continue
            alone = located is None or self.path.is_third_party(located, module)
            target = Target(command, module, attribute, alone)
            target.imported_at = (path, line)
            known.append(module)
            found.append(target)
        return found[:_MOST_IMPORTS]

    def _imports_of_main(
        self, command: StartCommand, calls: list[tuple[str, str]]
    ) -> list[tuple[Loaded, str]]:
        """What ``MainCode`` says is loaded, each with the file that loads it ("" of a command's own code)."""
        text, path, package, whole = command.code, "", "", True
        if text is None:
            path, package, whole = self._main_of(command)
            text = read_text(path) if path else None
        loaded, called = _run_by(text, package, whole)
        found = [(load, path) for load in loaded]
        waiting = [*calls, *called]
        seen: set[tuple[str, str]] = set()
        while waiting and len(seen) < _MOST_FUNCTIONS:
            call = module, function = waiting.pop(0)
            located = self.finder.locate_module(module)
            if call in seen or not located or not (located.path or "").endswith(".py"):
                continue
            seen.add(call)
            if not self.path.is_third_party(located, module) and not self.path.is_standard(located):
                package = module if located.package else module.rpartition(".")[0]
                loaded, called = _run_by(read_text(located.path), package, False, function)
                found += [(load, located.path or "") for load in loaded]
                waiting += called
        return found

    def _main_of(self, command: StartCommand) -> tuple[str, str, bool]:
        """(own file that runs as ``__main__`` or "", its package, whether no import runs it)."""
        if command.main_file:
            return command.main_file, "", True
        if command.is_read or command.console:
            return "", "", False
        name = command.runs or ""
        located = self.finder.locate_module(name) if name else None
        if located and (located.package or located.portions):
            inner = self.finder.locate_module(name + ".__main__")
            runs = inner is not None and inner.path.endswith(".py") and not self.path.is_standard(inner)
            return (inner.path, name, True) if inner and runs else ("", "", False)
        path = located.path if located else command.script
        if not path or not path.endswith(".py") or (located and self.path.is_standard(located)):
            return "", "", False
        return path, name.rpartition(".")[0], False

    def main_file(self, command: StartCommand) -> str:
        """The file of the application's that runs as ``__main__``, or nothing."""
        return self._main_of(command)[0]

    def files_that_run(self, module: str, path: str) -> list[str]:
        """The files that run when a module is imported: packages above it, what it imports itself, and it."""
        parts = module.split(".")
        names = [".".join(parts[:count]) for count in range(1, len(parts))]
        text = read_text(path, 1 << 19) or ""
        if "sys.path" not in text and path.endswith(".py"):
            from importguard.probe.code.quick_scan import mentioned_modules

            names += mentioned_modules(module, path)
        modules = [self.finder.locate_module(name) for name in names[:_MOST_FILES]]
        own = [
            module.path
            for module in modules
            if module and not self.path.is_third_party(module, "") and not self.path.is_standard(module)
        ]
        return [*filter(None, own), path]

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
            return [self._celery(module, attribute) for module, attribute in command.entries]
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

    # Tools

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
        return command.console or self.is_known_tool(target) or self.names_code(command)

    def is_known_tool(self, target: Target) -> bool:
        """Whether the distribution of a target is known to load other people's applications."""
        name = target.distribution.name if target.distribution else target.module.split(".")[0]
        return name.lower().replace("-", "_").replace(".", "_") in SERVERS_AND_TOOLS

    def names_code(self, command: StartCommand) -> bool:
        """Whether an argument is a file or a folder with Python, or ``module:attribute``."""
        for word in command.argv[1:]:
            for text in (word, word.partition("=")[2]):
                if text and not text.startswith("-") and self._is_code(command, str(text)):
                    return True
        return False

    def _is_code(self, command: StartCommand, text: str) -> bool:
        module, colon, attribute = text.partition(":")
        if colon and is_dotted(module) and is_dotted(attribute.split("(")[0]):
            return self.finder.locate_module(module) is None or not command.console
        path = command.resolve_path(text)
        if text.endswith(".py") and os.path.isfile(path):
            return True
        if "/" in text and os.path.isdir(path):
            return bool(Folder(path, []).modules)
        found = self.finder.locate_module(text) if is_dotted(text) else None
        return found is not None and bool(found.path) and not self.path.is_third_party(found, text)


def _run_by(
    text: str | None, package: str, whole: bool, function: str = ""
) -> tuple[list[Loaded], list[tuple[str, str]]]:
    """See ``MainCode``: what is loaded, and which functions of other files are called."""
    if not text or ("import" not in text and ".run(" not in text):
        return [], []
    from importguard.probe.code.main_code import MainCode

    code = MainCode(text, package, whole, function)
    return code.loaded, code.calls
