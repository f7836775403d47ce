"""What known programs load: servers for the web, celery, Django's management commands, Python itself.

A reader takes a ``StartCommand`` and the arguments, and fills in the import path and the entry points. It
looks at files where the program would, and imports nothing.
"""

from __future__ import annotations

import os

from importguard.probe.files import read_text, shown
from importguard.probe.gunicorn import WORKERS, literal_settings
from importguard.probe.shell import Shell, steps


class StartCommand:
    """One start command that was read.

    ``roots``: folders that it puts on the import path; ``own_roots``: those that Python itself puts there and
    leaves out in safe-path mode (PEP 686's ``-P``). ``entries``: (module, attribute or None) that it loads.
    ``script``: the file that it runs, ``runs`` the module that it runs as ``__main__``.
    """

    def __init__(self, text: str, environ: dict[str, str], directory: str) -> None:
        self.text = text
        self.environ = environ
        self.directory = os.path.normpath(directory)
        self.recognised = False
        self.conditional = False
        self.secondary = False
        self.executable: str | None = None
        self.flags: list[str] = []
        self.why = ""
        self.missing_program: str | None = None
        self.missing_wrappers: list[str] = []
        self.tool_program = False
        self.dead_script: str | None = None
        self.script: str | None = None
        self.tool: str | None = None
        self.runs: str | None = None
        self.roots: list[str] = []
        self.own_roots: list[str] = []
        self.entries: list[tuple[str, str | None]] = []
        self.workers: list[tuple[str, str | None]] = []
        self.settings: str | None = None
        self.manage: str | None = None
        self.notes: list[str] = []

    def join(self, path: str) -> str:
        """A path as the program would resolve it."""
        return os.path.normpath(os.path.join(self.directory, path))

    def load(self, target: str, default: str | None = None) -> None:
        """An entry point of the form ``module[:attribute]``; a call's parentheses are no part of its name."""
        module, _, attribute = target.partition(":")
        attribute = attribute.split("(", 1)[0].strip()
        if is_dotted(module):
            self.entries.append((module, attribute or default))
        else:
            self.notes.append("%r of the start command is not the name of a module" % shown(target))


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
            command.notes.append("code given by python -c is not read")
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
    name = name or os.path.basename(target)
    if read_tool(command, name, words):
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
            _read_django(command, words)
            command.manage = path
        if name[:-3].isidentifier():
            command.entries.append((name[:-3], None))
        else:
            command.notes.append("%s runs as a script and has no name to import it by" % shown(path))
    elif not _console_script(command, path):
        command.notes.append("%s loads nothing that is known" % shown(path))


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
                return True
    return False


def _call_of(text: str, name: str) -> str | None:
    """``name`` or ``name.method`` as it is called in the script."""
    at = text.find("(" + name, text.find("import " + name))
    if at < 0:
        return None
    end = at + 1
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    called = text[at + 1 : end]
    return called if called.split(".")[0] == name else None


# Servers and other tools

_UVICORN_FLAGS = frozenset(
    [
        "--reload",
        "--factory",
        "--proxy-headers",
        "--no-proxy-headers",
        "--access-log",
        "--no-access-log",
        "--use-colors",
        "--no-use-colors",
        "--server-header",
        "--no-server-header",
        "--date-header",
        "--no-date-header",
        "--version",
        "--help",
        "--reset-contextvars",
    ]
)
_GUNICORN_FLAGS = frozenset(
    [
        "--reload",
        "--spew",
        "--check-config",
        "--print-config",
        "--preload",
        "--no-sendfile",
        "--reuse-port",
        "--daemon",
        "-D",
        "--initgroups",
        "--capture-output",
        "-R",
        "--enable-stdio-inheritance",
        "--log-syslog",
        "--suppress-ragged-eofs",
        "--do-handshake-on-connect",
        "--proxy-protocol",
        "--strip-header-spaces",
        "--disable-redirect-access-to-syslog",
        "--version",
        "-v",
        "--help",
        "-h",
        "--preload-app",
    ]
)
_SERVER_FLAGS = frozenset(
    "-h --help --debug --reload --factory --ws --no-ws --log --no-log --access-log --no-access-log "
    "--respawn-failed-workers --call".split()
)
_HYPERCORN_FLAGS = frozenset(["-h", "--help", "-D", "--daemon", "--debug", "--reload"])
_STREAMLIT_FLAGS = frozenset(["--help"])
_DAPHNE_FLAGS = frozenset(["-h", "--help", "--proxy-headers", "--no-server-name"])


def _read_uvicorn(command: StartCommand, words: list[str]) -> None:
    options = Options(words, _UVICORN_FLAGS)
    command.roots.append(
        command.join(options.last("--app-dir") or command.environ.get("UVICORN_APP_DIR", ""))
    )
    target = options.rest[0] if options.rest else command.environ.get("UVICORN_APP", "")
    if target:
        command.load(target)


