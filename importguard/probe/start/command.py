"""From a start command to what it starts: which Python, with which import path, loading which module.

``parse_arguments`` takes an image's ENTRYPOINT and CMD, ``parse_text`` a line of shell. Both follow what
stands between (shells, entrypoint scripts, ``env``, ``tini``, ``gosu``, ``uv run`` …) down to the programs
that are recognised; nothing is run. What each program does with its options is in ``programs``.
"""

from __future__ import annotations

import os

from importguard.probe.files import find_program, printable_path, read_interpreter_line, read_text
from importguard.probe.start.programs import TOOLS, read_python, read_tool
from importguard.probe.start.start_command import StartCommand, is_dotted, is_python
from importguard.probe.start.words import BUILT_INS, reads_profile, spelled_command
from importguard.probe.start.wrappers import Invocation, after_options, remove_wrapper, unwrap_env

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.shell_state import Shell

SHELLS = frozenset(["sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"])
NO_WRAPPERS = frozenset(
    "[ [[ test echo printf which type hash alias trap kill pkill pgrep killall grep sed awk cat cp mv ln ls "
    "rm mkdir touch find chown chmod pip pip3 apt-get apk curl wget nc nginx".split()
)
"""Commands of scripts that name programs without starting them."""

SUPERVISORS = frozenset(["watchfiles", "watchmedo", "hupper"])
"""Python programs that start others: what they load themselves is not the application."""

MANAGERS = frozenset(
    "supervisord circusd honcho foreman forego goreman hivemind overmind s6-svscan runsvdir runsvdir-start "
    "svscan my_init init multirun".split()
)
"""Programs that start several others side by side; ``process_managers`` reads which."""

_DEPTH = 8
"""How many wrappers are followed: a script can call itself."""


def parse_arguments(words: list[str], environ: dict[str, str], directory: str) -> list[StartCommand]:
    """The start commands behind ENTRYPOINT + CMD: the main one last; empty only where ``words`` is."""
    if not words:
        return []
    found = _follow(Invocation(list(words), environ, directory, False), 0)
    return _ordered(found) or [_unrecognised(spelled_command(words), words, environ, directory)]


def parse_text(text: str, environ: dict[str, str], directory: str) -> list[StartCommand]:
    """The start commands in one line of shell, as ``--command`` gives it."""
    found = _lines(text, ["sh"], Invocation([], environ, directory, False), 0)
    if not text.split():
        return []
    return _ordered(found) or [_unrecognised(printable_path(text), text.split(), environ, directory)]


def _unrecognised(text: str, words: list[str], environ: dict[str, str], directory: str) -> StartCommand:
    command = StartCommand(text, environ, directory)
    if not find_program(words[0], environ, directory):
        command.missing_program = _name_of_program(words[0])
    return command


def _name_of_program(word: str) -> str | None:
    """The program that a word names; None for a built-in of the shell, and where only running a command would
    tell, as of ``$(find)``."""
    return None if word in BUILT_INS or "$(" in word or "`" in word else word


def _ordered(found: list[StartCommand]) -> list[StartCommand]:
    """All that were recognised; the last that is sure to run, or may, is the main one, and stands last."""
    known = _once([command for command in found if command.recognised]) or found[-1:]
    sure = [command for command in known if not command.conditional]
    sure = sure or [command for command in known if not command.is_dead]
    if sure:
        known.remove(sure[-1])
        known.append(sure[-1])
    for command in known[:-1]:
        command.secondary = command.conditional or not command.beside
    return known


def _once(found: list[StartCommand]) -> list[StartCommand]:
    """Each command once, where branches of a script start the same: the one that is surest to run."""
    first: dict[tuple[object, ...], StartCommand] = {}
    for command in sorted(found, key=lambda item: (item.conditional, item.is_dead)):
        loaded = (command.runs, tuple(command.entries))  # ``python -m $x`` in a loop has the same text
        first.setdefault((command.text, command.directory, *command.argv, loaded), command)
    kept = set(map(id, first.values()))
    return [command for command in found if id(command) in kept]


