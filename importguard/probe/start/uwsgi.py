"""What uWSGI loads: by its command line, its environment and its ini, yaml or json file."""

from __future__ import annotations

import os

from importguard.probe.files import is_executable, read_text
from importguard.probe.start.start_command import StartCommand

_NAMES = {
    "w": "module",
    "wsgi": "module",
    "file": "wsgi-file",
    "python-path": "pythonpath",
    "pp": "pythonpath",
    "python_path": "pythonpath",
    "chdir2": "chdir",
    "H": "home",
    "pyhome": "home",
    "venv": "home",
    "virtualenv": "home",
    "python-import": "import",
    "pyimport": "import",
    "shared-import": "import",
}
_READ = frozenset("module wsgi-file callable pythonpath chdir mount import env ini gevent home".split())
_FLAGS = frozenset(
    "master enable-threads vacuum die-on-term lazy-apps lazy need-app thunder-lock single-interpreter strict "
    "disable-logging log-master memory-report http-keepalive no-orphans auto-procname ignore-sigpipe "
    "ignore-write-errors disable-write-exception M L T i".split()
)
_FILES = 5


def read_uwsgi(command: StartCommand, words: list[str]) -> None:
    """Settings can come from all places at once; they add up."""
    settings: dict[str, list[str]] = {}
    for name, value in command.environ.items():
        if name.startswith("UWSGI_"):
            _take(command, settings, name[6:].lower().replace("_", "-"), value, _FILES)
    _read_words(command, settings, words)
    start = command.directory
    for folder in settings.get("chdir", [])[-1:]:
        command.directory = command.resolve_path(folder)
    command.roots += [command.resolve_path(path) for path in reversed(settings.get("pythonpath", []))]
    command.roots += [command.directory] + ([start] if start != command.directory else [])
    _load(command, settings)


def _load(command: StartCommand, settings: dict[str, list[str]]) -> None:
    attribute = (settings.get("callable") or ["application"])[-1]
    for target in settings.get("module", [])[-1:]:
        command.add_entry_point(target, attribute)
    paths = settings.get("wsgi-file", [])[-1:]
    paths += [item.partition("=")[2] for item in settings.get("mount", [])]
    for path in paths:
        if path.endswith((".py", ".wsgi")):
            command.load_file(command.resolve_path(path), attribute)
        elif path:
            command.add_entry_point(path, attribute)
    for module in settings.get("import", []):
        command.add_entry_point(module)
    for home in settings.get("home", [])[-1:]:
        _set_environment(command, home)
    if "gevent" in settings:
        command.workers.append(("gevent", None))


def _set_environment(command: StartCommand, home: str) -> None:
    """The virtual environment of ``home``; pyuwsgi's program is a script, whose Python runs by then."""
    python = os.path.join(command.resolve_path(home), "bin", "python")
    if command.executable is None and is_executable(python):
        command.executable, command.why = python, "the virtual environment that uWSGI is given"


def _read_words(command: StartCommand, settings: dict[str, list[str]], words: list[str]) -> None:
    at = 0
    while at < len(words):
        item = words[at]
        at += 1
        if not item.startswith("-"):
            _take(command, settings, _kind(item), item, _FILES)
            continue
        name, equals, value = item.lstrip("-").partition("=")
        if not equals and name not in _FLAGS and at < len(words) and not words[at].startswith("-"):
            value = words[at]
            at += 1
        _take(command, settings, name, value, _FILES)


def _kind(path: str) -> str:
    """What a file without an option is: settings, or the application."""
    ending = os.path.splitext(path)[1].lstrip(".")
    return ending if ending in ("ini", "yaml", "yml", "json", "xml") else "wsgi-file"


def _take(command: StartCommand, settings: dict[str, list[str]], name: str, value: str, files: int) -> None:
    name = _NAMES.get(name, name)
    if name in ("ini", "yaml", "yml", "json") and files:
        path = command.resolve_path(value.split(":")[0])
        text = read_text(path)
        if text is None:
            command.missing_file = path
        for key, given in _lines(text or ""):
            _take(command, settings, key, _expanded(given, command, path), files - 1)
    elif name == "env":
        key, _, given = value.partition("=")
        command.environ = dict(command.environ, **{key: given})
    elif name in _READ:
        settings.setdefault(name, []).append(value)


def _lines(text: str) -> list[tuple[str, str]]:
    """(key, value) of ``key = value``, ``key: value`` and ``"key": "value",``; JSON, YAML and ini alike."""
    found = []
    for line in text.split("\n"):
        line = line.strip().rstrip(",")
        if not line or line[0] in "#;[":
            continue
        at = min([line.find(sign) for sign in "=:" if sign in line] or [len(line)])
        found.append((line[:at].strip(" \"'"), line[at + 1 :].strip(" \"'")))
    return found


def _expanded(value: str, command: StartCommand, path: str) -> str:
    """``$(VARIABLE)`` and ``%d``, the folder of the file with a slash (uWSGI's "magic variables")."""
    for name, given in command.environ.items():
        value = value.replace("$(%s)" % name, given)
    return value.replace("%d", os.path.dirname(path) + "/")
