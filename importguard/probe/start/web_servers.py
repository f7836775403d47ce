"""Web servers and frameworks: how their arguments name the application, and its import path."""

from __future__ import annotations

import os
import re

from importguard.probe.files import printable_path, read_text
from importguard.probe.start.environment_files import read_environment_file
from importguard.probe.start.named_parts import (
    load_granian_parts,
    load_hypercorn_logging,
    load_uvicorn_parts,
)
from importguard.probe.start.start_command import Options, StartCommand, load_path
from importguard.probe.start.toml import read_toml

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
        command.resolve_path(options.last_value("--app-dir") or command.environ.get("UVICORN_APP_DIR", ""))
    )
    target = options.rest[0] if options.rest else command.environ.get("UVICORN_APP", "")
    env_file = options.last_value("--env-file") or command.environ.get("UVICORN_ENV_FILE")
    if env_file:
        command.load_environment_file(env_file)
    load_uvicorn_parts(command, options)
    if target:
        command.add_entry_point(target)


def _read_gunicorn(command: StartCommand, words: list[str]) -> None:
    from importguard.probe.start.gunicorn import read_gunicorn

    read_gunicorn(command, words)


def _read_server(command: StartCommand, words: list[str]) -> None:
    """granian, waitress: the target is the argument that names one."""
    command.roots.append(command.directory)
    options = Options(words, _SERVER_FLAGS)
    if command.tool == "granian":
        load_granian_parts(command, options)
    targets = options.rest or [item for item in words if not item.startswith("-")]
    named = [item for item in targets if ":" in item and not item.split(":")[1].isdigit()] or targets[:1]
    for target in named[:1]:
        command.add_entry_point(target, "app")


def _read_hypercorn(command: StartCommand, words: list[str]) -> None:
    """``[asgi:|wsgi:]MODULE[:NAME]``, where MODULE may be a path (hypercorn.utils.load_application)."""
    options = Options(words, _HYPERCORN_FLAGS)
    target = options.rest[0] if options.rest else ""
    mode, _, rest = target.partition(":")
    target = rest if mode in ("asgi", "wsgi") and ":" in rest else target
    module, colon, attribute = target.partition(":")
    folder, name = os.path.split(command.resolve_path(module))
    command.roots.append(folder)
    if os.path.isfile(os.path.join(folder, name)):
        name = os.path.splitext(name)[0]
    if module:
        command.add_entry_point(name + ":" + (attribute if colon else "app"))
    worker = options.last_value("-k", "--worker-class")
    if worker in ("uvloop", "trio"):
        command.workers.append((worker, None))
    load_hypercorn_logging(command, options)


def _read_daphne(command: StartCommand, words: list[str]) -> None:
    """``MODULE:NAME``, from the working directory (daphne.cli.CommandLineInterface.run)."""
    command.roots.append(command.directory)
    for target in Options(words, _DAPHNE_FLAGS).rest[:1]:
        command.add_entry_point(target)


def _read_flask(command: StartCommand, words: list[str]) -> None:
    """``--app``/FLASK_APP is a module, a path, either with ``:name``; the default is wsgi.py or app.py.

    quart has the same with QUART_APP and .quartenv, and app.py alone (quart.cli.ScriptInfo.load_app).
    """
    is_quart = command.tool == "quart"
    variable = "QUART_APP" if is_quart else "FLASK_APP"
    defaults = ("app.py",) if is_quart else ("wsgi.py", "app.py")
    target = ""
    for at, item in enumerate(words):
        name, equals, value = item.partition("=")
        value = value if equals else words[at + 1] if at + 1 < len(words) else ""
        if name in ("-A", "--app"):
            target = value
        elif name in ("-e", "--env-file") and value:
            command.load_environment_file(value)
    command.dotenv = _dotenv_files(command, ".env", ".quartenv" if is_quart else ".flaskenv")
    target = target or command.environ.get(variable) or command.dotenv.get(variable, "")
    if not target:
        present = [name for name in defaults if os.path.isfile(command.resolve_path(name))]
        target = present[0] if present else ""
    command.roots.append(command.directory)
    if target:
        load_path(command, target, climb=True)
        _call_factory(command)


def _call_factory(command: StartCommand) -> None:
    """A function that is named is called, or, where nothing is, ``create_app`` or ``make_app``
    (flask.cli.find_best_app): of names that the module does not have, or that are no functions, nothing runs.
    """
    for module, attribute in command.entries:
        command.called += [
            (module, name) for name in ([attribute] if attribute else ["create_app", "make_app"])
        ]


def _dotenv_files(command: StartCommand, *files: str) -> dict[str, str]:
    """The variables of the nearest file of each name, in the working directory or above; the first name wins.

    flask.cli.load_dotenv, quart.cli.load_dotenv: they read none of it where python-dotenv is not installed.
    """
    variables: dict[str, str] = {}
    for file in files:
        folder = command.directory
        while not os.path.isfile(os.path.join(folder, file)) and folder != "/":
            folder = os.path.dirname(folder)
        variables = {**read_environment_file(os.path.join(folder, file)), **variables}
    return variables


