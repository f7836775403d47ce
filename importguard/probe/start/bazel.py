"""Programs of Bazel's ``py_binary``: a script that finds its ``.runfiles`` folder and starts Python there.

Two scripts are known of rules_python, and of Bazel itself before: one in Python, which sets PYTHONPATH, and
one in bash, whose Python finds its import path by a ``.pth`` file of its virtual environment.
"""

from __future__ import annotations

import os

from importguard.probe.files import find_program, read_text

_LONGEST = 64 * 1024


class BazelProgram:
    """What such a script starts: the words of its command, and the variables that it sets."""

    def __init__(self, words: list[str], variables: dict[str, str]) -> None:
        self.words = words
        self.variables = variables


def read_bazel_script(
    path: str, words: list[str], environ: dict[str, str], directory: str
) -> BazelProgram | None:
    """What the script at ``path`` starts with ``words`` behind it; None where it is none of Bazel's."""
    runfiles = _runfiles_folder(path)
    text = read_text(path, _LONGEST) if runfiles else None
    python = _assigned(text or "", "PYTHON_BINARY")
    if not runfiles or not text or not python:
        return None
    variables = {"RUNFILES_DIR": runfiles, "PYTHONSAFEPATH": "1"}
    main = _assigned(text, "main_rel_path")
    second = _assigned(text, "STAGE2_BOOTSTRAP")
    if second:
        program = _python_of_runfiles(runfiles, python, text, environ, directory)
        stage = read_text(os.path.join(runfiles, second), _LONGEST) or ""
        main, module = _assigned(stage, "MAIN_PATH"), _assigned(stage, "MAIN_MODULE")
        if module and not main:
            return BazelProgram([program, "-m", module, *words], variables)
    elif main:
        program = _found_python(runfiles, python, environ, directory)
        search = [*_import_folders(runfiles, text), environ.get("PYTHONPATH", "")]
        variables["PYTHONPATH"] = ":".join(dict.fromkeys(filter(None, search)))
    if not main:
        return None
    return BazelProgram([program, os.path.join(runfiles, main), *words], variables)


def _runfiles_folder(path: str) -> str | None:
    """The folder of runfiles beside a script, or beside what it links to, or around it."""
    for place in (path, os.path.realpath(path)):
        before, inside, _ = place.partition(".runfiles/")
        if inside or os.path.isdir(before + ".runfiles"):
            return before + ".runfiles"
    return None


def _assigned(text: str, name: str) -> str:
    """The literal that is assigned to a name, in Python or in bash; "" where there is none."""
    for line in text.split("\n"):
        before, equals, value = line.strip().partition("=")
        value = value.strip()
        if equals and before.strip() == name and value[:1] in ("'", '"') and len(value) > 1:
            return value[1:].split(value[0], 1)[0]
    return ""


def _found_python(runfiles: str, python: str, environ: dict[str, str], directory: str) -> str:
    """The Python that a script names: by its path in the runfiles, by an absolute one, or in PATH."""
    if "/" in python:
        return os.path.join(runfiles, python)
    return find_program(python, environ, directory) or python


def _python_of_runfiles(
    runfiles: str, python: str, text: str, environ: dict[str, str], directory: str
) -> str:
    """The Python of the virtual environment; where the script makes that one itself, what it links to."""
    made = _found_python(runfiles, python, environ, directory)
    if os.path.exists(made):
        return made
    actual = _assigned(text, "PYTHON_BINARY_ACTUAL")
    return _found_python(runfiles, actual, environ, directory) if actual else made


def _import_folders(runfiles: str, text: str) -> list[str]:
    """What the script in Python puts in PYTHONPATH: the runfiles, what rules declare, and repositories."""
    folders = [runfiles]
    folders += [runfiles + "/" + part for part in _assigned(text, "python_imports").split(":") if part]
    if "GetRepositoriesImports(module_space, True)" in text:
        try:
            names = sorted(os.listdir(runfiles))
        except OSError:
            names = []
        return folders + [path for path in (runfiles + "/" + name for name in names) if os.path.isdir(path)]
    workspace = text.rpartition("os.path.join(module_space, '")[2].partition("'")[0]
    return [*folders, runfiles + "/" + workspace]
