"""Programs that start another one: what of their arguments is their own, and what they change for it."""

from __future__ import annotations

import os

from importguard.probe.files import DEFAULT_PATH, find_program
from importguard.probe.start.words import is_assignment

PROGRAMS = 2000
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
    "chpst": (frozenset("-u -U -b -e -/ -n -l -L -m -d -o -p -f -c -r -t -C".split()), 0),
    "setuidgid": (frozenset(), 1),
    "s6-setuidgid": (frozenset(), 1),
    "s6-notifyoncheck": (frozenset(["-3", "-s", "-T", "-t", "-w", "-n", "-c"]), 0),
    "s6-envdir": (frozenset(), 1),
    "s6-setlock": (frozenset(["-t", "-d"]), 1),
    "flock": (frozenset(["-w", "-E", "--timeout", "--wait", "--conflict-exit-code"]), 1),
    "envdir": (frozenset(), 1),
    "with-contenv": (frozenset(), 0),
    "fdmove": (frozenset(), 2),
    "aws-lambda-rie": (frozenset(["--log-level", "--runtime-interface-emulator-address"]), 0),
    "taskset": (frozenset(), 1),
    "chrt": (frozenset(["-T", "-P", "-D"]), 1),
    "numactl": (frozenset(), 0),
    "catchsegv": (frozenset(), 0),
    "dockerize": (
        frozenset(
            "-wait -timeout -template -stdout -stderr -wait-retry-interval -wait-http-header "
            "-delims -env -env-section".split()
        ),
        0,
    ),
    "secrets-init": (frozenset(["--provider"]), 0),
    "vault-env": (frozenset(), 0),
    "pid1": (frozenset(), 0),
    "memray": (frozenset(["-o", "--output", "-p", "--live-port"]), 1),
    "kernprof": (frozenset(["-o", "-s", "-p"]), 0),
}
LOADED_BY_WRAPPERS = {
    "ddtrace-run": "ddtrace",
    "newrelic-admin": "newrelic",
    "opentelemetry-instrument": "opentelemetry.instrumentation.auto_instrumentation",
}
"""Wrappers written in Python, and the module without which they start nothing."""

RUNNERS = frozenset(["poetry", "uv", "pipenv", "pdm", "rye", "hatch"])
FETCHERS = {
    "doppler": "run",
    "infisical": "run",
    "op": "run",
    "chamber": "exec",
    "berglas": "exec",
}
"""Programs that fetch secrets for the one that they start: ``doppler run -- command``."""


class Invocation:
    """One program about to be started.

    ``missing``: wrappers before it that are not in the image; ``loads``: modules that those load. ``beside``:
    what follows it in a script does not wait for its end. ``is_dead``: as the image is started, it does not
    run. ``stdin``: the text that it reads. ``by_runner``: ``uv run`` and the like may put more programs in
    PATH than is known, and so may what a shell has run (``has_unknown_path``); ``in_doubt``: those of
    ``missing`` that may be there. ``unmade``: what is said of a virtual environment made at the start.
    """

    def __init__(self, words: list[str], environ: dict[str, str], directory: str, conditional: bool) -> None:
        self.words = words
        self.environ = environ
        self.directory = directory
        self.conditional = conditional
        self.missing: list[str] = []
        self.in_doubt: list[str] = []
        self.has_unknown_path = False
        self.loads: list[str] = []
        self.is_dead = False
        self.stdin: str | None = None
        self.beside = False
        self.by_runner = False
        self.unmade = ""
        self.budget = [PROGRAMS]

    def require_wrapper(self, program: str) -> None:
        """Note a wrapper that is not in the image: without it nothing starts."""
        is_known = getattr(program, "is_known", True) and not self.by_runner
        if is_known and not find_program(program, self.environ, self.directory):
            self.missing.append(program)
            self.note_doubt(program)

    def note_doubt(self, program: str) -> None:
        """Note a program that was not found, where PATH may have more in it than is known."""
        if self.has_unknown_path and "/" not in program:
            self.in_doubt.append(program)

    def put_environment_first(self, prefix: str) -> None:
        """Put the programs of a virtual environment first in PATH."""
        path = os.path.join(prefix, "bin") + ":" + self.environ.get("PATH", DEFAULT_PATH)
        self.environ = dict(self.environ, VIRTUAL_ENV=prefix, PATH=path)

    def inner_invocation(self, words: list[str]) -> Invocation:
        """What this one starts in turn."""
        made = Invocation(words, self.environ, self.directory, self.conditional)
        made.missing, made.loads = list(self.missing), list(self.loads)
        made.in_doubt, made.has_unknown_path = list(self.in_doubt), self.has_unknown_path
        made.beside, made.by_runner = self.beside, self.by_runner
        made.is_dead, made.stdin, made.unmade = self.is_dead, self.stdin, self.unmade
        made.budget = self.budget
        return made


