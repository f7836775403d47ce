"""From a start command to what it starts: which Python, with which import path, loading which module.

``parse_arguments`` takes an image's ENTRYPOINT and CMD, ``parse_text`` a line of shell. Both follow what
stands between (shells, entrypoint scripts, ``env``, ``tini``, ``gosu``, ``uv run`` …) down to the programs
that are recognised; nothing is run. What each program does with its options is in ``programs``.
"""

from __future__ import annotations

import os

from importguard.probe.files import DEFAULT_PATH, read_text, shebang, shown, which
from importguard.probe.programs import TOOLS, StartCommand, is_python, read_python, read_tool
from importguard.probe.words import is_assignment, spelled

SHELLS = frozenset(["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"])
NO_WRAPPERS = frozenset(
    "[ [[ test echo printf which type hash alias trap kill pkill pgrep killall grep sed awk cat cp mv ln ls "
    "rm mkdir touch find chown chmod pip pip3 apt-get apk curl wget nc nginx".split()
)
"""Commands of scripts that name programs without starting them."""

SUPERVISORS = frozenset(["supervisord", "circusd", "honcho", "watchfiles", "watchmedo", "hupper"])
"""Python programs that start others: what they load themselves is not the application."""

_DEPTH = 8
"""How many wrappers are followed: a script can call itself."""

_PROGRAMS = 2000
"""How many programs are looked at in all: a script can call itself many times."""

# Options with a value of their own, and how many arguments follow before the wrapped command. "*": every
# long option has a value.
WRAPPERS: dict[str, tuple[frozenset[str], int]] = {
    "exec": (frozenset(["-a"]), 0),
    "tini": (frozenset(["-e", "-p"]), 0),
    "tini-static": (frozenset(["-e", "-p"]), 0),
    "docker-init": (frozenset(["-e", "-p"]), 0),
    "catatonit": (frozenset(), 0),
    "dumb-init": (frozenset(["-r", "--rewrite"]), 0),
    "gosu": (frozenset(), 1),
    "su-exec": (frozenset(), 1),
    "sudo": (frozenset(["-u", "-g", "-D", "--user", "--group"]), 0),
    "runuser": (frozenset(["-u", "-g", "--user"]), 0),
    "setpriv": (frozenset(["--reuid", "--regid", "--groups", "--inh-caps"]), 0),
    "nice": (frozenset(["-n", "--adjustment"]), 0),
    "ionice": (frozenset(["-c", "-n", "--class", "--classdata"]), 0),
    "timeout": (frozenset(["-s", "-k", "--signal", "--kill-after"]), 1),
    "nohup": (frozenset(), 0),
    "setsid": (frozenset(), 0),
    "stdbuf": (frozenset(["-i", "-o", "-e"]), 0),
    "opentelemetry-instrument": (frozenset(["*"]), 0),
    "ddtrace-run": (frozenset(), 0),
    "xvfb-run": (frozenset(["-n", "-s", "-e", "-f"]), 0),
}
RUNNERS = frozenset(["poetry", "uv", "pipenv", "pdm", "rye", "hatch"])
_UV_VALUES = frozenset(
    [
        "--with",
        "--extra",
        "--group",
        "--env-file",
        "--python",
        "-p",
        "--project",
        "--directory",
        "--package",
        "--only-group",
        "--no-group",
        "--no-extra",
        "--with-editable",
        "--with-requirements",
        "--index-url",
    ]
)


class Invocation:
    """One program about to be started."""

    def __init__(self, words: list[str], environ: dict[str, str], directory: str, conditional: bool) -> None:
        self.words = words
        self.environ = environ
        self.directory = directory
        self.conditional = conditional
        self.missing: list[str] = []
        self.budget = [_PROGRAMS]

    def require(self, program: str) -> None:
        """Note a wrapper that is not in the image: without it nothing starts."""
        if not which(program, self.environ, self.directory):
            self.missing.append(program)

    def inner(self, words: list[str]) -> Invocation:
        """What this one starts in turn."""
        made = Invocation(words, self.environ, self.directory, self.conditional)
        made.missing = list(self.missing)
        made.budget = self.budget
        return made


