"""Scripts in Python that only start other programs: ``subprocess.run([venv_python, "-m", "app"])``."""

from __future__ import annotations

import os
import sys

from importguard.probe.code.launched_programs import UNKNOWN, LauncherCode, starts_programs
from importguard.probe.files import find_program, is_executable, read_text
from importguard.probe.start.words import spelled_word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importguard.probe.code.launched_programs import LaunchedProgram
    from importguard.probe.start.start_command import StartCommand
    from importguard.probe.start.wrappers import Invocation


def launched_invocations(command: StartCommand, outer: Invocation) -> Iterator[tuple[Invocation, str]]:
    """What the script of ``command`` starts, each as words or as a line of shell.

    Nothing of a script that imports anything but the standard library, and goes on when it has started them:
    it may be the application. Where an import would start them, it is read and never imported.
    """
    script = command.script or ""
    text = read_text(script) or ""
    if not starts_programs(text) or not command.executable:
        return
    code = LauncherCode(script, command.argv[1:], command.executable, command.directory)
    code.read_text(text)
    is_replaced = any(program.is_sure and program.replaces for program in code.found)
    is_small = all(_is_standard(module, os.path.dirname(script)) for module in code.imported)
    if not is_replaced and not (is_small and code.is_done):
        return
    command.is_launcher = any(program.by_import for program in code.found)
    for program in code.found:
        words = _known_words(program, code.names.values())
        if not words and not program.line:
            continue
        inner = outer.inner_invocation(words)
        inner.environ, inner.directory = command.environ, program.directory
        inner.conditional = outer.conditional or not program.is_sure
        inner.beside = outer.beside or not program.waits
        if not words or program.is_sure or find_program(words[0], inner.environ, inner.directory):
            yield inner, program.line


def _is_standard(module: str, folder: str) -> bool:
    """Whether an import finds the standard library's, and no file beside the script."""
    name = module.split(".")[0]
    if os.path.exists("%s/%s.py" % (folder, name)) or os.path.isfile("%s/%s/__init__.py" % (folder, name)):
        return False
    known = getattr(sys, "stdlib_module_names", None)  # Python 3.10
    if known is not None:
        return name in known
    library = os.path.join(os.path.dirname(os.__file__), name)
    return name in sys.builtin_module_names or os.path.exists(library + ".py") or os.path.isdir(library)


def _known_words(program: LaunchedProgram, values: Iterable[str | None]) -> list[str]:
    """The words of a program; none where it is not known which program that is."""
    words = [
        spelled_word((word or "").replace(UNKNOWN, ""), "…") if word is None or UNKNOWN in word else word
        for word in program.words
    ]
    if words and not getattr(words[0], "is_known", True):
        is_python = len(words) > 1 and (words[1] == "-m" or words[1].endswith(".py"))
        python = _named_environment(values) if is_python else None
        return [python, *words[1:]] if python else []
    return words


def _named_environment(values: Iterable[str | None]) -> str | None:
    """The Python of the one virtual environment among the paths that the script names.

    ``venv.EnvBuilder().ensure_directories(VENV).env_exe``, or one of two by the system that it runs on.
    """
    folders = {os.path.normpath(value) for value in values if value and os.path.isabs(value)}
    pythons = [folder + "/bin/python" for folder in folders if os.path.isfile(folder + "/pyvenv.cfg")]
    return pythons[0] if len(pythons) == 1 and is_executable(pythons[0]) else None