def _read_gunicorn(command: StartCommand, words: list[str]) -> None:
    """Settings come from the command line, GUNICORN_CMD_ARGS, the configuration file, in this order."""
    shell = Shell(command.environ, command.directory, ["sh"])
    extra = [step.words for step in steps(command.environ.get("GUNICORN_CMD_ARGS", ""), shell)]
    options = Options([item for part in extra for item in part] + list(words), _GUNICORN_FLAGS)
    given = {
        "chdir": options.last("--chdir"),
        "pythonpath": options.last("--pythonpath"),
        "wsgi_app": options.rest[0] if options.rest else None,
        "worker_class": options.last("-k", "--worker-class"),
    }
    settings = _gunicorn_file(command, options.last("-c", "--config"), given)
    start = command.directory
    if settings.get("chdir"):
        command.directory = command.join(settings["chdir"])
    paths = [command.join(path) for path in settings.get("pythonpath", "").split(",") if path]
    # The folder that it starts in is put there first, and stays (gunicorn.app.base.Application.chdir).
    command.roots += [*reversed(paths), command.directory] + ([start] if start != command.directory else [])
    if settings.get("wsgi_app"):
        command.load(settings["wsgi_app"], "application")
    worker = settings.get("worker_class", "")
    module, dot, attribute = WORKERS.get(worker, worker).rpartition(".")
    if dot and is_dotted(module):
        command.workers.append((module, attribute))