def parse_arguments(words: list[str], environ: dict[str, str], directory: str) -> list[StartCommand]:
    """The start commands behind ENTRYPOINT + CMD: the main one last; empty only where ``words`` is."""
    if not words:
        return []
    found = _follow(Invocation(list(words), environ, directory, False), 0)
    return _ordered(found) or [_unrecognised(spelled(words), words, environ, directory)]


def parse_text(text: str, environ: dict[str, str], directory: str) -> list[StartCommand]:
    """The start commands in one line of shell, as ``--command`` gives it."""
    found = _lines(text, ["sh"], Invocation([], environ, directory, False), 0)
    if not text.split():
        return []
    return _ordered(found) or [_unrecognised(shown(text), text.split(), environ, directory)]


def _unrecognised(text: str, words: list[str], environ: dict[str, str], directory: str) -> StartCommand:
    command = StartCommand(text, environ, directory)
    command.missing_program = words[0] if not which(words[0], environ, directory) else None
    return command


def _ordered(found: list[StartCommand]) -> list[StartCommand]:
    """All that were recognised; the last that is sure to run is the main one, and stands last."""
    known = [command for command in found if command.recognised] or found[-1:]
    sure = [command for command in known if not command.conditional]
    if sure:
        known.remove(sure[-1])
        known.append(sure[-1])
    for command in known[:-1]:
        command.secondary = True
    return known


def _follow(invocation: Invocation, depth: int) -> list[StartCommand]:
    """Take wrappers away until a program is left, and say what that starts."""
    invocation.budget[0] -= 1
    while invocation.words and depth < _DEPTH and invocation.budget[0] > 0:
        depth += 1
        name = os.path.basename(invocation.words[0])
        if name in SHELLS:
            return _shell(invocation, depth)
        if not _unwrap(name, invocation):
            return _program(invocation, depth)
    return []


def _unwrap(name: str, invocation: Invocation) -> bool:
    """Remove one wrapper from the front; False where the program is none."""
    words = invocation.words
    if name in WRAPPERS:
        if name != "exec":
            invocation.require(words[0])
        values, arguments = WRAPPERS[name]
        invocation.words = _after_options(words[1:], values)[arguments:]
        if arguments and invocation.words[:1] == ["--"]:
            invocation.words = invocation.words[1:]
    elif name == "env":
        _unwrap_env(invocation)
    elif name == "newrelic-admin" and len(words) > 2:
        invocation.words = (["python"] if words[1] == "run-python" else []) + words[2:]
    elif name in RUNNERS and "run" in words[:6]:
        _unwrap_runner(name, invocation)
    elif name in ("conda", "mamba", "micromamba") and "run" in words[:4]:
        _unwrap_conda(invocation)
    else:
        return False
    return True


def _after_options(words: list[str], values: frozenset[str]) -> list[str]:
    """What follows a wrapper's own options."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        option = words[at]
        at += 1
        if option == "--":
            break
        if option in values or ("*" in values and option.startswith("--") and "=" not in option):
            at += 1
    return words[at:]


def _unwrap_env(invocation: Invocation) -> None:
    """``env [-i] [-u NAME] [-C DIR] [-S TEXT] NAME=value … command`` (GNU coreutils)."""
    words = invocation.words[1:]
    environ = dict(invocation.environ)
    while words and (words[0].startswith("-") or is_assignment(words[0])):
        item = words.pop(0)
        if is_assignment(item):
            name, _, value = item.partition("=")
            environ[name] = value
        elif item in ("-i", "-", "--ignore-environment"):
            environ = {}
        elif item in ("-u", "--unset") and words:
            environ.pop(words.pop(0), None)
        elif item in ("-C", "--chdir") and words:
            invocation.directory = os.path.join(invocation.directory, words.pop(0))
        elif item == "-S" and words:
            words[:1] = words[0].split()
        elif item.startswith("-S"):
            words[:0] = item[2:].split()
    invocation.words, invocation.environ = words, environ


def _unwrap_runner(name: str, invocation: Invocation) -> None:
    """``uv run``, ``poetry run`` …: the project's virtual environment comes first in PATH."""
    words = invocation.words
    before, words = words[: words.index("run")], words[words.index("run") + 1 :]
    for option in ("--directory", "--project", "-C"):
        if option in before[:-1]:
            target = before[before.index(option) + 1]
            invocation.directory = os.path.join(invocation.directory, target)
    module = name == "uv" and words[:1] in (["-m"], ["--module"])
    if not module:
        words = _after_options(words, _UV_VALUES)
    if module or (words and words[0].endswith(".py")):
        words = ["python"] + (["-m", *words[1:]] if module else words)
    invocation.words = words
    prefix = _project_environment(name, invocation)
    if prefix:
        _put_first(invocation, prefix)