def _follow(invocation: Invocation, depth: int) -> list[StartCommand]:
    """Take wrappers away until a program is left, and say what that starts."""
    invocation.budget[0] -= 1
    while invocation.words and depth < _DEPTH and invocation.budget[0] > 0:
        depth += 1
        name = os.path.basename(invocation.words[0])
        if name in SHELLS:
            return _shell(invocation, depth)
        managed = _managed(name, invocation, depth) if name in MANAGERS else None
        if managed is not None:
            return managed
        if not remove_wrapper(name, invocation):
            return _program(invocation, depth)
    return []


def _managed(name: str, invocation: Invocation, depth: int) -> list[StartCommand] | None:
    """What a process manager starts, each as if it stood alone; None where it is none after all."""
    from importguard.probe.start.process_managers import read_manager

    programs = read_manager(name, invocation)
    if programs is None:
        return None
    invocation.require_wrapper(invocation.words[0])
    found: list[StartCommand] = []
    for program in programs:
        inner = invocation.inner_invocation(list(program.words))
        inner.environ, inner.directory = program.environ, program.directory
        inner.conditional, inner.beside = invocation.conditional or program.conditional, True
        found += _lines(program.text, ["sh"], inner, depth) if program.text else _follow(inner, depth)
    if not any(command.recognised for command in found):
        command = StartCommand(spelled_command(invocation.words), invocation.environ, invocation.directory)
        command.recognised = True
        command.notes.append(
            "%s starts other programs, and none was recognised: name them with --command"
            % printable_path(name)
        )
        found.append(command)
    return found


def _shell(invocation: Invocation, depth: int) -> list[StartCommand]:
    """``sh -c TEXT [$0 [$1 …]]`` and ``sh SCRIPT [$1 …]``."""
    invocation.require_wrapper(invocation.words[0])
    words = invocation.words[1:]
    invocation.has_unknown_path = invocation.has_unknown_path or bool(invocation.environ.get("BASH_ENV"))
    inline = False
    if os.path.basename(invocation.words[0]) == "busybox":
        words = words[1:]
    while words and words[0][:1] in ("-", "+"):
        option = words.pop(0)
        invocation.has_unknown_path = invocation.has_unknown_path or reads_profile(option)
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
    from importguard.probe.start.shell_state import Shell

    found = _steps(text, Shell(outer.environ, outer.directory, arguments), outer, depth)
    if not any(command.recognised for command in found) and ("case" in text or "{" in text):
        shell = Shell(outer.environ, outer.directory, arguments)
        shell.decides = False
        found = _steps(text, shell, outer, depth)
    return found


def _steps(text: str, shell: Shell, outer: Invocation, depth: int) -> list[StartCommand]:
    from importguard.probe.start.shell import script_steps

    found: list[StartCommand] = []
    for step in script_steps(text, shell):
        invocation = outer.inner_invocation(step.words)
        invocation.environ, invocation.directory = step.environ, step.directory
        invocation.conditional = outer.conditional or step.conditional
        invocation.is_dead, invocation.stdin = outer.is_dead or step.is_dead, step.stdin
        invocation.beside = outer.beside or step.background
        invocation.has_unknown_path = invocation.has_unknown_path or step.has_unknown_path
        found += _follow(invocation, depth)
    return found