_ANY_FASTAPI = "instance of fastapi:FastAPI"
_FASTAPI_DEFAULTS = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")


def _read_fastapi(command: StartCommand, words: list[str]) -> None:
    """``fastapi run [PATH] [--app NAME] [-e MODULE:NAME]``: without a name, any FastAPI object of the module
    will do (fastapi_cli.discover)."""
    options = Options(words, frozenset(["--reload", "--no-reload", "--proxy-headers", "--no-proxy-headers"]))
    entry = options.last_value("-e", "--entrypoint")
    if not entry and not options.rest[1:]:
        entry = read_toml(command.resolve_path("pyproject.toml"), "tool.fastapi").get("entrypoint")
    rest = options.rest[1:] if options.rest[:1] in (["run"], ["dev"]) else options.rest
    if entry:
        command.roots.append(command.directory)
        command.add_entry_point(entry)
        return
    present = [name for name in _FASTAPI_DEFAULTS if os.path.isfile(command.resolve_path(name))]
    target = rest[0] if rest else present[0] if present else "main.py"
    if os.path.isdir(command.resolve_path(target)):
        names = ("main.py", "app.py", "api.py")
        inside = [name for name in names if os.path.isfile(command.resolve_path(target + "/" + name))]
        target = target + "/" + (inside[0] if inside else "__init__.py")
    load_path(command, target + ":" + (options.last_value("--app") or _ANY_FASTAPI), climb=True)


def read_django(command: StartCommand, words: list[str]) -> None:
    """Management commands: the settings module is what they load first, then the command's own."""
    plain = [item for item in words if not item.startswith("-")]
    command.subcommand = plain[0] if plain else ""
    for at, item in enumerate(words):
        name, equals, value = item.partition("=")
        if not equals:
            value = words[at + 1] if at + 1 < len(words) else ""
        if name == "--settings":
            command.settings = value
        elif name == "--pythonpath":
            command.roots.insert(0, command.resolve_path(value))
    command.tool = "django"


def _read_streamlit(command: StartCommand, words: list[str]) -> None:
    """``streamlit run [PATH]``: a script, or a folder with one (streamlit.web.cli.main_run).

    The files in ``pages`` beside it are scripts, too: ``1_📈_Sales.py`` (streamlit.runtime.pages_manager).
    """
    if "run" not in words:
        command.notes.append("%s runs no script" % command.text)
        return
    options = Options(words[words.index("run") + 1 :], _STREAMLIT_FLAGS)
    target = options.rest[0] if options.rest else "streamlit_app.py"
    if "://" in target:
        command.notes.append(
            "%s is fetched when it is started, so it is not checked" % printable_path(target)
        )
        return
    path = command.resolve_path(target)
    if os.path.isdir(path):
        path = os.path.join(path, "streamlit_app.py")
    command.roots.append(os.path.dirname(path))
    command.page_folders.append(os.path.dirname(path) + "/pages")
    command.add_script(path)


_SANIC_FLAGS = frozenset(
    "--factory -s --simple --fast --access-logs --no-access-logs --debug -d --dev -r --reload --auto-reload "
    "--coffee --motd --no-motd -v --verbosity --noisy-exceptions --no-noisy-exceptions --single-process "
    "--inspect --inspect-raw --help -h --version --repl --legacy".split()
)


def _read_sanic(command: StartCommand, words: list[str]) -> None:
    """``MODULE:NAME`` or ``MODULE.NAME``, from the working directory (sanic.worker.loader.AppLoader)."""
    target = (Options(words, _SANIC_FLAGS).rest or [""])[0]
    command.roots.append(command.directory)
    if "/" in target or not target or os.path.isdir(command.resolve_path(target)):
        command.notes.append("%s serves files, or is not followed" % command.text)
    elif ":" in target or os.path.isfile(command.resolve_path(target.replace(".", "/") + ".py")):
        command.add_entry_point(target, "app")
    else:
        module, _, attribute = target.rpartition(".")
        command.add_entry_point("%s:%s" % (module or target, attribute if module else "app"))


def _read_litestar(command: StartCommand, words: list[str]) -> None:
    """``--app``/LITESTAR_APP, also of ``.env``, else a file or package ``app`` or ``application``
    (litestar.cli._utils).

    What it finds is an application, or a function that makes one: that is called.
    """
    target = command.environ.get("LITESTAR_APP", "")
    folder = command.directory
    for at, item in enumerate(words):
        name, equals, value = item.partition("=")
        value = value if equals else words[at + 1] if at + 1 < len(words) else ""
        if name == "--app":
            target = value
        elif name == "--app-dir":
            folder = command.resolve_path(value)
    command.roots.append(folder)
    command.dotenv = _dotenv_files(command, ".env")
    target = target or _litestar_in_dotenv(command, folder)
    if target:
        command.add_entry_point(target)
        command.called += [(module, name) for module, name in command.entries if name]
        return
    paths = _autodiscovered(folder)
    path = next((path for path in paths if "litestar" in (read_text(path) or "").lower()), "")
    path = path or (paths or [folder + "/app.py"])[0]
    module = os.path.relpath(path, folder)[: -len(".py")].replace("/", ".")
    module = module[: -len(".__init__")] if module.endswith(".__init__") else module
    command.add_entry_point(module)
    if not _MAKES_LITESTAR.search(read_text(path) or ""):
        command.called.append((module, "create_app"))


