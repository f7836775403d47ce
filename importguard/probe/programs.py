"""What programs load: Python itself, and what is known of others.

A reader takes a ``StartCommand`` and the arguments, and fills in the import path and the entry points. It
looks at files where the program would, and imports nothing.
"""

from __future__ import annotations

import os

from importguard.probe.files import read_text, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Callable


class StartCommand:
    """One start command that was read.

    ``roots``: folders that it puts on the import path; ``own_roots``: those that Python itself puts there and
    leaves out in safe-path mode (PEP 686's ``-P``); ``inserted`` and ``appended``: those that the code which
    it runs adds to ``sys.path``. ``entries``: (module, attribute or None) that it loads.
    ``script``: the file that it runs, ``runs`` the module that it runs as ``__main__``. ``argv`` is what it
    finds as ``sys.argv``; of a module that runs, the first word is ``-m``, as long as its file is not known.
    ``tool`` is a program's name as it was called, ``is_read`` says that its arguments were understood,
    ``console`` that only the function is known that a console script calls. ``code`` is the text after
    ``python -c``, ``main_file`` a file that the program runs and that no import finds.
    """

    def __init__(self, text: str, environ: dict[str, str], directory: str) -> None:
        self.text = text
        self.environ = environ
        self.directory = os.path.normpath(directory)
        self.recognised = False
        self.conditional = False
        self.secondary = False
        self.beside = False
        self.executable: str | None = None
        self.flags: list[str] = []
        self.argv: list[str] = []
        self.why = ""
        self.missing_program: str | None = None
        self.missing_wrappers: list[str] = []
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
        self.inserted: list[str] = []
        self.appended: list[str] = []
        self.entries: list[tuple[str, str | None]] = []
        self.workers: list[tuple[str, str | None]] = []
        self.settings: str | None = None
        self.manage: str | None = None
        self.subcommand = ""
        self.notes: list[str] = []

    def join(self, path: str) -> str:
        """A path as the program would resolve it."""
        return os.path.normpath(os.path.join(self.directory, path))

    def is_safe_path(self) -> bool:
        """Whether its Python puts nothing of its own on the import path (``-P``, ``-I``, PYTHONSAFEPATH)."""
        asked = "-E" not in self.flags and bool(self.environ.get("PYTHONSAFEPATH"))
        return asked or not {"-P", "-I"}.isdisjoint(self.flags)

    def load(self, target: str, default: str | None = None) -> None:
        """An entry point of the form ``module[:attribute]``; a call's parentheses are no part of its name."""
        module, _, attribute = target.partition(":")
        attribute = attribute.split("(", 1)[0].strip()
        if is_dotted(module):
            self.entries.append((module, attribute or default))
        else:
            self.notes.append("%r of the start command is not the name of a module" % shown(target))

    def load_script(self, path: str, attribute: str | None = None) -> None:
        """A file in a folder of the import path. ``importlib`` finds names that no statement can write."""
        name, ending = os.path.splitext(os.path.basename(path))
        if ending == ".py" and name and "." not in name:
            self.entries.append((name, attribute))
        else:
            self.notes.append("%s has no name to import it by" % shown(path))


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

    def last(self, *names: str) -> str | None:
        """The value of an option, the last one where it is repeated."""
        found = [value for name in names for value in self.values.get(name, [])]
        return found[-1] if found else None


_PYTHON_FLAGS = frozenset("bBEIOPRsSu")


def read_python(command: StartCommand, words: list[str], name: str = "") -> None:
    """Python's own command line (docs.python.org, "Command line and environment")."""
    command.recognised = True
    words = list(words)
    while words and words[0].startswith("-") and words[0] != "-":
        item = words.pop(0)
        if item == "--check-hash-based-pycs" and words:
            command.flags += [item, words.pop(0)]
        if item.startswith("--"):
            continue
        mode, value = _python_letters(command, item[1:], words)
        if mode == "m":
            _read_module(command, value, words)
            return
        if mode == "c":
            command.own_roots.append(command.directory)
            command.argv = ["-c", *words]
            command.code = value
            return
    if not words or words[0] == "-":
        command.recognised = False
        return
    _read_file(command, words[0], words[1:], name)


def _python_letters(command: StartCommand, letters: str, words: list[str]) -> tuple[str, str]:
    """Short options, several in one word (``-OOm``); the mode "m" or "c" with its operand ends them."""
    for at, letter in enumerate(letters):
        if letter in "mcWX":
            value = letters[at + 1 :] or (words.pop(0) if words else "")
            if letter in "mc":
                return letter, value
            command.flags += ["-" + letter, value]
            break
        if letter in _PYTHON_FLAGS:
            command.flags.append("-" + letter)
    return "", ""


def _read_module(command: StartCommand, module: str, words: list[str]) -> None:
    """``python -m module``: the working directory comes first on the import path."""
    command.own_roots.append(command.directory)
    command.runs = module
    command.argv = ["-m", *words]
    if module in MODULE_WRAPPERS:
        rest = _after_wrapper(words, MODULE_WRAPPERS[module])
        command.workers.append((module, None))
        if rest[:1] == ["-m"] and len(rest) > 1:
            _read_module(command, rest[1], rest[2:])
        elif rest:
            _read_file(command, rest[0], rest[1:], "")
        return
    name = module[: -len(".__main__")] if module.endswith(".__main__") else module
    if name in MODULES and read_tool(command, MODULES[name], words):
        return
    if is_dotted(name):
        command.entries.append((name, None))


