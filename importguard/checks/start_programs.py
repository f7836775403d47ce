"""IG110: what ENTRYPOINT and CMD name cannot be started."""

from __future__ import annotations

from importguard.evidence.imports import StartProblem
from importguard.evidence.inspection import Evidence
from importguard.model import Finding
from importguard.rules.imports import START_PROGRAM


def check_start_program(evidence: Evidence) -> list[Finding]:
    """One finding where the container's program cannot be started; Python itself is told as an error."""
    problem = evidence.problem
    if problem is None:
        return []
    return [Finding(START_PROGRAM, START_PROGRAM.severity, problem.program, _message(problem))]


def _message(problem: StartProblem) -> str:
    if problem.why == "absent":
        where = f"there is no {problem.path}" if problem.path else "it is not in PATH"
        return f"{problem.program} cannot be started: {where}"
    said = {
        "not-executable": f"{problem.path} may not be executed",
        "line-endings": f"the first line of {problem.path} ends with a carriage return (CRLF)",
        "no-interpreter": f"the first line of {problem.path} names {problem.interpreter}, which is not there",
        "no-configuration": f"its configuration file {problem.path} is not there",
        "no-interpreter-line": f"{problem.path} is a text without an interpreter line (#!)",
    }
    return f"{problem.program} cannot be started: {said[problem.why]}"
