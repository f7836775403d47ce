"""Which Python the start command would run, and what that Python says of itself.

It is asked once, started as the application would be (same flags, environment, directory), over a descriptor
of its own, while the rest of the probe is loaded: its ``sitecustomize`` may print, hang, or end the process.
Having answered, it is the first worker: its start is most of what a small application costs.
"""

from __future__ import annotations

import os

from importguard.probe.files import (
    DEFAULT_PATH,
    find_program,
    is_executable,
    printable_path,
    read_interpreter_line,
)
from importguard.probe.start.start_command import StartCommand
from importguard.probe.worker import Worker
from importguard.probe.worker_program import RESULTS, in_unnamed_namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = (3, 7)
ANSWER_SECONDS = 10.0
"""How long the interpreter may take to start before it is given up."""

# Written for any Python from 2.7 on, to learn that it is too old. It imports built-in modules only: others
# could be the application's own files. Keys and values are separated by NUL, which no path can hold.
_QUESTION = """
import sys, posix, _imp
out = []
def say(key, value):
    if not isinstance(value, str): value = ''
    for text in (key, value): out.append(text.encode('utf-8', 'surrogateescape') + b'\\0')
def each(key, values):
    for value in values: say(key, value)
say('version', '.'.join([str(part) for part in sys.version_info[:3]]))
say('release', sys.version_info[3])
say('name', sys.implementation.name)
say('executable', sys.executable)
each('prefix', [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix])
isolated = sys.flags.isolated or getattr(sys.flags, 'safe_path', False)
say('safe_path', 'yes' if isolated else '')
each('path', sys.path if isolated else sys.path[1:])
each('builtin', sys.builtin_module_names)
frozen = getattr(_imp, '_frozen_module_names', None)
each('builtin', frozen() if frozen else ['_frozen_importlib', '_frozen_importlib_external', 'zipimport'])
each('suffix', _imp.extension_suffixes())
say('stdlib', getattr(sys, '_stdlib_dir', None) or getattr(sys.modules.get('os'), '__file__', None))
for name, module in list(sys.modules.items()):
    try:
        if '.' in name: continue
        say('loaded', name)  # not by its attribute: a module that loads late stays as it is
        say('origin', object.__getattribute__(module, '__dict__')['__file__'])
    except BaseException: say('origin', '')
say('end', '')
data = b''.join(out)
while data: data = data[posix.write(%d, data):]
globals().clear()
"""
# A Python 2 could not compile all of the question.
_TOO_OLD = """
import sys, posix
if sys.version_info < (3, 7):
    posix.write(%d, ('version\\0' + '.'.join([str(part) for part in sys.version_info[:3]])
                    + '\\0end\\0\\0').encode('ascii'))
    posix._exit(0)
del sys, posix
"""


class Interpreter:
    """A Python that answered: ``path`` is its own import path, after ``site``, without the command's part."""

    def __init__(self, executable: str, flags: list[str], why: str, answer: dict[str, list[str]]) -> None:
        self.executable = executable
        self.flags = flags
        self.why = why
        self.version = answer.get("version", ["?"])[0]
        self.name = answer.get("name", ["cpython"])[0]
        self.safe_path = bool(answer.get("safe_path", [""])[0])
        self.path = answer.get("path", [])
        self.builtin = frozenset(answer.get("builtin", []))
        self.suffixes = answer.get("suffix", [])
        self.loaded = dict(zip(answer.get("loaded", []), answer.get("origin", [])))
        self.stdlib = _standard_library(answer)

    @property
    def implementation_name(self) -> str:
        """The implementation's name as people write it."""
        return {"cpython": "CPython", "pypy": "PyPy", "graalpy": "GraalPy"}.get(self.name, self.name)

    def is_standard(self, entry: str) -> bool:
        """Whether an entry of the import path belongs to the standard library."""
        return entry in self.stdlib or os.path.basename(entry) in _zip_names(self.version)


def _zip_names(version: str) -> tuple[str, ...]:
    return ("python%s.zip" % "".join(version.split(".")[:2]),)


def _standard_library(answer: dict[str, list[str]]) -> frozenset[str]:
    """The folders of the standard library, wherever its parts were put (PEP 405, ``sys.platlibdir``)."""
    major_minor = ".".join(answer.get("version", [""])[0].split(".")[:2])
    found = set()
    for prefix in answer.get("prefix", []):
        for lib in ("lib", "lib64", "lib32"):
            for name in ("python", "pypy"):
                found.add(os.path.join(prefix, lib, name + major_minor))
    for origin in answer.get("stdlib", []):
        if origin:
            found.add(os.path.dirname(origin) if origin.endswith((".py", ".pyc")) else origin)
    found |= {os.path.join(path, "lib-dynload") for path in found}
    return frozenset(found)


class NoInterpreter(Exception):
    """There is none where the start command would look, or it does not work; the message says which."""