def remove_wrapper(name: str, invocation: Invocation) -> bool:
    """Remove one wrapper from the front; False where the program is none."""
    words = invocation.words
    if name in LOADED_BY_WRAPPERS:
        invocation.loads.append(LOADED_BY_WRAPPERS[name])
    if name in WRAPPERS:
        if name != "exec":
            invocation.require_wrapper(words[0])
        values, arguments = WRAPPERS[name]
        invocation.words = after_options(words[1:], values)[arguments:]
        if arguments and invocation.words[:1] == ["--"]:
            invocation.words = invocation.words[1:]
    elif name == "env":
        unwrap_env(invocation)
    elif name in RUNNERS and "run" in words[:6]:
        _unwrap_runner(name, invocation)
    elif name in ("conda", "mamba", "micromamba") and "run" in words[:4]:
        _unwrap_conda(invocation)
    else:
        return _unwrap_by_word(name, invocation)
    return True


def _unwrap_by_word(name: str, invocation: Invocation) -> bool:
    """Wrappers whose first arguments say that something is started."""
    words = invocation.words
    if name == "newrelic-admin" and len(words) > 2:
        invocation.words = (["python"] if words[1] == "run-python" else []) + words[2:]
    elif name == "cd" and len(words) > 2:  # as execline has it
        invocation.directory = os.path.join(invocation.directory, words[1])
        invocation.words = words[2:]
    elif name in FETCHERS and FETCHERS[name] in words[:6]:
        invocation.require_wrapper(words[0])
        rest = words[words.index(FETCHERS[name]) + 1 :]
        invocation.words = rest[rest.index("--") + 1 :] if "--" in rest else after_options(rest, frozenset())
    elif name == "dotenv" and "run" in words:
        _unwrap_dotenv(invocation)
    elif name == "hupper" and "-m" in words:
        invocation.words = ["python", *words[words.index("-m") :]]
    elif name in ("make", "gmake"):
        return _unwrap_make(invocation)
    else:
        return False
    return True


def _unwrap_make(invocation: Invocation) -> bool:
    """``make run-server``: what the Makefile of the image says."""
    from importguard.probe.start.makefile import make_script

    found = make_script(invocation.words, invocation.environ, invocation.directory)
    if found is None:
        return False
    invocation.require_wrapper(invocation.words[0])
    invocation.directory, script = found
    invocation.words = ["sh", "-c", script]
    return True


def _unwrap_dotenv(invocation: Invocation) -> None:
    """``dotenv [-f FILE] run [--no-override] [--] command`` (dotenv.cli); the file's values win."""
    from importguard.probe.start.environment_files import read_environment_file

    words, file = invocation.words, ".env"
    at = words.index("run")
    for option, value in zip(words[1:at], [*words[2:at], ""]):
        if option in ("-f", "--file"):
            file = value
        elif option.startswith(("--file=", "-f")):
            file = option[7:] if option.startswith("--") else option[2:]
    variables = read_environment_file(os.path.join(invocation.directory, file))
    rest = after_options(words[at + 1 :], frozenset())
    wins = "--no-override" not in words[at : len(words) - len(rest)]
    first, last = (invocation.environ, variables) if wins else (variables, invocation.environ)
    invocation.words, invocation.environ = rest, {**first, **last}


def after_options(words: list[str], values: frozenset[str]) -> list[str]:
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


def unwrap_env(invocation: Invocation) -> None:
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
    invocation.require_wrapper(words[0])
    if name == "uv":
        from importguard.probe.start.uv_run import unwrap_uv_run

        unwrap_uv_run(invocation)
        return
    invocation.by_runner = True
    before, words = words[: words.index("run")], words[words.index("run") + 1 :]
    for option in ("--directory", "--project", "-C"):
        if option in before[:-1]:
            target = before[before.index(option) + 1]
            invocation.directory = os.path.join(invocation.directory, target)
    words = after_options(words, frozenset(["-p", "--project", "--directory", "--venv"]))
    if words and words[0].endswith(".py"):
        words = ["python", *words]
    invocation.words = words
    prefix = _project_environment(name, invocation)
    if prefix:
        invocation.put_environment_first(prefix)
    if words:
        from importguard.probe.start.project_scripts import script_of

        script = script_of(name, invocation.directory, words)
        if name == "hatch":  # an environment may stand before the command
            words = [words[0].rpartition(":")[2], *words[1:]]
        invocation.words = script or words


def _project_environment(name: str, invocation: Invocation) -> str | None:
    """Where a project manager keeps the virtual environment of the project in this directory."""
    environ, folder = invocation.environ, os.path.normpath(invocation.directory)
    if environ.get("VIRTUAL_ENV"):
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
    words, invocation.by_runner = invocation.words, True
    program = find_program(words[0], invocation.environ, invocation.directory) or words[0]
    root = invocation.environ.get("MAMBA_ROOT_PREFIX") or os.path.dirname(os.path.dirname(program))
    words = words[words.index("run") + 1 :]
    for at, option in enumerate(words[:-1]):
        if option in ("-n", "--name"):
            invocation.put_environment_first(os.path.join(root, "envs", words[at + 1]))
        elif option in ("-p", "--prefix"):
            invocation.put_environment_first(os.path.join(invocation.directory, words[at + 1]))
        elif not option.startswith("-"):
            break
    invocation.words = after_options(words, frozenset(["-n", "--name", "-p", "--prefix", "--cwd"]))
