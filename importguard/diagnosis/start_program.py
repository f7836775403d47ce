"""Why the container's own program cannot be started.

Causes not-executable, line-endings, no-interpreter, not-in-path, program-left-behind. One that the build
leaves out has the cause of a missing file (``data_files``)."""

from __future__ import annotations

from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.environment_path import environment_of, path_change, path_line
from importguard.diagnosis.permissions import copy_of
from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, make_diagnosis
from importguard.evidence.imports import StartProblem
from importguard.evidence.surroundings import OtherInterpreter
from importguard.model import Diagnosis
from importguard.rules.imports import START_PROGRAM

_ABSENT = frozenset({"absent", "no-configuration"})


def unusable_program(case: Situation) -> Optional[Diagnosis]:
    """The file is there: its mode, its first line or its line endings are wrong."""
    problem = case.evidence.problem
    if case.rule is not START_PROGRAM or problem is None or problem.why in _ABSENT:
        return None
    cause, explanation, remedy = _fault(problem, case)
    copy = copy_of(problem.path, case)
    location = case.dockerfile_location(copy.line if copy else None)
    quote = copy.text if copy else None
    return make_diagnosis(cause, CERTAIN, explanation, remedy, location, quote=quote)


def _fault(problem: StartProblem, case: Situation) -> tuple[str, str, str]:
    """(cause, explanation, remedy)."""
    path, name = problem.path, problem.path.rpartition("/")[2]
    if problem.why == "not-executable":
        user = case.evidence.image.user or "root"
        return (
            "not-executable",
            f"USER {user} may not execute {path}.",
            f"write 'COPY --chmod=755' there, or 'git update-index --chmod=+x {name}'",
        )
    if problem.why == "line-endings":
        return (
            "line-endings",
            f"The kernel looks for '{problem.interpreter}' with a carriage return at its end.",
            f"save {name} with LF line endings, and keep them: '*.sh text eol=lf' in .gitattributes",
        )
    if problem.why == "no-interpreter":
        return (
            "no-interpreter",
            f"The image has no {problem.interpreter}.",
            f"install it in the final stage, or begin {name} with '#!/bin/sh'",
        )
    return (
        "no-interpreter",
        "The kernel starts binaries, and scripts whose first line names their interpreter.",
        f"begin {name} with '#!/bin/sh', or start it with 'sh {name}'",
    )


def program_outside_path(case: Situation) -> Optional[Diagnosis]:
    """It is installed in a virtual environment whose programs are not in PATH."""
    problem = case.evidence.problem
    if case.rule is not START_PROGRAM or problem is None or problem.why != "absent" or problem.path:
        return None
    python = next((other for other in case.clues.interpreters if _has_program(other, problem, case)), None)
    environment = environment_of(python.executable) if python else None
    if python is None or environment is None:
        return None
    change = path_change(environment)
    return make_diagnosis(
        "not-in-path",
        LIKELY,
        f"{problem.program} is installed in {environment}, and {environment}/bin is not in PATH.",
        f"add '{change}' to the final stage, or start {environment}/bin/{problem.program}",
        path_line(environment, case),
        change,
        (f"installed for: {python.executable}",),
    )


def _has_program(python: OtherInterpreter, problem: StartProblem, case: Situation) -> bool:
    """Whether a distribution that brings the program, by its name or by what the source's project says, is
    installed for this Python."""
    module = problem.program.replace("-", "_")
    scripts = case.source.scripts if case.source else ()
    targets = {script.target.partition(":")[0] for script in scripts if script.name == problem.program}
    tops = {module, *(target.partition(".")[0] for target in targets)}
    return any(
        canonicalize_name(one.name) == canonicalize_name(problem.program)
        or not tops.isdisjoint(one.provides)
        or (one.editable and bool(targets))
        for one in python.distributions
    )


def program_left_behind(case: Situation) -> Optional[Diagnosis]:
    """It is nowhere, and no file of the source: a distribution's program, or the system's."""
    problem = case.evidence.problem
    if case.rule is not START_PROGRAM or problem is None or problem.why not in _ABSENT:
        return None
    module = problem.program.rpartition("/")[2].replace("-", "_")
    if problem.why == "absent" and case.providing_distributions(module):
        return make_diagnosis(
            "program-left-behind",
            LIKELY,
            f"The image has the module {module}, and not its program: installers put programs into another "
            "folder (bin).",
            f"copy that folder too (COPY --from=… of /usr/local/bin), put it into PATH, or start "
            f"'python -m {module}'",
        )
    where = f"at {problem.path}" if problem.path else "in PATH"
    return make_diagnosis(
        "program-left-behind",
        LIKELY,
        f"Nothing of that name is {where}.",
        "install or copy it in the final stage, or correct ENTRYPOINT and CMD",
    )