class Asked:
    """A Python that was started, and what it says of itself once it has. It then waits to import modules."""

    def __init__(
        self,
        path: str,
        flags: list[str],
        why: str,
        command: StartCommand | None,
        environ: dict[str, str],
        directory: str,
    ) -> None:
        place = (directory, environ) if command is None else (command.directory, command.environ)
        self.path = path
        self.flags = flags
        self.why = why
        self.worker = Worker([path, *flags], place, _ASKED)

    def wait_for_interpreter(self) -> Interpreter:
        """Its answer, waited for. Raises NoInterpreter where there is none, or it is too old."""
        answer = pairs(self.worker.read_first_answer(ANSWER_SECONDS))
        if "end" not in answer:
            raise NoInterpreter(self._no_answer())
        version = answer.get("version", [""])[0]
        if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
            raise NoInterpreter(
                "%s is Python %s; importguard needs Python 3.7 or later in the image"
                % (printable_path(self.path), version)
            )
        executable = self.path
        if read_interpreter_line(self.path) and answer.get("executable", [""])[0]:
            executable = answer["executable"][0]
        return Interpreter(executable, self.flags, self.why, answer)

    def _no_answer(self) -> str:
        status, (directory, _) = self.worker.status, self.worker.place
        if not os.access(directory, os.X_OK):
            return "the start command's directory %s does not exist, or may not be entered" % printable_path(
                directory
            )
        if status is None:
            ending = "did not start within %g s" % ANSWER_SECONDS
        elif os.WIFSIGNALED(status):
            ending = "was killed by signal %d while starting" % os.WTERMSIG(status)
        else:
            ending = "ended with exit code %d while starting" % os.WEXITSTATUS(status)
        printed = " ".join(self.worker.last_words().split())[-400:]
        text = "%s %s, before it ran anything" % (printable_path(self.path), ending)
        return text + (" (sitecustomize?): " + printed if printed else "")


def ask_interpreter(
    commands: list[StartCommand], wanted: str | None, environ: dict[str, str], directory: str
) -> Asked:
    """Ask the interpreter of the first command that names one; else that of the environment.

    Raises NoInterpreter where neither names one that is there.
    """
    if wanted:
        path = find_program(wanted, environ, directory)
        if path is None:
            raise NoInterpreter("there is no program %s in the image (--python)" % printable_path(wanted))
        flags = commands[0].flags if commands else []
        start = commands[0] if commands else None
        return Asked(path, flags, "given by --python", start, environ, directory)
    for command in commands:
        if command.unmade:
            raise NoInterpreter(command.unmade)
        if command.executable:
            return Asked(command.executable, command.flags, command.why, command, environ, directory)
        _refuse_dead(command)
    for command in commands[:1]:
        environ, directory = command.environ, command.directory
    path, why = _of_environment(environ, directory)
    if path is None:
        raise NoInterpreter(_not_found(commands, environ))
    flags = commands[0].flags if commands else []
    return Asked(path, flags, why, None, environ, directory)


def _refuse_dead(command: StartCommand) -> None:
    """A start command that cannot run is not judged with another Python that happens to be there."""
    if command.dead_script:
        line = read_interpreter_line(command.dead_script) or []
        raise NoInterpreter(
            "%s starts with #!%s, which is not in the image: the start command cannot run. Was a virtual "
            "environment copied to another folder than it was made in? (or choose a Python with --python)"
            % (printable_path(command.dead_script), printable_path(" ".join(line)))
        )
    if command.missing_program and command.recognised and not command.tool_program:
        if os.path.islink(command.missing_program) and not os.path.exists(command.missing_program):
            target = os.path.realpath(command.missing_program)
            raise NoInterpreter(
                "the start command's %s leads to %s, which is not in the image: it cannot run. Was a virtual "
                "environment copied from a stage with a Python of its own? (or choose one with --python)"
                % (printable_path(command.missing_program), printable_path(target))
            )
        raise NoInterpreter(
            "the start command's %s was not found (PATH=%s); choose a Python with --python"
            % (printable_path(command.missing_program), _search_path(command.environ))
        )


def _search_path(environ: dict[str, str]) -> str:
    return printable_path(environ.get("PATH", DEFAULT_PATH))


def notes_on_others(commands: list[StartCommand], python: Interpreter) -> Iterator[str]:
    """Several commands can run several Pythons; all are judged with ``python``, the first."""
    folder = os.path.dirname(python.executable)
    for command in commands:
        path = command.executable
        if path and os.path.dirname(path) != folder and not command.secondary and command.why != python.why:
            names = command.text, printable_path(path), printable_path(python.executable)
            yield "%s runs %s, but is judged with %s" % names


def _of_environment(environ: dict[str, str], directory: str) -> tuple[str | None, str]:
    names = ("python3", "python")
    prefix = environ.get("VIRTUAL_ENV")
    if prefix:
        for name in names:
            path = os.path.join(directory, prefix, "bin", name)
            if is_executable(path):
                return path, "the virtual environment of VIRTUAL_ENV"
    for name in names:
        found = find_program(name, environ, directory)
        if found:
            return found, "%s, the first %s in PATH" % (found, name)
    return None, ""


def _not_found(commands: list[StartCommand], environ: dict[str, str]) -> str:
    where = "no python3 or python in PATH (%s)" % _search_path(environ)
    if environ.get("VIRTUAL_ENV"):
        where += " nor in VIRTUAL_ENV (%s)" % printable_path(environ["VIRTUAL_ENV"])
    started = ", ".join(command.text for command in commands) or "the image has no start command"
    return "no Python found: %s, and none named by the start command (%s); choose one with --python" % (
        where,
        started,
    )


_ASKED = _TOO_OLD % RESULTS + in_unnamed_namespace(_QUESTION % RESULTS)


def pairs(answer: bytes) -> dict[str, list[str]]:
    parts = [os.fsdecode(part) for part in answer.split(b"\0")]
    found: dict[str, list[str]] = {}
    for key, value in zip(parts[0::2], parts[1::2]):
        found.setdefault(key, []).append(value)
    return found