def _after_wrapper(words: list[str], values: frozenset[str]) -> list[str]:
    """What follows a debugger's or profiler's own options; ``-m`` belongs to what it runs."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "-m":
        at += 2 if words[at] in values else 1
    if words[at : at + 1] == ["run"]:
        return _after_wrapper(words[at + 1 :], values)
    return words[at:]


def _read_file(command: StartCommand, target: str, words: list[str], name: str) -> None:
    """``python path/to/file.py``: the folder of the file comes first on the import path, links resolved."""
    path = command.join(target)
    command.script = path
    command.argv = [target, *words]
    name = name or os.path.basename(target)
    if read_tool(command, name, words):
        return
    if not name.endswith(".py"):
        from importguard.probe.archives import is_archive, read_archive

        if is_archive(path) or os.path.isfile(path + "/PEX-INFO"):
            read_archive(command, path)
            return
    if os.path.isdir(path):
        command.own_roots.append(path)
        command.runs = "__main__"
        return
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.basename(folder) not in ("bin", "sbin"):
        command.own_roots.append(folder)
    if name.endswith(".py"):
        if name == "manage.py" or _mentions(path, "execute_from_command_line"):
            from importguard.probe.web_servers import read_django

            read_django(command, words)
            command.manage = path
        command.load_script(path)
    elif not _console_script(command, path):
        command.main_file = path  # an application's own script, named without .py: ``COPY app.py /bin/app``


def _mentions(path: str, text: str) -> bool:
    return text in (read_text(path, 16384) or "")


def _console_script(command: StartCommand, path: str) -> bool:
    """A script that an installer wrote: ``from package.module import function`` and its call."""
    text = read_text(path, 16384) or ""
    at = text.find("load_entry_point('")
    if at >= 0:
        values = text[at:].split(")", 1)[0].split("'")[1::2]
        command.tool = values[2] if len(values) == 3 else None
        return command.tool is not None
    for line in text.split("\n"):
        parts = line.split()
        if len(parts) >= 4 and parts[0] == "from" and parts[2] == "import" and is_dotted(parts[1]):
            call = _call_of(text, parts[3])
            if call:
                command.entries.append((parts[1], call))
                command.console = True
                return True
    return False


def _call_of(text: str, name: str) -> str | None:
    """``name`` or ``name.method`` of ``sys.exit(name())``, as installers write it."""
    at = text.find("exit(" + name, text.find("import " + name))
    if at < 0:
        return None
    at += len("exit")
    end = at + 1
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    called = text[at + 1 : end]
    return called if called.split(".")[0] == name else None


# Servers and other tools

_TABLES = {
    "web_servers": "uvicorn gunicorn hypercorn daphne granian waitress-serve flask fastapi django-admin "
    "streamlit chainlit gradio sanic litestar uwsgi mod_wsgi-express",
    "task_workers": "celery rq rqworker arq dramatiq huey_consumer huey_consumer.py taskiq kopf faust "
    "procrastinate saq alembic",
    "platforms": "lambda-entrypoint.sh awslambdaric functions-framework functions-framework-python "
    "functions_framework functions_framework_python ff",
}
TOOLS = {name: table for table, names in _TABLES.items() for name in names.split()}
"""Programs whose arguments say what is loaded, and the table that reads them, which is loaded then."""
MODULES = {name: name for name in TOOLS if name.isidentifier() and name != "ff"}
MODULES.update(
    {
        "waitress": "waitress-serve",
        "django": "django-admin",
        "rq.cli": "rq",
        "huey.bin.huey_consumer": "huey_consumer",
    }
)
MODULE_OF_TOOL = {
    "ff": "functions_framework",
    "functions_framework_python": "functions_framework",
    "functions-framework": "functions_framework",
    "functions-framework-python": "functions_framework",
    "waitress-serve": "waitress",
    "django-admin": "django",
    "huey_consumer": "huey",
    "huey_consumer.py": "huey",
    "rqworker": "rq",
}
"""The module of a program that has another name."""
MODULE_WRAPPERS = {
    "debugpy": frozenset(["--listen", "--connect", "--log-to", "--pid"]),
    "cProfile": frozenset(["-o", "-s"]),
    "coverage": frozenset(["--rcfile", "--source", "--include", "--omit", "--data-file"]),
}


def read_tool(command: StartCommand, name: str, words: list[str]) -> bool:
    """Read the arguments of a known tool; False where the name is none."""
    if name not in TOOLS:
        return False
    command.recognised = command.is_read = True
    command.tool = name
    _readers(TOOLS[name])[name](command, words)
    return True


def _readers(table: str) -> Mapping[str, Callable[[StartCommand, list[str]], None]]:
    """The readers of one table, by the names of the programs."""
    if table == "web_servers":
        from importguard.probe.web_servers import READERS as found
    elif table == "task_workers":
        from importguard.probe.task_workers import READERS as found
    else:
        from importguard.probe.platforms import READERS as found
    return found


def load_path(command: StartCommand, target: str, climb: bool) -> None:
    """A module given as a path: its import path begins above the top package (flask.cli.prepare_import)."""
    path, _, attribute = target.partition(":")
    path = path[:-3] if path.endswith(".py") else path
    folder, name = os.path.split(os.path.realpath(command.join(path)))
    names = [name]
    if name == "__init__":
        folder, names[0] = os.path.split(folder)
    while climb and folder != "/" and os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        names.insert(0, name)
    if folder not in command.roots:
        command.roots.insert(0, folder)
    command.load(".".join(names) + ":" + attribute)
