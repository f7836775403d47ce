"""What gunicorn loads: by its command line, and by its configuration file, as far as that is literal."""

from __future__ import annotations

from importguard.probe.code.imports import parse_module
from importguard.probe.code.main_code import UVICORN_HTTP
from importguard.probe.files import printable_path, read_text
from importguard.probe.start.named_parts import load_gunicorn_logging
from importguard.probe.start.shell import script_steps
from importguard.probe.start.shell_state import Shell
from importguard.probe.start.start_command import Options, StartCommand, is_dotted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from importguard.probe.values import Node

_FLAGS = frozenset(
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

READ = frozenset(["chdir", "pythonpath", "wsgi_app", "worker_class"])
"""The settings that say what is loaded, and from where (docs.gunicorn.org, "Settings")."""

_LOGGING = frozenset(["logger_class", "logconfig", "logconfig_json"])
"""Settings of which a class or a dictionary of the file itself does as well as a name."""

_NAMED = READ | _LOGGING

WORKERS = {
    "gevent": "gunicorn.workers.ggevent.GeventWorker",
    "gevent_wsgi": "gunicorn.workers.ggevent.GeventPyWSGIWorker",
    "gevent_pywsgi": "gunicorn.workers.ggevent.GeventPyWSGIWorker",
    "eventlet": "gunicorn.workers.geventlet.EventletWorker",
    "tornado": "gunicorn.workers.gtornado.TornadoWorker",
}
"""Short names of worker classes that need more than gunicorn itself (gunicorn.workers.SUPPORTED_WORKERS)."""

_SCOPES = frozenset(["FunctionDef", "AsyncFunctionDef", "ClassDef", "Lambda"])


def read_gunicorn(command: StartCommand, words: list[str]) -> None:
    """Settings come from the command line, GUNICORN_CMD_ARGS, the configuration file, in this order."""
    shell = Shell(command.environ, command.directory, ["sh"])
    extra = [step.words for step in script_steps(command.environ.get("GUNICORN_CMD_ARGS", ""), shell)]
    options = Options([item for part in extra for item in part] + list(words), _FLAGS)
    given = {
        "chdir": options.last_value("--chdir"),
        "pythonpath": options.last_value("--pythonpath"),
        "wsgi_app": options.rest[0] if options.rest else None,
        "worker_class": options.last_value("-k", "--worker-class"),
        "logger_class": options.last_value("--logger-class"),
        "logconfig": options.last_value("--log-config"),
        "logconfig_json": options.last_value("--log-config-json"),
    }
    settings = _file(command, options.last_value("-c", "--config"), given)
    command.set_variables(_variables(command, options), override=True)
    start = command.directory
    if settings.get("chdir"):
        command.directory = command.resolve_path(settings["chdir"])
    paths = [command.resolve_path(path) for path in settings.get("pythonpath", "").split(",") if path]
    # The folder that it starts in is put there first, and stays (gunicorn.app.base.Application.chdir).
    command.roots += [*reversed(paths), command.directory] + ([start] if start != command.directory else [])
    if settings.get("wsgi_app", "").startswith("functions_framework:create_app"):
        from importguard.probe.start.platforms import load_function_of_call

        load_function_of_call(command, settings["wsgi_app"])
    elif settings.get("wsgi_app"):
        command.add_entry_point(settings["wsgi_app"], "application")
    worker = settings.get("worker_class", "")
    module, dot, attribute = WORKERS.get(worker, worker).rpartition(".")
    if dot and is_dotted(module):
        command.workers.append((module, attribute))
        command.own_parts += [UVICORN_HTTP] if attribute == "UvicornWorker" else []
    load_gunicorn_logging(command, settings)


def _file(command: StartCommand, name: str | None, given: dict[str, str | None]) -> dict[str, str]:
    """The settings: what is given wins over the configuration file, which is read as far as it is literal."""
    if name and name.startswith("python:"):
        command.workers.append((name[len("python:") :], None))
    path = _path_of_file(name)
    text = read_text(command.resolve_path(path))
    settings: dict[str, str] = {}
    unread: set[str] = set()
    if text is None and name is not None:
        command.missing_file = path
    try:
        settings, unread = literal_settings(text or "")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        command.notes.append(
            "gunicorn's configuration file %s is no Python to be read" % printable_path(path)
        )
    for key in sorted(unread - _LOGGING):
        if given[key] is None:
            command.notes.append(
                "%s in %s is not written out as a string, so it is not followed: give it with --command"
                % (key, printable_path(path))
            )
    settings.update({key: value for key, value in given.items() if value is not None})
    return settings


def _path_of_file(name: str | None) -> str:
    """The path of the configuration file that is named ``FILE``, ``file:FILE`` or ``python:MODULE``."""
    path = (name or "./gunicorn.conf.py").replace("file:", "", 1)
    return path[len("python:") :].replace(".", "/") + ".py" if path.startswith("python:") else path


def _variables(command: StartCommand, options: Options) -> dict[str, str]:
    """The variables of ``--env NAME=value``, else of ``raw_env`` in the file, as far as that is literal."""
    items = options.values.get("-e", []) + options.values.get("--env", [])
    if not items:
        path = command.resolve_path(_path_of_file(options.last_value("-c", "--config")))
        items = list(_literal_variables(read_text(path) or ""))
    pairs = [item.partition("=") for item in items]
    return {name: value for name, equals, value in pairs if equals}


def _literal_variables(text: str) -> Iterator[str]:
    """The strings of the list ``raw_env``; none of a file that is no Python, which is told elsewhere."""
    try:
        statements = parse_module(text, "gunicorn.conf.py").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for statement in statements:
        targets = getattr(statement, "targets", [])
        if len(targets) == 1 and getattr(targets[0], "id", "") == "raw_env":
            for item in getattr(statement.value, "elts", []):
                value = getattr(item, "value", getattr(item, "s", None))
                if isinstance(value, str):
                    yield value


def literal_settings(text: str) -> tuple[dict[str, str], set[str]]:
    """(settings that are plain strings, names of those that are set in another way).

    Raises SyntaxError or ValueError for what is no Python, RecursionError or MemoryError for too much of it.
    """
    found: dict[str, str] = {}
    unknown: set[str] = set()
    for statement in parse_module(text, "gunicorn.conf.py").body:
        name, value = _plain(statement)
        if name in _NAMED and isinstance(value, str):
            found[name] = value
            unknown.discard(name)
        elif name in _NAMED and value is None and _is_constant(statement.value):
            found.pop(name, None)  # None is the default
            unknown.discard(name)
        else:
            unknown.update(_NAMED.intersection(_bound(statement)))
    return {name: value for name, value in found.items() if name not in unknown}, unknown


def _plain(statement: Node) -> tuple[str, object]:
    """(name, value) of ``name = "value"``; the name is empty for any other statement."""
    kind = type(statement).__name__
    targets = statement.targets if kind == "Assign" else [statement.target] if kind == "AnnAssign" else []
    if len(targets) != 1 or type(targets[0]).__name__ != "Name" or not _is_constant(statement.value):
        return "", None
    constant = statement.value
    return targets[0].id, getattr(constant, "value", getattr(constant, "s", None))


def _is_constant(node: Node) -> bool:
    """``Str`` and ``NameConstant`` are Python 3.7's."""
    return type(node).__name__ in ("Constant", "Str", "NameConstant")


def _bound(statement: Node) -> Iterator[str]:
    """The names that a statement binds in the module, in whatever block, and those that it might."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        kind = type(node).__name__
        if kind in _SCOPES:
            yield getattr(node, "name", "")
            continue
        if kind == "Name" and type(node.ctx).__name__ != "Load":
            yield node.id
        elif kind == "alias":
            yield from _NAMED if node.name == "*" else [node.asname or node.name]
        for field in getattr(node, "_fields", ()):
            value = getattr(node, field, None)
            waiting.extend(value if isinstance(value, list) else [value])
