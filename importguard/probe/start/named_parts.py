"""The parts of itself that a server's options name: event loops, protocols, pools, schedulers, loggers.

The server imports them when it starts, before any request. ``uvicorn --loop uvloop`` ends where uvloop is not
installed, though uvicorn and the application import well.
"""

from __future__ import annotations

from importguard.probe.code.main_code import UVICORN_HTTP
from importguard.probe.start.logging_settings import load_class, load_logging_settings
from importguard.probe.start.start_command import Options, StartCommand

_UVICORN_PARTS = {
    "loop": {"uvloop": "uvloop"},
    "http": {"httptools": "httptools"},
    "ws": {"websockets": "websockets", "websockets-sansio": "websockets", "wsproto": "wsproto"},
}
"""The modules of other distributions behind uvicorn's short names (uvicorn.config)."""

_CELERY_FLAGS = frozenset(
    "-B --beat -E --task-events --events --without-gossip --without-mingle --without-heartbeat -D --detach "
    "--purge --discard -q --quiet --skip-checks -C --no-color".split()
)
_CELERY_POOLS = {"gevent": "gevent", "eventlet": "eventlet"}
"""celery.concurrency.ALIASES, those that need more than Celery itself."""


def load_uvicorn_parts(command: StartCommand, options: Options) -> None:
    """``--loop``, ``--http``, ``--ws`` and ``--log-config``, or the variables UVICORN_LOOP …"""
    for part, modules in _UVICORN_PARTS.items():
        value = options.last_value("--" + part) or command.environ.get("UVICORN_" + part.upper(), "")
        if value in modules:
            command.workers.append((modules[value], None))
        elif ":" in value:
            load_class(command, value)
        elif part == "http" and value in ("", "auto", "h11"):
            h11 = "uvicorn.protocols.http.h11_impl"
            command.own_parts.append(h11 if value == "h11" else UVICORN_HTTP)
    path = options.last_value("--log-config") or command.environ.get("UVICORN_LOG_CONFIG")
    if path:
        load_logging_settings(command, path)


def load_gunicorn_logging(command: StartCommand, settings: dict[str, str]) -> None:
    """``--logger-class``, ``--log-config`` and ``--log-config-json`` (gunicorn.glogging.Logger.setup)."""
    if ":" not in settings.get("logger_class", ":"):
        load_class(command, settings["logger_class"])
    for name, kind in (("logconfig_json", "json"), ("logconfig", "ini")):
        if settings.get(name):
            load_logging_settings(command, settings[name], kind)
            return


def load_granian_parts(command: StartCommand, options: Options) -> None:
    """``--loop``, ``--log-config`` and ``--env-files``, or the variables GRANIAN_LOOP … (granian.cli)."""
    loop = options.last_value("--loop") or command.environ.get("GRANIAN_LOOP")
    if loop in ("uvloop", "rloop"):
        command.workers.append((loop, None))
    path = options.last_value("--log-config") or command.environ.get("GRANIAN_LOG_CONFIG")
    if path:
        load_logging_settings(command, path, "json")
    file = options.last_value("--env-files") or command.environ.get("GRANIAN_ENV_FILES")
    if file:
        command.load_environment_file(file)


def load_hypercorn_logging(command: StartCommand, options: Options) -> None:
    """``--log-config [json:|toml:]FILE`` (hypercorn.logging.Logger)."""
    value = options.last_value("--log-config") or ""
    kind, colon, path = value.partition(":")
    if value and kind != "toml":
        load_logging_settings(command, path if colon else value, "json" if kind == "json" else "ini")


def load_celery_parts(command: StartCommand, words: list[str]) -> None:
    """``worker --pool`` and ``beat --scheduler``; ``-S`` of a worker is a file."""
    options = Options(words, _CELERY_FLAGS)
    if "worker" in words:
        pool = options.last_value("-P", "--pool") or ""
        if pool in _CELERY_POOLS:
            command.workers.append((_CELERY_POOLS[pool], None))
    schedulers = ("-S", "--scheduler") if "beat" in words else ("--scheduler",)
    scheduler = options.last_value(*schedulers) or ""
    if scheduler == "django":
        scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
    load_class(command, scheduler)
