"""What programs load: Python itself, and what is known of others.

A reader takes a ``StartCommand`` and the arguments, and fills in the import path and the entry points. It
looks at files where the program would, and imports nothing.
"""

from __future__ import annotations

import os

from importguard.probe.files import read_text
from importguard.probe.start.start_command import StartCommand, is_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Callable


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
        command.recognised = command.stdin is not None
        command.own_roots.append(command.directory)
        command.argv = words or [""]
        command.code = command.stdin
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
    path = command.resolve_path(target)
    command.script = path
    command.argv = [target, *words]
    name = name or os.path.basename(target)
    if read_tool(command, name, words):
        return
    if not name.endswith(".py"):
        from importguard.probe.start.archives import is_archive, read_archive

        if is_archive(path) or os.path.isfile(path + "/PEX-INFO"):
            read_archive(command, path)
            return
    if os.path.isdir(path):
        command.own_roots.append(path)
        command.runs = "__main__"
        if os.path.isfile(path + "/__main__.py"):
            command.main_file = path + "/__main__.py"
        return
    folder = os.path.dirname(os.path.realpath(path))
    if not _is_of_programs(folder):
        command.own_roots.append(folder)
    if name.endswith(".py"):
        if name == "manage.py" or _runs_django(path):
            from importguard.probe.start.web_servers import read_django

            read_django(command, words)
            command.manage = path
        command.add_script(path)
    elif not _console_script(command, path):
        command.main_file = path  # an application's own script, named without .py: ``COPY app.py /bin/app``


def _is_of_programs(folder: str) -> bool:
    """Whether what lies there are the system's or an environment's programs, none of them the application."""
    if os.path.basename(folder) not in ("bin", "sbin"):
        return False
    return folder.startswith(("/usr/", "/bin", "/sbin")) or os.path.lexists(folder + "/python3")


def _runs_django(path: str) -> bool:
    """Whether a script is Django's ``manage.py``, whatever it is called."""
    return "execute_from_command_line" in (read_text(path, 16384) or "")


def _console_script(command: StartCommand, path: str) -> bool:
    """A script that an installer wrote: ``from package.module import function`` and its call."""
    text = read_text(path, 16384) or ""
    at = text.find("load_entry_point('")
    if at >= 0:
        values = text[at:].split(")", 1)[0].split("'")[1::2]
        command.tool = values[2] if len(values) == 3 else None
        return command.tool is not None
    entry = called_by_script(text)
    if entry:
        command.entries.append(entry)
        command.console = True
    return entry is not None


def called_by_script(text: str) -> tuple[str, str] | None:
    """(module, function) of a script that an installer wrote, from its text."""
    for line in text.split("\n"):
        parts = line.split()
        if len(parts) >= 4 and parts[0] == "from" and parts[2] == "import" and is_dotted(parts[1]):
            call = _call_of(text, parts[3])
            if call:
                return parts[1], call
    return None


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
    "web_servers": "uvicorn gunicorn hypercorn daphne granian waitress-serve flask quart fastapi "
    "django-admin streamlit chainlit gradio marimo sanic litestar uwsgi mod_wsgi-express",
    "task_workers": "celery rq rqworker arq dramatiq huey_consumer huey_consumer.py taskiq kopf faust "
    "procrastinate saq alembic airflow dagster dagster-webserver dagster-daemon "
    "faststream luigi luigid scrapy scrapyd",
    "app_loaders": "bottle bottle.py cheroot nameko pgq pserve robyn streaq twistd",
    "script_runners": "shiny locust bokeh panel mcp fastmcp",
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
        "pgqueuer": "pgq",
        "twisted": "twistd",
    }
)
MODULE_OF_TOOL = {
    "bottle.py": "bottle",
    "ff": "functions_framework",
    "pgq": "pgqueuer",
    "pserve": "pyramid",
    "twistd": "twisted",
    "functions_framework_python": "functions_framework",
    "functions-framework": "functions_framework",
    "functions-framework-python": "functions_framework",
    "waitress-serve": "waitress",
    "dagster-webserver": "dagster_webserver",
    "dagster-daemon": "dagster",
    "django-admin": "django",
    "huey_consumer": "huey",
    "huey_consumer.py": "huey",
    "luigid": "luigi",
    "rqworker": "rq",
}
"""The module of a program that has another name."""
MODULE_WRAPPERS = {
    "debugpy": frozenset(["--listen", "--connect", "--log-to", "--pid"]),
    "tornado.autoreload": frozenset(),
    "cProfile": frozenset(["-o", "-s"]),
    "coverage": frozenset(["--rcfile", "--source", "--include", "--omit", "--data-file"]),
}


_CALL_FLAGS = frozenset(["--factory", "--call"])
"""With these uvicorn, granian, sanic and waitress call what they load: it gives the application."""


def read_tool(command: StartCommand, name: str, words: list[str]) -> bool:
    """Read the arguments of a known tool; False where the name is none."""
    if name not in TOOLS:
        return False
    command.recognised = command.is_read = True
    command.tool = name
    _readers(TOOLS[name])[name](command, words)
    if not _CALL_FLAGS.isdisjoint(words) or command.environ.get(name.upper() + "_FACTORY"):
        command.called += [(module, function) for module, function in command.entries if function]
    return True


def _readers(table: str) -> Mapping[str, Callable[[StartCommand, list[str]], None]]:
    """The readers of one table, by the names of the programs."""
    if table == "web_servers":
        from importguard.probe.start.web_servers import READERS as found
    elif table == "task_workers":
        from importguard.probe.start.task_workers import READERS as found
    elif table == "app_loaders":
        from importguard.probe.start.app_loaders import READERS as found
    elif table == "script_runners":
        from importguard.probe.start.script_runners import READERS as found
    else:
        from importguard.probe.start.platforms import READERS as found
    return found
