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
    Rule(
        id="IG301",
        name="requirement-not-installed",
        summary="A declared requirement is not installed in the image",
        severity=Severity.WARNING,
        help=(
            "The files that the build installs from declare a distribution that the image's Python does not "
            "have, though its marker holds there. It is an error where the application imports it. "
            "How it comes about: it is installed in a stage that is not copied, or for another Python; the "
            "image is older than the declaration. "
            "To mend it: install it in the final stage, rebuild the image, or take the declaration out."
        ),
    ),
    Rule(
        id="IG302",
        name="requirement-version",
        summary="The installed version does not satisfy the declaration",
        severity=Severity.WARNING,
        help=(
            "A distribution is installed at a version that its declaration excludes. It is an error where "
            "the application imports it. "
            "How it comes about: a later command installed another version; the base image or the system's "
            "packages bring one that comes first on the import path; the image is older than the "
            "declaration. "
            "To mend it: install everything with one command, and rebuild the image."
        ),
    ),
    Rule(
        id="IG303",
        name="requirements-conflict",
        summary="An installed distribution lacks what it requires",
        severity=Severity.WARNING,
        help=(
            "What 'pip check' says: a distribution requires another one that is not installed, or not at a "
            "version that it allows. It is an error where the application imports the one that requires it. "
            "How it comes about: --no-deps, pins that contradict one another, several install commands. "
            "To mend it: let one command install all, with pins that fit together."
        ),
    ),
    Rule(
        id="IG401",
        name="source-missing",
        summary="Modules of the source are not in the image",
        severity=Severity.WARNING,
        help=(
            "The Dockerfile copies modules that lie in the source, and the image does not have them. "
            "How it comes about: the image was built before they were added. "
            "To mend it: build the image anew, or check the one that was built from this source."
        ),
    ),
    Rule(
        id="IG402",
        name="source-differs",
        summary="Modules of the image differ from the source",
        severity=Severity.WARNING,
        help=(
            "Modules have another content in the image than in the source, beyond their line endings. "
            "How it comes about: the image was built from another commit, or the source was changed since. "
            "To mend it: build the image anew, or check the one that was built from this source."
        ),
    ),
    Rule(
        id="IG403",
        name="source-lacks",
        summary="Modules of the image are not in the source",
        severity=Severity.WARNING,
        help=(
            "The image has modules, in folders that the Dockerfile copies, which the source does not have. "
            "How it comes about: they were removed or renamed since; a step of the build writes them. "
            "To mend it: build the image anew, or let git ignore what the build writes."
        ),
    ),
    Rule(
        id="IG404",
        name="hidden-by-mount",
        summary="What production mounts hides modules of the image",
        severity=Severity.WARNING,
        help=(
            "A compose file or a Kubernetes manifest of the source mounts something over a folder of the "
            "image that holds modules, which import here and can't be imported there. "
            "How it comes about: a volume for data, settings or plug-ins has the path of a package. "
            "To mend it: mount it at a folder of its own, or move the modules out of that folder."
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
