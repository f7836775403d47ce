"""What is known of one start command, and what all readers of a program's arguments need."""

from __future__ import annotations

import os

from importguard.probe.files import printable_path


class StartCommand:
    """One start command that was read.

    ``roots``: folders that it puts on the import path; ``own_roots``: those that Python itself puts there and
    leaves out in safe-path mode (PEP 686's ``-P``); ``platform_roots``: those of ``roots`` that a platform
    brings, with nothing of the application's in them; ``inserted`` and ``appended``: those that the code
    which it runs adds to ``sys.path``. ``entries``: (module, attribute or None) that it loads;
    the attribute ``instance of package:Class`` is any object of the module that is one;
    ``called``: (module, function) of them that it calls before it serves anything, such as a factory, with
    ``arguments`` as it writes them.
    ``script``: the file that it runs, ``runs`` the module that it runs as ``__main__``. ``argv`` is what it
    finds as ``sys.argv``; of a module that runs, the first word is ``-m``, as long as its file is not known.
    ``tool`` is a program's name as it was called, ``is_read`` says that its arguments were understood,
    ``console`` that only the function is known that a console script calls. ``code`` is the text after
    ``python -c``, ``main_file`` a file that the program runs and that no import finds. ``dotenv``: variables
    that it sets only where python-dotenv is installed. ``is_dead``: it stands in a branch of a script that
    does not run as the image is started. ``stdin``: the text that it reads. ``page_folders``: those whose
    files it runs whatever their names are. ``unmade``: what is said of a virtual environment that is made
    at the start. ``factories``: (distribution, groups, name) of entry points that PasteDeploy calls.
    ``own_parts`` are modules of the tool itself that it loads when it starts. ``is_launcher``: its script
    starts other programs when it is imported. ``in_doubt``: programs that were not found, and may be where a
    shell looks for them.
    """

    arguments = "()"

    def __init__(self, text: str, environ: dict[str, str], directory: str) -> None:
        self.text, self.environ = text, environ
        self.dotenv: dict[str, str] = {}
        self.directory = os.path.normpath(directory)
        self.recognised = self.conditional = self.is_dead = False
        self.stdin: str | None = None
        self.secondary = self.beside = self.is_launcher = False
        self.by_runner, self.unmade = False, ""
        self.executable: str | None = None
        self.flags: list[str] = []
        self.argv: list[str] = []
        self.why = ""
        self.missing_program: str | None = None
        self.missing_file: str | None = None  # a configuration file that its arguments name
        self.missing_wrappers: list[str] = []
        self.in_doubt: list[str] = []
        self.tool_program = False
        self.dead_script: str | None = None
        self.script: str | None = None
        self.tool: str | None = None
        self.is_read = False
        self.console = False
        self.code: str | None = None
        self.main_file: str | None = None
        self.runs: str | None = None
        self.roots: list[str] = []
        self.own_roots: list[str] = []
        self.platform_roots: list[str] = []
        self.page_folders: list[str] = []
        self.inserted: list[str] = []
        self.appended: list[str] = []
        self.entries: list[tuple[str, str | None]] = []
        self.called: list[tuple[str, str]] = []
        self.workers: list[tuple[str, str | None]] = []
        self.own_parts: list[str] = []
        self.factories: list[tuple[str, tuple[str, ...], str]] = []
        self.settings: str | None = None
        self.manage: str | None = None
        self.subcommand = ""
        self.notes: list[str] = []

    def resolve_path(self, path: str) -> str:
        """A path as the program would resolve it."""
        return os.path.normpath(os.path.join(self.directory, path))

    def set_variables(self, variables: dict[str, str], override: bool = False) -> None:
        """Set variables that the program itself sets before it loads the application.

        Its Python has started by then: what only the start of a process looks at has no effect any more.
        """
        for name, value in variables.items():
            is_late = name == "PATH" or name.startswith(("PYTHON", "LD_"))
            if not is_late and (override or name not in self.environ):
                self.environ = {**self.environ, name: value}

    def load_environment_file(self, path: str) -> None:
        """Set the variables of a file that its arguments name, for which it needs python-dotenv."""
        from importguard.probe.start.environment_files import read_environment_file

        self.set_variables(read_environment_file(self.resolve_path(path)))
        self.workers.append(("dotenv", None))

    def is_safe_path(self) -> bool:
        """Whether its Python puts nothing of its own on the import path (``-P``, ``-I``, PYTHONSAFEPATH)."""
        asked = "-E" not in self.flags and bool(self.environ.get("PYTHONSAFEPATH"))
        return asked or not {"-P", "-I"}.isdisjoint(self.flags)

    def script_off_path(self, module: str) -> str | None:
        """The script that Python runs as ``module``, where its folder is not on the path of the application.

        Safe-path mode keeps it off; of ``/usr/local/bin``, nothing else is the application's.
        """
        if not self.script or os.path.basename(self.script) != module + ".py":
            return None
        folder = os.path.dirname(os.path.realpath(self.script))
        is_off = self.is_safe_path() or folder not in self.own_roots
        return self.script if is_off and os.path.isfile(self.script) else None

    def add_entry_point(self, target: str, default: str | None = None) -> None:
        """An entry point of the form ``module[:attribute]``; a call's parentheses are no part of its name."""
        module, _, attribute = target.partition(":")
        attribute, call, arguments = attribute.partition("(")
        attribute, self.arguments = attribute.strip(), "({}".format(arguments) if call else "()"
        if is_dotted(module):
            self.entries.append((module, attribute or default))
            self.called += [(module, attribute)] if call else []
        else:
            self.notes.append("%r of the start command is not the name of a module" % printable_path(target))

    def add_script(self, path: str, attribute: str | None = None) -> None:
        """A file in a folder of the import path. ``importlib`` finds names that no statement can write."""
        name, ending = os.path.splitext(os.path.basename(path))
        if ending == ".py" and name and "." not in name:
            self.entries.append((name, attribute))
        else:
            self.notes.append("%s has no name to import it by" % printable_path(path))

    def load_file(self, path: str, attribute: str | None) -> None:
        """A file that a server runs by its path, which puts nothing on the import path.

        It is judged under the name that an import would give it: ``bakerydemo/wsgi.py`` is bakerydemo.wsgi.
        """
        for root in self.roots:
            inner = os.path.relpath(path, root)
            name = os.path.splitext(inner)[0].replace("/", ".")
            if path.endswith(".py") and not inner.startswith("..") and is_dotted(name):
                self.entries.append((name, attribute))
                return
        self.add_script(path, attribute)


