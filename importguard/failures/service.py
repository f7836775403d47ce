"""Findings on a service: what its log says of its end, as of a failed import."""

from __future__ import annotations

import re
from typing import Optional

from importguard.evidence.imports import Frame, ImportFailure, ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.failures.application import application_code
from importguard.failures.dump import dumped_frames
from importguard.failures.environment import environment_diagnosis, unreachable_server_diagnosis
from importguard.failures.frames import frame_location, import_chain, raising_frame
from importguard.failures.log_files import log_file_sentence
from importguard.failures.logged import ending_failure, logged_failures
from importguard.failures.root_cause import RootCause, root_cause
from importguard.model import Diagnosis, Finding, Location, Outcome, Rule, Severity
from importguard.rules.imports import IMPORT_RAISES
from importguard.rules.start import LATE_IMPORT

LOG_SAYS = " Its log says: "
"""Between what was seen of a service and what the last traceback of its log says."""

_LOG_LINES = 6
_THREAD = re.compile(r"(?m)^(?=(?:Current t|T)hread 0x)")
_LONGEST_LINE = 300


def service_finding(
    rule: Rule,
    subject: str,
    message: str,
    *,
    severity: Optional[Severity] = None,
    diagnosis: Optional[Diagnosis] = None,
    location: Optional[Location] = None,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity or rule.severity,
        module=subject,
        message=message,
        location=location,
        diagnosis=diagnosis,
    )


def logged_finding(
    rule: Rule, subject: str, message: str, start: ServiceStart, evidence: Evidence
) -> Finding:
    """A finding with what the last traceback of the log says, or else with the end of the log."""
    failure = ending_failure(start, evidence)
    if failure is None:
        return _finding_of_last_words(rule, subject, message, start, evidence)
    return _finding_of_failure(rule, subject, message, failure, evidence)


def _finding_of_failure(
    rule: Rule, subject: str, message: str, failure: ImportFailure, evidence: Evidence
) -> Finding:
    cause, code = _root_cause(failure), application_code(evidence)
    frame = raising_frame(failure.frames, code)
    wanting = _wanting(failure, cause, evidence)
    return Finding(
        rule=rule,
        severity=Severity.WARNING if wanting else rule.severity,
        module=subject,
        message=f"{message}{LOG_SAYS}{cause.message}",
        missing=cause.missing,
        location=frame_location(frame, code) if frame else None,
        chain=import_chain(failure.frames, cause.missing, code),
        diagnosis=wanting,
    )


def waiting_frame(start: ServiceStart, evidence: Evidence) -> Optional[Frame]:
    """Where the application's own code was when a Python that was never well was asked to abort.

    Where its port accepts, a thread of its own may be what handles a request, and the main one accepts.
    """
    return dumped_frame(start.dump, evidence, main_first=start.port is None)


def dumped_frame(text: str, evidence: Evidence, main_first: bool = True) -> Optional[Frame]:
    """The innermost frame of the application's own code in a dump of faulthandler: of the thread that got
    the signal, which is the main one, or of the first of the others that has any."""
    code = application_code(evidence)
    _, *threads = _THREAD.split(text)
    for thread in sorted(threads, key=lambda thread: thread.startswith("Current") != main_first):
        own = [frame for frame in dumped_frames(thread, code.modules) if frame.module in code.names]
        if own:
            return own[-1]
    return None


def _root_cause(failure: ImportFailure) -> RootCause:
    return root_cause(ModuleImport("", None, Outcome.FAILED, failure=failure))


def _wanting(failure: ImportFailure, cause: RootCause, evidence: Evidence) -> Optional[Diagnosis]:
    """The environment as the cause: what production sets and the check does not."""
    if cause.rule is not IMPORT_RAISES:
        return None
    return environment_diagnosis(failure, "start", evidence.image.empty_variables)


def _finding_of_last_words(
    rule: Rule, subject: str, message: str, start: ServiceStart, evidence: Evidence
) -> Finding:
    """A finding with the end of the log, where that holds no traceback.

    rq and the like say in one line which server they do not reach, and end. A start script that waits for a
    server (``until nc -z db 5432``) says it again and again.
    """
    lines = [line.rstrip()[:_LONGEST_LINE] for line in start.log.splitlines() if line.strip()]
    told = ["Its last words:", *lines[-_LOG_LINES:]] if lines else ["It printed nothing."]
    commands = (start.command, *(entry.command for entry in evidence.entrypoints))
    told += filter(None, [log_file_sentence(commands)])
    if start.ending is None:
        telling = lines[-_LOG_LINES:] if start.port is None else []
    else:
        telling = lines[-1:] if start.ending.code != 0 else []
    wanting = next(filter(None, map(unreachable_server_diagnosis, telling)), None)
    severity = Severity.WARNING if wanting else None
    return service_finding(rule, subject, "\n".join([message, *told]), severity=severity, diagnosis=wanting)


def late_import_finding(start: ServiceStart, evidence: Evidence) -> Optional[Finding]:
    """IG509, where an import failed after the port was open and the answers were right all the same.

    Before that, only where a module of the application itself is missing: what a task in the background
    imports while the service starts. A library that is optional is often told so with a traceback then.
    """
    message = "A request makes an import fail."
    failure = _last_missing_module(start.served_log, evidence)
    if failure is None:
        own = application_code(evidence).packages
        message = "An import fails while it starts, and it runs on."
        failure = _last_missing_module(start.log, evidence)
        if failure is None or (_root_cause(failure).missing or "").partition(".")[0] not in own:
            return None
    return _finding_of_failure(LATE_IMPORT, start.command, message, failure, evidence)


def _last_missing_module(log: str, evidence: Evidence) -> Optional[ImportFailure]:
    failures = reversed(logged_failures(log, evidence))
    return next((one for one in failures if _root_cause(one).missing is not None), None)