def _program(invocation: Invocation, depth: int) -> list[StartCommand]:
    """A program that is no wrapper: Python, a script with an interpreter line, or something unknown."""
    words, environ, directory = invocation.words, invocation.environ, invocation.directory
    name = os.path.basename(words[0])
    path = find_program(words[0], environ, directory)
    command = StartCommand(spelled_command(words), environ, directory)
    command.conditional, command.unmade = invocation.conditional, invocation.unmade
    command.missing_wrappers, command.in_doubt = invocation.missing, invocation.in_doubt
    command.beside, command.by_runner = invocation.beside, invocation.by_runner
    command.is_dead, command.stdin = invocation.is_dead, invocation.stdin
    command.workers += [(module, None) for module in invocation.loads]
    command.argv = [path or words[0], *words[1:]]
    if path is None:
        invocation.note_doubt(words[0])
        command.missing_program = _name_of_program(words[0])
        if is_python(name):
            read_python(command, words[1:])
        elif not read_tool(command, name, words[1:]):
            invocation.require_wrapper(words[0])
            return _rest(words[1:], invocation, depth) or [command]
        else:
            command.tool_program = True
        return [command]
    line = read_interpreter_line(path)
    if line is None and name in TOOLS and read_tool(command, name, words[1:]):
        return [command]
    if line is None or (is_python(name) and not is_python(os.path.basename(line[0]))):
        if is_python(name):
            command.executable, command.why = path, "%s, named in the start command" % path
            read_python(command, words[1:])
            return _with_launched(command, invocation, depth)
        return _rest(words[1:], invocation, depth) or [command]
    return _script(command, invocation, path, line, depth)


def _script(
    command: StartCommand, invocation: Invocation, path: str, line: list[str], depth: int
) -> list[StartCommand]:
    """A script is its interpreter with the script as argument; installers hide long paths behind ``sh``."""
    words, directory = invocation.words, invocation.directory
    name = os.path.basename(words[0])
    if TOOLS.get(name) == "platforms" and os.path.basename(line[0]) in SHELLS:
        # AWS Lambda's own script leads into its runtime, which asks a server what to load.
        read_tool(command, name, words[1:])
        return [command]
    if os.path.basename(line[0]) == "execlineb":
        return _execline(invocation, path, depth)
    found = _bazel(invocation, path, depth)
    if found:
        return found
    hidden = _hidden_python(path) if os.path.basename(line[0]) in SHELLS else None
    line = [hidden] if hidden else line
    inner = invocation.inner_invocation([*line, path, *words[1:]])
    if os.path.basename(line[0]) == "env":
        inner.words[1:2] = line[1].split() if len(line) > 1 else []
        unwrap_env(inner)
    if not inner.words:
        return [command]
    if not is_python(os.path.basename(inner.words[0])):
        return _follow(inner, depth) or [command]
    command.environ = inner.environ
    command.executable = find_program(inner.words[0], inner.environ, directory)
    command.why = "the first line of %s, #!%s" % (printable_path(path), printable_path(" ".join(line)))
    if command.executable is None:
        command.dead_script = path
    command.script = path
    if os.path.basename(words[0]) in SUPERVISORS:
        found = _watched(invocation, depth) or _rest(words[1:], invocation, depth)
        if found:
            return found
        command.recognised = True
        command.notes.append("%s starts other programs: name them with --command" % printable_path(words[0]))
    else:
        read_python(command, inner.words[1:], _unwrapped_name(words[0]))
    return _with_launched(command, invocation, depth)


def _with_launched(command: StartCommand, invocation: Invocation, depth: int) -> list[StartCommand]:
    """A command; where it has Python run a script that only starts other programs, what that starts too."""
    if not command.script or command.is_read:
        return [command]
    from importguard.probe.start.launchers import launched_invocations

    found: list[StartCommand] = []
    for inner, line in launched_invocations(command, invocation):
        started = _lines(line, ["sh"], inner, depth) if line else _follow(inner, depth)
        found += [item for item in started if item.recognised]
    # The script is sure to run, and yet it is not what the container is for.
    command.conditional = command.conditional or (bool(found) and all(item.conditional for item in found))
    command.is_launcher = command.is_launcher and bool(found)
    if command.is_launcher:
        command.main_file, command.entries = command.script, []
    return [command, *found]


