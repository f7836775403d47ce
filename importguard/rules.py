"""The one table of rules. A number is public: once released it never changes its meaning."""

from __future__ import annotations

from importguard.errors import UsageError
from importguard.model import Rule, Severity

_TABLE = (
    Rule(
        id="IG101",
        name="missing-module",
        summary="A module that is imported is not in the image",
        severity=Severity.ERROR,
        help=(
            "An import statement asks for a module that the image does not hold, and nothing guards it. "
            "How it comes about: the requirement is not declared or was not installed in the final stage; "
            "a line of .dockerignore or a narrow COPY left the application's own files out; a file was "
            "moved or renamed and an importer still uses the old name. "
            "To mend it: install the distribution that provides the module, let the build copy the files, "
            "or correct the import. If the module is optional, guard the import with "
            "'try: import x / except ImportError: x = None'."
        ),
    ),
    Rule(
        id="IG102",
        name="missing-name",
        summary="A name that is imported is not in its module",
        severity=Severity.ERROR,
        help=(
            "'from module import name' finds the module, but no attribute and no submodule of that name. "
            "How it comes about: the installed version of a library is older or newer than the one that the "
            "code was written for; a submodule was left out of the image; two modules import each other and "
            "one asks for a name that the other has not bound yet. "
            "To mend it: pin the version that has the name, let the build copy the submodule, or break the "
            "circle by moving the shared part to a third module or the import into the function that uses it."
        ),
    ),
    Rule(
        id="IG103",
        name="missing-shared-library",
        summary="An extension module cannot load a shared library",
        severity=Severity.ERROR,
        help=(
            "A compiled module is in the image, but the dynamic linker cannot load it or a library it needs. "
            "How it comes about: a system package (libpq5, libgl1, libgomp1 ...) is only in the build stage; "
            "the module was compiled for another libc, architecture or library version than the image has. "
            "To mend it: install the system package in the final stage, or install a wheel that was built "
            "for the image's platform."
        ),
    ),
    Rule(
        id="IG104",
        name="import-raises",
        summary="Importing a module raises an exception",
        severity=Severity.ERROR,
        help=(
            "The module's body raises something while it is imported. "
            "How it comes about: work that belongs to the start of the program (reading settings, connecting "
            "to a server, opening a file) is done at import; a file that the body reads is not in the image. "
            "It is a warning only where the exception is evidence of the environment: a variable that is not "
            "set, settings that lack one, a server that cannot be reached. "
            "To mend it: give the variable with --env NAME=value, or move the work into a function."
        ),
    ),
    Rule(
        id="IG105",
        name="syntax-error",
        summary="A module's source is not valid for the image's Python",
        severity=Severity.ERROR,
        help=(
            "The image's interpreter cannot compile the file. "
            "How it comes about: the syntax is newer than the image's Python; conflict markers "
            "or a half-saved file were copied into the image. "
            "To mend it: raise the base image's Python version, or correct the file."
        ),
    ),
    Rule(
        id="IG106",
        name="import-exits",
        summary="Importing a module ends the process",
        severity=Severity.ERROR,
        help=(
            "The module's body calls sys.exit, os._exit or the like, so whatever imports it ends, even with "
            "exit code 0. "
            "How it comes about: a script without 'if __name__ == \"__main__\":'; a check that exits. "
            "To mend it: guard the script's body, or raise an exception from a function instead of exiting. "
            "A script that is never imported can be left out with --exclude."
        ),
    ),
    Rule(
        id="IG107",
        name="import-crashes",
        summary="Importing a module kills the interpreter",
        severity=Severity.ERROR,
        help=(
            "The process died by a signal or for memory while the module's body ran. "
            "How it comes about: an extension module compiled for another processor, libc or Python; "
            "two libraries that bring the same native code; a body that loads more than --memory allows. "
            "To mend it: install a build for the image's platform, or raise --memory if production has more."
        ),
    ),
    Rule(
        id="IG108",
        name="import-hangs",
        summary="Importing a module does not finish in time",
        severity=Severity.ERROR,
        help=(
            "The module's body did not end within --module-timeout. "
            "How it comes about: waiting for a server or for input, a deadlock between threads that import, "
            "an endless loop, a server that is started at import. "
            "To mend it: move the work into a function that the program calls, or raise --module-timeout "
            "if the import is only slow."
        ),
    ),
    Rule(
        id="IG109",
        name="entrypoint-target",
        summary="The start command names an object that does not exist",
        severity=Severity.ERROR,
        help=(
            "The module that the start command loads can be imported, but it has no such attribute. "
            "How it comes about: the application object was renamed, or the command names a factory that "
            "moved to another module. "
            "To mend it: correct the command (CMD, ENTRYPOINT, or the platform's), or bind the name."
        ),
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}


def find_rule(name: str) -> Rule:
    """The rule of that number or name, in any case. Raises UsageError with the nearest one for others."""
    wanted = name.strip().lower()
    for rule in RULES.values():
        if wanted in (rule.id.lower(), rule.name):
            return rule
    import difflib

    names = {text.lower(): text for rule in RULES.values() for text in (rule.id, rule.name)}
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f"did you mean {names[near[0]]}? " if near else ""
    raise UsageError(f"there is no rule {name!r}: {hint}'importguard rules' lists all")
