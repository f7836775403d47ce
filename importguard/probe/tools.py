"""What known tools load: servers for the web, celery, Django's management commands."""

from __future__ import annotations

import os

from importguard.probe.files import shown
from importguard.probe.programs import Options, StartCommand

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
        command.join(options.last("--app-dir") or command.environ.get("UVICORN_APP_DIR", ""))
    )
    target = options.rest[0] if options.rest else command.environ.get("UVICORN_APP", "")
    if target:
        command.load(target)


def _read_gunicorn(command: StartCommand, words: list[str]) -> None:
    from importguard.probe.gunicorn import read_gunicorn

    read_gunicorn(command, words)


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


def read_django(command: StartCommand, words: list[str]) -> None:
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


READERS = {
    "uvicorn": _read_uvicorn,
    "gunicorn": _read_gunicorn,
    "hypercorn": _read_hypercorn,
    "daphne": _read_daphne,
    "granian": _read_server,
    "waitress-serve": _read_server,
    "celery": _read_celery,
    "flask": _read_flask,
    "fastapi": _read_fastapi,
    "django-admin": read_django,
    "streamlit": _read_streamlit,
    "lambda-entrypoint.sh": _read_lambda,
}