def _put_first(invocation: Invocation, prefix: str) -> None:
    search = invocation.environ.get("PATH", DEFAULT_PATH)
    path = os.path.join(prefix, "bin") + ":" + search
    invocation.environ = dict(invocation.environ, VIRTUAL_ENV=prefix, PATH=path)


def _project_environment(name: str, invocation: Invocation) -> str | None:
    """Where a project manager keeps the virtual environment of the project in this directory."""
    environ, folder = invocation.environ, os.path.normpath(invocation.directory)
    if name == "uv" and environ.get("UV_PROJECT_ENVIRONMENT"):
        return os.path.join(folder, environ["UV_PROJECT_ENVIRONMENT"])
    if name != "uv" and environ.get("VIRTUAL_ENV"):
        return environ["VIRTUAL_ENV"]
    while True:
        if os.path.isfile(os.path.join(folder, ".venv", "pyvenv.cfg")):
            return os.path.join(folder, ".venv")
        if folder in ("/", ""):
            break
        folder = os.path.dirname(folder)
    home = environ.get("HOME", "/root")
    stores = {
        "poetry": environ.get("POETRY_VIRTUALENVS_PATH") or home + "/.cache/pypoetry/virtualenvs",
        "pipenv": environ.get("WORKON_HOME") or home + "/.local/share/virtualenvs",
    }
    try:
        names = sorted(os.listdir(stores.get(name, "")))
    except OSError:
        return None
    return os.path.join(stores[name], names[0]) if len(names) == 1 else None


def _unwrap_conda(invocation: Invocation) -> None:
    """``conda run -n NAME command``: the environment's ``bin`` comes first in PATH."""
    words = invocation.words
    program = which(words[0], invocation.environ, invocation.directory) or words[0]
    root = invocation.environ.get("MAMBA_ROOT_PREFIX") or os.path.dirname(os.path.dirname(program))
    words = words[words.index("run") + 1 :]
    for at, option in enumerate(words[:-1]):
        if option in ("-n", "--name"):
            _put_first(invocation, os.path.join(root, "envs", words[at + 1]))
        elif option in ("-p", "--prefix"):
            _put_first(invocation, os.path.join(invocation.directory, words[at + 1]))
        elif not option.startswith("-"):
            break
    invocation.words = _after_options(words, frozenset(["-n", "--name", "-p", "--prefix", "--cwd"]))


def _shell(invocation: Invocation, depth: int) -> list[StartCommand]:
    """``sh -c TEXT [$0 [$1 …]]`` and ``sh SCRIPT [$1 …]``."""
    invocation.require(invocation.words[0])
    words = invocation.words[1:]
    inline = False
    if os.path.basename(invocation.words[0]) == "busybox":
        words = words[1:]
    while words and words[0][:1] in ("-", "+"):
        option = words.pop(0)
        if option in ("-o", "+o", "-O", "+O", "--rcfile", "--init-file"):
            words = words[1:]
        elif not option.startswith("--"):
            inline = inline or "c" in option
            words = words[1:] if option.endswith("o") else words
        elif option == "--":
            break
    if not words:
        return []
    path = os.path.join(invocation.directory, words[0])
    text = words[0] if inline else read_text(path) or ""
    arguments = words[1:] or ["sh"] if inline else [path, *words[1:]]
    found = _lines(text, arguments, invocation, depth)
    if not inline and not any(command.recognised for command in found):
        found += _rest(words[1:], invocation, depth)
    return found