def is_dotted(name: str) -> bool:
    """Whether a name is one that an import statement can write."""
    return all(part.isidentifier() for part in name.split("."))


def is_python(name: str) -> bool:
    """Whether a program's name is that of a Python interpreter."""
    for prefix in ("python", "pypy"):
        if name.startswith(prefix):
            return name[len(prefix) :].rstrip("td").strip("0123456789.") == ""
    return False


class Options:
    """Arguments split into options and the rest. ``flags`` are the options without a value."""

    def __init__(self, words: list[str], flags: frozenset[str]) -> None:
        self.values: dict[str, list[str]] = {}
        self.rest: list[str] = []
        at = 0
        while at < len(words):
            item = words[at]
            at += 1
            if item == "--":
                self.rest.extend(words[at:])
                break
            name, equals, value = item.partition("=")
            if not item.startswith("-") or item == "-":
                self.rest.append(item)
                continue
            if not item.startswith("--") and len(item) > 2:
                name, equals, value = item[:2], "=", item[2:].lstrip("=")
            if not equals and name not in flags and at < len(words):
                value = words[at]
                at += 1
            self.values.setdefault(name, []).append(value)

    def last_value(self, *names: str) -> str | None:
        """The value of an option, the last one where it is repeated."""
        found = [value for name in names for value in self.values.get(name, [])]
        return found[-1] if found else None


def load_path(command: StartCommand, target: str, climb: bool) -> None:
    """A module given as a path: its import path begins above the top package (flask.cli.prepare_import)."""
    path, _, attribute = target.partition(":")
    path = path[:-3] if path.endswith(".py") else path
    folder, name = os.path.split(os.path.realpath(command.resolve_path(path)))
    names = [name]
    if name == "__init__":
        folder, names[0] = os.path.split(folder)
    while climb and folder != "/" and os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        names.insert(0, name)
    if folder not in command.roots:
        command.roots.insert(0, folder)
    command.add_entry_point(".".join(names) + ":" + attribute)
