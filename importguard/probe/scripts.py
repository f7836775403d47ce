"""Scripts that Python runs as ``__main__``: importing one without a guard runs the program that it is.

``python3 worker.py`` may loop for ever, or end with ``sys.exit(0)``, at its own top level. That is what
production starts it for, and no failure to import.
"""

from __future__ import annotations

import os

from importguard.probe.files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importguard.probe.verdicts import Verdict

DUMPED = "(most recent call first)"  # heads each thread in what faulthandler writes
ENDS_WELL = ("sys.exit(0)", "sys.exit(None)", "sys.exit(False)", "exit code 0")


def bodies_in_dump(output: str) -> list[tuple[str, int]]:
    """(file, line) of each module body in what faulthandler wrote, the innermost first."""
    bodies = []
    for line in output.splitlines():
        path, _, rest = line.strip().partition('", line ')
        number, _, function = rest.partition(" in ")
        if path.startswith('File "') and function == "<module>" and number.isdigit():
            bodies.append((path[len('File "') :], int(number)))
    return bodies


def line_of_running(path: str, output: str) -> int:
    """The line at which the script at ``path`` runs on behind its last import, by a dump in ``output``; or 0.

    A script that a server imports again by its name (``uvicorn.run("main:app")``) is a module, too.
    """
    from importguard.probe.code.sites import read_sites

    _, whole, dump = output.rpartition(DUMPED)
    bodies = bodies_in_dump(dump) if whole else []
    if not bodies or not _is_same_file(bodies[0][0], path):
        return 0
    name, line = os.path.basename(path)[: -len(".py")], bodies[0][1]
    text = read_text(path) or ""
    if any(quote + name + ":" in text for quote in "\"'"):
        return 0
    imports = [at for _, _, at, scope in read_sites(name, path) if scope in ("module", "guarded")]
    return line if all(at <= line for at in imports) else 0


def words_on_program(verdict: Verdict, path: str) -> str:
    """What importing the script at ``path`` did, where that is what running it does; empty otherwise."""
    if verdict.outcome == "timed_out":
        line = line_of_running(path, verdict.output)
        text = "Importing {} does not end: it is a program, which runs on at line {}, behind its imports."
        return text.format(verdict.name, line) if line else ""
    if verdict.outcome != "exited" or verdict.detail not in ENDS_WELL:
        return ""
    frames = verdict.failure[3] if verdict.failure else verdict.frames
    bodies = [frame[0] for frame in frames if frame[2] == "<module>"]
    if not bodies or not _is_same_file(bodies[-1], path):
        return ""
    return "Importing {} ends with exit code 0: it is a program, which is done then.".format(verdict.name)


def _is_same_file(first: str, second: str) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)