def _lines(text: str, arguments: list[str], outer: Invocation, depth: int) -> list[StartCommand]:
    """What a script starts; ``arguments`` begin with its name."""
    from importguard.probe.shell import Shell, steps

    found: list[StartCommand] = []
    for step in steps(text, Shell(outer.environ, outer.directory, arguments)):
        invocation = outer.inner(step.words)
        invocation.environ, invocation.directory = step.environ, step.directory
        invocation.conditional = outer.conditional or step.conditional
        found += _follow(invocation, depth)
    return found


def _program(invocation: Invocation, depth: int) -> list[StartCommand]:
    """A program that is no wrapper: Python, a script with an interpreter line, or something unknown."""
    words, environ, directory = invocation.words, invocation.environ, invocation.directory
    name = os.path.basename(words[0])
    path = which(words[0], environ, directory)
    command = StartCommand(spelled(words), environ, directory)
    command.conditional = invocation.conditional
    command.missing_wrappers = invocation.missing
    command.argv = [path or words[0], *words[1:]]
    if path is None:
        command.missing_program = words[0]
        if is_python(name):
            read_python(command, words[1:])
        elif not read_tool(command, name, words[1:]):
            invocation.require(words[0])
            return _rest(words[1:], invocation, depth) or [command]
        else:
            command.tool_program = True
        return [command]
    line = shebang(path)
    if line is None or (is_python(name) and not is_python(os.path.basename(line[0]))):
        if is_python(name):
            command.executable, command.why = path, "%s, named in the start command" % path
            read_python(command, words[1:])
            return [command]
        return _rest(words[1:], invocation, depth) or [command]
    return _script(command, invocation, path, line, depth)


def _script(
    command: StartCommand, invocation: Invocation, path: str, line: list[str], depth: int
) -> list[StartCommand]:
    """A script is its interpreter with the script as argument; installers hide long paths behind ``sh``."""
    words, directory = invocation.words, invocation.directory
    hidden = _hidden_python(path) if os.path.basename(line[0]) in SHELLS else None
    line = [hidden] if hidden else line
    inner = invocation.inner([*line, path, *words[1:]])
    if os.path.basename(line[0]) == "env":
        inner.words[1:2] = line[1].split() if len(line) > 1 else []
        _unwrap_env(inner)
    if not inner.words:
        return [command]
    if not is_python(os.path.basename(inner.words[0])):
        found = _follow(inner, depth)
        return found if found else [command]
    command.environ = inner.environ
    command.executable = which(inner.words[0], inner.environ, directory)
    command.why = "the first line of %s, #!%s" % (shown(path), shown(" ".join(line)))
    if command.executable is None:
        command.dead_script = path
    command.script = path
    if os.path.basename(words[0]) in SUPERVISORS:
        command.notes.append("%s starts other programs: name them with --command" % shown(words[0]))
    else:
        read_python(command, inner.words[1:], os.path.basename(words[0]))
    return [command]


def _hidden_python(path: str) -> str | None:
    """The Python of a ``#!/bin/sh`` script whose second line is ``'''exec' python "$0" "$@"``."""
    lines = (read_text(path, 8192) or "").split("\n", 2)
    if len(lines) < 2 or not lines[1].startswith("'''exec' "):
        return None
    rest = lines[1][len("'''exec' ") :].strip()
    quoted = rest[:1] == '"' and '"' in rest[1:]
    return rest[1:].split('"', 1)[0] if quoted else rest.split(" ", 1)[0]


def _rest(words: list[str], invocation: Invocation, depth: int) -> list[StartCommand]:
    """Of a program that cannot be read, the arguments from the first that is a known program.

    So do ``wait-for-it host:port -- uvicorn …``, ``/init gunicorn …`` and most wrappers.
    """
    first = invocation.words[0]
    if first.startswith("-") or os.path.basename(first) in NO_WRAPPERS:
        return []
    for at, item in enumerate(words):
        name = os.path.basename(item)
        if name in SHELLS or is_python(name) or name in TOOLS:
            return _follow(invocation.inner(words[at:]), depth)
    return []