def _gunicorn_file(command: StartCommand, name: str | None, given: dict[str, str | None]) -> dict[str, str]:
    """The settings: what is given wins over the configuration file, which is read as far as it is literal."""
    path = (name or "./gunicorn.conf.py").replace("file:", "", 1)
    if path.startswith("python:"):
        command.workers.append((path[len("python:") :], None))
        path = path[len("python:") :].replace(".", "/") + ".py"
    text = read_text(command.join(path))
    settings: dict[str, str] = {}
    unread: set[str] = set()
    if text is None and name is not None:
        command.notes.append("gunicorn's configuration file %s is not in the image" % shown(path))
    try:
        settings, unread = literal_settings(text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        command.notes.append("gunicorn's configuration file %s is no Python to be read" % shown(path))
    for key in sorted(unread):
        if given[key] is None:
            command.notes.append(
                "%s in %s is not written out as a string, so it is not followed: give it with --command"
                % (key, shown(path))
            )
    settings.update({key: value for key, value in given.items() if value is not None})
    return settings


def _read_server(command: StartCommand, words: list[str]) -> None:
    """granian, waitress: the target is the argument that names one."""
    command.roots.append(command.directory)
    targets = Options(words, _SERVER_FLAGS).rest or [item for item in words if not item.startswith("-")]
    named = [item for item in targets if ":" in item and not item.split(":")[1].isdigit()] or targets[:1]
    for target in named[:1]:
        command.load(target, "app")


def _read_hypercorn(command: StartCommand, words: list[str]) -> None:
    """``[asgi:|wsgi:]MODULE[:NAME]``, where MODULE may be a path (hypercorn.utils.load_application)."""
    options = Options(words, _HYPERCORN_FLAGS)
    target = options.rest[0] if options.rest else ""
    mode, _, rest = target.partition(":")
    target = rest if mode in ("asgi", "wsgi") and ":" in rest else target
    module, colon, attribute = target.partition(":")
    folder, name = os.path.split(command.join(module))
    command.roots.append(folder)
    if os.path.isfile(os.path.join(folder, name)):
        name = os.path.splitext(name)[0]
    if module:
        command.load(name + ":" + (attribute if colon else "app"))
    worker = options.last("-k", "--worker-class")
    if worker in ("uvloop", "trio"):
        command.workers.append((worker, None))


def _read_daphne(command: StartCommand, words: list[str]) -> None:
    """``MODULE:NAME``, from the working directory (daphne.cli.CommandLineInterface.run)."""
    command.roots.append(command.directory)
    for target in Options(words, _DAPHNE_FLAGS).rest[:1]:
        command.load(target)


def _read_celery(command: StartCommand, words: list[str]) -> None:
    """``-A`` can stand before or after the sub-command. Which attribute it is, is looked up later."""
    target = command.environ.get("CELERY_APP", "")
    for at, item in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if item in ("-A", "--app"):
            target = following
        elif item.startswith(("--app=", "-A")):
            target = item[6:] if item.startswith("--app=") else item[2:].lstrip("=")
        elif item == "--workdir" or item.startswith("--workdir="):
            command.directory = command.join(item[10:] or following)
    command.roots.append(command.directory)
    if target:
        command.load(target)


def _read_flask(command: StartCommand, words: list[str]) -> None:
    """``--app``/FLASK_APP is a module, a path, either with ``:name``; the default is wsgi.py or app.py."""
    target = command.environ.get("FLASK_APP", "")
    for at, item in enumerate(words):
        if item in ("-A", "--app") and at + 1 < len(words):
            target = words[at + 1]
        elif item.startswith("--app="):
            target = item[6:]
    if not target:
        present = [name for name in ("wsgi.py", "app.py") if os.path.isfile(command.join(name))]
        target = present[0] if present else ""
    command.roots.append(command.directory)
    if target:
        _load_path(command, target, climb=True)


def _load_path(command: StartCommand, target: str, climb: bool) -> None:
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


_FASTAPI_DEFAULTS = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


def _read_fastapi(command: StartCommand, words: list[str]) -> None:
    """``fastapi run [PATH] [--app NAME] [-e MODULE:NAME]`` (fastapi_cli.discover)."""
    options = Options(words, frozenset(["--reload", "--no-reload", "--proxy-headers", "--no-proxy-headers"]))
    entry = options.last("-e", "--entrypoint")
    rest = options.rest[1:] if options.rest[:1] in (["run"], ["dev"]) else options.rest
    if entry:
        command.roots.append(command.directory)
        command.load(entry)
        return
    present = [name for name in _FASTAPI_DEFAULTS if os.path.isfile(command.join(name))]
    target = rest[0] if rest else present[0] if present else ""
    if not target:
        command.roots.append(command.directory)
        return
    if os.path.isdir(command.join(target)):
        names = ("main.py", "app.py", "api.py")
        inside = [name for name in names if os.path.isfile(command.join(target + "/" + name))]
        target = target + "/" + (inside[0] if inside else "__init__.py")
    _load_path(command, target + ":" + (options.last("--app") or ""), climb=True)


def _read_django(command: StartCommand, words: list[str]) -> None:
    """Management commands: the settings module is what they load first."""
    for at, item in enumerate(words):
        name, equals, value = item.partition("=")
        if not equals:
            value = words[at + 1] if at + 1 < len(words) else ""
        if name == "--settings":
            command.settings = value
        elif name == "--pythonpath":
            command.roots.insert(0, command.join(value))
    command.tool = "django"


def _read_streamlit(command: StartCommand, words: list[str]) -> None:
    """``streamlit run [PATH]``: a script, or a folder with one (streamlit.web.cli.main_run)."""
    if "run" not in words:
        command.notes.append("%s runs no script" % command.text)
        return
    options = Options(words[words.index("run") + 1 :], _STREAMLIT_FLAGS)
    target = options.rest[0] if options.rest else "streamlit_app.py"
    if "://" in target:
        command.notes.append("%s is fetched when it is started, so it is not checked" % shown(target))
        return
    path = command.join(target)
    if os.path.isdir(path):
        path = os.path.join(path, "streamlit_app.py")
    folder, name = os.path.split(path)
    command.roots.append(folder)
    name, extension = os.path.splitext(name)
    if extension == ".py" and name.isidentifier():
        command.entries.append((name, None))
    else:
        command.notes.append("%s runs as a script and has no name to import it by" % shown(path))


def _read_lambda(command: StartCommand, words: list[str]) -> None:
    """AWS Lambda's runtime: ``module.function`` below LAMBDA_TASK_ROOT."""
    root = command.environ.get("LAMBDA_TASK_ROOT", command.directory)
    command.roots.append(root)
    module, _, attribute = (words[0] if words else "").rpartition(".")
    if module:
        command.load(module.replace("/", ".") + ":" + attribute)


TOOLS = {
    "uvicorn": _read_uvicorn,
    "gunicorn": _read_gunicorn,
    "hypercorn": _read_hypercorn,
    "daphne": _read_daphne,
    "granian": _read_server,
    "waitress-serve": _read_server,
    "celery": _read_celery,
    "flask": _read_flask,
    "fastapi": _read_fastapi,
    "django-admin": _read_django,
    "streamlit": _read_streamlit,
    "lambda-entrypoint.sh": _read_lambda,
}
MODULES = {name: name for name in TOOLS if name.isidentifier()}
MODULES.update(
    {"waitress": "waitress-serve", "django": "django-admin", "awslambdaric": "lambda-entrypoint.sh"}
)
MODULE_WRAPPERS = {
    "debugpy": frozenset(["--listen", "--connect", "--log-to", "--pid"]),
    "cProfile": frozenset(["-o", "-s"]),
    "coverage": frozenset(["--rcfile", "--source", "--include", "--omit", "--data-file"]),
}


def read_tool(command: StartCommand, name: str, words: list[str]) -> bool:
    """Read the arguments of a known tool; False where the name is none."""
    reader = TOOLS.get(name)
    if reader is None:
        return False
    command.recognised = True
    command.tool = name
    reader(command, words)
    return True