def _litestar_in_dotenv(command: StartCommand, folder: str) -> str:
    """LITESTAR_APP of ``.env``, which litestar reads where python-dotenv is installed.

    A file that it would find without it is taken where the module that is named is not in the folder.
    """
    target = command.dotenv.get("LITESTAR_APP", "")
    path = os.path.join(folder, target.partition(":")[0].replace(".", "/"))
    is_there = os.path.isfile(path + ".py") or os.path.isdir(path)
    return target if is_there or not _autodiscovered(folder) else ""


_MAKES_LITESTAR = re.compile(r"(?m)^\w+[^\n=(]*=[ \t]*Litestar\(")
_LITESTAR_NAMES = ("app", "application")


def _autodiscovered(folder: str) -> list[str]:
    """The files that litestar looks into, in its order: of those names, and in folders of these names."""
    found = []
    for name in _LITESTAR_NAMES:
        below = "%s/%s" % (folder, name)
        found += _litestar_files(folder, name)
        if os.path.isdir(below):
            for inner in _LITESTAR_NAMES:
                found += _litestar_files(below, inner)
            files = sorted(os.listdir(below)) if os.access(below, os.R_OK) else []
            files = [file for file in files if file.endswith(".py") and file[0] not in "._"]
            found += ["%s/%s" % (below, file) for file in files]
    return found


def _litestar_files(folder: str, name: str) -> list[str]:
    paths = ("%s/%s.py" % (folder, name), "%s/%s/__init__.py" % (folder, name))
    return [path for path in paths if os.path.isfile(path)]


def _read_uwsgi(command: StartCommand, words: list[str]) -> None:
    from importguard.probe.start.uwsgi import read_uwsgi

    read_uwsgi(command, words)


_MOD_WSGI_FLAGS = frozenset(
    "--log-to-terminal --log-to-stdout --reload-on-changes --debug-mode --enable-gdb --enable-debugger "
    "--compress-responses --trust-proxy --access-log --enable-coverage --enable-profiler --setup-only "
    "--allow-localhost --python-eggs --no-processes --include-fonts --ssl-environment --startup-log "
    "--verbose-debugging --isatty --with-newrelic --with-newrelic-agent --with-newrelic-platform "
    "--directory-listing --proxy-request-headers --disable-reloading --as-root --enable-recorder".split()
)


def _read_mod_wsgi(command: StartCommand, words: list[str]) -> None:
    """``mod_wsgi-express start-server SCRIPT``, or a module with ``--application-type module``."""
    if words[:1] not in (["start-server"], ["setup-server"]):
        return
    options = Options(words[1:], _MOD_WSGI_FLAGS)
    folder = command.resolve_path(options.last_value("--working-directory") or "")
    command.roots += [command.resolve_path(path) for path in options.values.get("--python-path", [])] + [
        folder
    ]
    attribute = options.last_value("--callable-object") or "application"
    kind = options.last_value("--application-type") or "script"
    target = options.rest[0] if options.rest else ""
    if target and kind == "module":
        command.add_entry_point(target, attribute)
    elif target and kind == "script":
        command.load_file(command.resolve_path(target), attribute)


def _read_script(command: StartCommand, words: list[str]) -> None:
    """chainlit, gradio, marimo: ``[run] FILE``, whose folder comes first on the import path."""
    rest = [item for item in words if item.split(":")[0].endswith(".py")]
    for target in rest[:1]:
        path = command.resolve_path(target.split(":")[0])
        command.roots += [os.path.dirname(path), command.directory]
        command.add_script(path)


READERS = {
    "uvicorn": _read_uvicorn,
    "gunicorn": _read_gunicorn,
    "hypercorn": _read_hypercorn,
    "daphne": _read_daphne,
    "granian": _read_server,
    "waitress-serve": _read_server,
    "flask": _read_flask,
    "quart": _read_flask,
    "fastapi": _read_fastapi,
    "django-admin": read_django,
    "streamlit": _read_streamlit,
    "chainlit": _read_script,
    "gradio": _read_script,
    "marimo": _read_script,
    "sanic": _read_sanic,
    "litestar": _read_litestar,
    "uwsgi": _read_uwsgi,
    "mod_wsgi-express": _read_mod_wsgi,
}
