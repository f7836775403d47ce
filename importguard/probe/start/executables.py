"""Whether the kernel, or a wrapper such as ``tini``, could start what the image's ENTRYPOINT and CMD name."""

from __future__ import annotations

import os
import stat

from importguard.probe.files import DEFAULT_PATH, find_program, printable_path, read_bytes
from importguard.probe.start.command import MANAGERS, SHELLS
from importguard.probe.start.wrappers import FETCHERS, RUNNERS, WRAPPERS, Invocation, remove_wrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.start.start_command import StartCommand
    from importguard.probe.values import StartProblemValues

_DEPTH = 8
_ELF = b"\x7fELF"


def find_start_problem(
    words: list[str], environ: dict[str, str], directory: str
) -> StartProblemValues | None:
    """Why the program of an exec form cannot be started, its wrappers included; None where it can be."""
    invocation = Invocation(list(words), environ, directory, False)
    for depth in range(_DEPTH):
        if not invocation.words:
            return None
        program = invocation.words[0]
        problem = _problem_of(program, invocation.environ, invocation.directory, depth == 0)
        if problem is not None:
            return problem
        name = os.path.basename(program)
        if name in SHELLS:
            return _script_of_shell(invocation)
        if (name not in WRAPPERS and name != "env") or not remove_wrapper(name, invocation):
            return None
    return None


def missing_part(command: StartCommand, is_plain: bool) -> StartProblemValues | None:
    """What a command lacks: what it is started by, the program of a known tool, or of all that is given
    (``is_plain``), or a tool's configuration."""
    if command.secondary or command.conditional:
        return None
    for program in command.missing_wrappers:
        if program in command.in_doubt:
            continue
        if "/" in program or _is_looked_up_in_path(program):
            return _problem(program, command.resolve_path(program) if "/" in program else "", "absent")
    if command.missing_file:
        return _problem(command.tool or "", command.resolve_path(command.missing_file), "no-configuration")
    is_known = command.tool_program or (is_plain and not command.recognised)
    if command.by_runner or not is_known or not command.missing_program:
        return None
    return _problem(command.missing_program, "", "absent")


def _is_looked_up_in_path(program: str) -> bool:
    """Whether a name is that of a known program, and no function of a script. s6 has a PATH of its own."""
    is_known = any(program in table for table in (SHELLS, MANAGERS, WRAPPERS, RUNNERS, FETCHERS))
    return is_known and not program.startswith("s6-") and program not in ("with-contenv", "fdmove")


def _problem(program: str, path: str, why: str, interpreter: str = "") -> StartProblemValues:
    """``path`` is where the program was looked for, empty where that is PATH."""
    return {
        "program": printable_path(program),
        "path": printable_path(path),
        "why": why,
        "interpreter": printable_path(interpreter),
    }


def _problem_of(
    program: str, environ: dict[str, str], directory: str, by_kernel: bool
) -> StartProblemValues | None:
    """``execve`` knows programs and scripts with an interpreter line; ``execvp`` has sh run others."""
    path = os.path.normpath(os.path.join(directory, program)) if "/" in program else ""
    found = find_program(program, environ, directory)
    if found is None:
        return _problem(program, path, "not-executable" if path and _is_file(path) else "absent")
    found = os.path.normpath(found)
    head = read_bytes(found, 4096)
    if head is None or head.startswith(_ELF):
        return None
    if not head.startswith(b"#!"):
        is_text = head and b"\0" not in head and by_kernel
        return _problem(program, found, "no-interpreter-line") if is_text else None
    line = head[2:].split(b"\n", 1)[0]
    named = os.fsdecode(line).split()
    if line.endswith(b"\r"):
        return _problem(program, found, "line-endings", named[0] if named else "")
    if named and not os.path.exists(os.path.join(directory, named[0])):
        return _problem(program, found, "no-interpreter", named[0])
    if len(named) == 2 and os.path.basename(named[0]) == "env" and not named[1].startswith("-"):
        if "=" not in named[1] and find_program(named[1], environ, directory) is None:
            return _problem(program, found, "no-interpreter", named[1])
    return None


def _script_of_shell(invocation: Invocation) -> StartProblemValues | None:
    """``sh SCRIPT``: a shell looks for a name without a slash in its directory first, then in PATH."""
    words = invocation.words[1:]
    if not words or words[0].startswith(("-", "+")) or os.path.basename(invocation.words[0]) == "busybox":
        return None
    path = os.path.normpath(os.path.join(invocation.directory, words[0]))
    places = [path]
    if "/" not in words[0]:
        places += [
            os.path.join(entry, words[0]) for entry in invocation.environ.get("PATH", DEFAULT_PATH).split(":")
        ]
    return None if any(map(os.path.exists, places)) else _problem(words[0], path, "absent")


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