def _unwrapped_name(program: str) -> str:
    """The name that a program is called by: Nix renames ``gunicorn`` to ``.gunicorn-wrapped``."""
    name = os.path.basename(program)
    return name[1 : -len("-wrapped")] if name.startswith(".") and name.endswith("-wrapped") else name


def _bazel(invocation: Invocation, path: str, depth: int) -> list[StartCommand]:
    """What a script of Bazel's ``py_binary`` starts; nothing where it is none."""
    if ".runfiles" not in (read_text(path) or ""):
        return []
    from importguard.probe.start.bazel import read_bazel_script

    program = read_bazel_script(path, invocation.words[1:], invocation.environ, invocation.directory)
    if program is None:
        return []
    inner = invocation.inner_invocation(program.words)
    inner.environ = {**inner.environ, **program.variables}
    return _follow(inner, depth)


def _execline(invocation: Invocation, path: str, depth: int) -> list[StartCommand]:
    """A script of execline is one command, over several lines (skarnet.org, "The execlineb program")."""
    from importguard.probe.start.shell import script_steps
    from importguard.probe.start.shell_state import Shell

    lines = [line for line in (read_text(path) or "").split("\n") if not line.strip().startswith("#")]
    read = script_steps(
        "execline " + " ".join(lines), Shell(invocation.environ, invocation.directory, [path])
    )
    return _follow(invocation.inner_invocation(read[0].words[1:]), depth) if read else []


def _watched(invocation: Invocation, depth: int) -> list[StartCommand]:
    """``watchfiles TARGET [PATH …]``: a command, or a function by its dotted name (watchfiles.cli)."""
    words = invocation.words
    if os.path.basename(words[0]) != "watchfiles":
        return []
    values = "--ignore-paths --target-type --filter --args --grace-period --sigint-timeout --sigkill-timeout"
    rest = after_options(words[1:], frozenset(values.split()))
    if not rest:
        return []
    if is_dotted(rest[0]) and "." in rest[0]:
        module, _, function = rest[0].rpartition(".")
        code = "from %s import %s; %s()" % (module, function, function)
        return _follow(invocation.inner_invocation(["python", "-c", code]), depth)
    return _lines(rest[0], ["sh"], invocation, depth)


def _hidden_python(path: str) -> str | None:
    """The Python of a ``#!/bin/sh`` script whose second line is ``'''exec' python "$0" "$@"``."""
    lines = (read_text(path, 8192) or "").split("\n", 2)
    if len(lines) < 2 or not lines[1].startswith("'''exec' "):
        return None
    rest = lines[1][len("'''exec' ") :].strip()
    quoted = rest[:1] == '"' and '"' in rest[1:]
    return rest[1:].split('"', 1)[0] if quoted else rest.split(" ", 1)[0]


def _fills_in(program: str, words: list[str]) -> bool:
    """Whether a program puts words of its own into those that it is given: ``xargs -I{} python {}.py``."""
    replaces = os.path.basename(program) == "xargs" and any(
        word.startswith(("-I", "-i", "--replace")) for word in words
    )
    return replaces or any("{}" in word for word in words)


def _rest(words: list[str], invocation: Invocation, depth: int) -> list[StartCommand]:
    """Of a program that cannot be read, the arguments from the first that is a known program.

    So do ``wait-for-it host:port -- uvicorn …``, ``/init gunicorn …`` and most wrappers.
    """
    first = invocation.words[0]
    if first.startswith("-") or os.path.basename(first) in NO_WRAPPERS or _fills_in(first, words):
        return []
    for at, item in enumerate(words):
        name = os.path.basename(item)
        separated = words[at - 1 : at] == ["--"] and find_program(
            item, invocation.environ, invocation.directory
        )
        is_tool = name in TOOLS and name != "mcp"  # a subcommand of many programs: ``mytool mcp``
        if name in SHELLS or is_python(name) or is_tool or separated:
            return _follow(invocation.inner_invocation(words[at:]), depth)
    return []
