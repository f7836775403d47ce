"""IG503 and IG504: what is not answered as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import Answer, CommandResult, ServiceStart
from importguard.failures.application import application_code
from importguard.failures.frames import frame_location
from importguard.failures.health_checks import asked_ports, programs_not_found
from importguard.failures.logged import ending_failure
from importguard.failures.service import logged_finding, service_finding, waiting_frame
from importguard.model import Diagnosis, Finding, Rule
from importguard.rules.start import HTTP_ANSWER, WEBSOCKET
from importguard.source.command_lines import health_check_line
from importguard.source.model import Source

_BODY_CHARACTERS = 160
_NO_LIBRARY = "No supported WebSocket library detected"  # uvicorn.protocols.http


def check_service_answers(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """Nothing where the image was not started, or ended by itself."""
    start = evidence.start
    if start is None or start.skipped or start.error or start.refusal:
        return []
    if start.ending or start.out_of_memory:
        return []
    return list(_wrong_answers(start, evidence, source))


def _wrong_answers(start: ServiceStart, evidence: Evidence, source: Optional[Source]) -> Iterator[Finding]:
    """IG503 and IG504: what was not answered as it should be."""
    for asked, answer in start.http:
        if not answer.right:
            due = f"{asked.status}" if asked.status is not None else f"a status below {asked.below}"
            due += f" with {asked.body!r} in the body" if asked.body is not None else ""
            yield _wrong(HTTP_ANSWER, f"GET {asked.path}", answer, due, start, evidence)
    for handshake, answer in start.websocket:
        if not answer.right:
            due = "101 and an open WebSocket" if handshake.status == 101 else f"{handshake.status}"
            due += f" with the subprotocol {handshake.protocol}" if handshake.protocol else ""
            yield _wrong(WEBSOCKET, f"WebSocket {handshake.path}", answer, due, start, evidence)
    if start.grpc is not None and not start.grpc.right:
        yield _wrong(HTTP_ANSWER, "gRPC health", start.grpc, "SERVING", start, evidence)
    if start.health is not None and start.health.code:
        yield _unhealthy(start.health, start, evidence, source)
    elif start.ready is not None and not start.held and _was_all_right(start):
        message = f"It had answered, and {start.settings.settle:g} s later it did not any more."
        subject = f"GET {start.http[0][0].path}" if start.http else f"port {start.port}"
        yield logged_finding(HTTP_ANSWER, subject, message, start, evidence)


def _was_all_right(start: ServiceStart) -> bool:
    return all(answer.right for _, answer in start.http) and (start.grpc is None or start.grpc.right)


def _unhealthy(
    health: CommandResult, start: ServiceStart, evidence: Evidence, source: Optional[Source]
) -> Finding:
    """IG503 of a HEALTHCHECK: why it fails, by its own words or by a traceback in the log since the port was
    open. An earlier one may be of something that the service went on without."""
    said = f" It says: {health.output.strip()}" if health.output.strip() else " It says nothing."
    how = "does not end in time" if health.timed_out else f"fails with exit code {health.code}"
    whose = "production's" if start.settings.healthcheck else "image's"
    message = f"The {whose} HEALTHCHECK {how}: {health.command}.{said}"
    location, words = health_check_line(start, source)
    diagnosis = _missing_program(health) or _asks_elsewhere(health, start)
    diagnosis = replace(diagnosis, location=location, quote=words) if diagnosis else None
    asked = replace(start, log=start.served_log)
    if diagnosis is None and ending_failure(asked, evidence) is not None:
        found = logged_finding(HTTP_ANSWER, "HEALTHCHECK", message, asked, evidence)
        return replace(found, location=found.location or location)
    return service_finding(HTTP_ANSWER, "HEALTHCHECK", message, diagnosis=diagnosis, location=location)


def _missing_program(health: CommandResult) -> Optional[Diagnosis]:
    programs = programs_not_found(health)
    if not programs:
        return None
    listed, verb = " and ".join(programs), "is" if len(programs) == 1 else "are"
    return Diagnosis(
        "program-missing",
        f"{listed}, which the HEALTHCHECK runs, {verb} not in the image.",
        f"install {' or '.join(programs)} in the image, or ask by a program that is there, as its Python is",
        None,
        "certain",
    )


def _asks_elsewhere(health: CommandResult, start: ServiceStart) -> Optional[Diagnosis]:
    """The HEALTHCHECK asks a port of the container that nothing listens on."""
    asked, listening = asked_ports(health), {port for _, port in start.surroundings.listeners}
    if len(asked) != 1 or start.port is None or start.port not in listening or asked & listening:
        return None
    port = next(iter(asked))
    return Diagnosis(
        "health-check-port",
        f"The HEALTHCHECK asks port {port}, and the service listens on {start.port}.",
        f"let the HEALTHCHECK ask port {start.port}, or let the service listen on {port}",
        None,
        "likely",
    )


def _wrong(
    rule: Rule, subject: str, answer: Answer, due: str, start: ServiceStart, evidence: Evidence
) -> Finding:
    # A start was ready when all was answered as it should be: this answer came later.
    again = f", {start.settings.settle:g} s after a right answer" if start.ready is not None else ""
    message = f"{subject}: {_answer_in_words(answer)}{again}; expected {due}."
    diagnosis = _stated_cause(rule, answer, start)
    if diagnosis is not None:
        return service_finding(rule, subject, message, diagnosis=diagnosis)
    frame = waiting_frame(start, evidence) if answer.late else None
    if frame is not None:
        diagnosis = Diagnosis(
            "hangs", f"It waits in {frame.function}().", "let it end: give waits a limit", None, "likely"
        )
        location = frame_location(frame, application_code(evidence))
        return service_finding(rule, subject, message, diagnosis=diagnosis, location=location)
    if answer.status is None or answer.status >= 500 or answer.close_code is not None:
        return logged_finding(rule, subject, message, start, evidence)
    return service_finding(rule, subject, message)


def _stated_cause(rule: Rule, answer: Answer, start: ServiceStart) -> Optional[Diagnosis]:
    """The cause that the answer or the server itself tells."""
    if answer.tls:
        return Diagnosis(
            "tls",
            f"Port {start.port} speaks TLS, and plain HTTP is due: TLS ends at the platform's front end.",
            "let it speak plain HTTP: leave out its certificate and key",
            None,
            "certain",
        )
    if rule is WEBSOCKET and _NO_LIBRARY in start.log:
        return Diagnosis(
            "websocket-library",
            "The server says that it has no WebSocket library: uvicorn alone brings none.",
            "install uvicorn[standard], or websockets",
            None,
            "certain",
        )
    return None


def _answer_in_words(answer: Answer) -> str:
    """Say in words how a request was answered."""
    waited = f" (asked for {answer.waited:.0f} s)" if answer.waited >= 1 else ""
    if answer.error:
        return f"{answer.error}{waited}"
    if answer.close_code is not None:
        reason = f", {answer.close_reason}" if answer.close_reason else ""
        return f"the WebSocket opened and was closed at once ({answer.close_code}{reason})"
    body = " ".join(answer.body.split())[:_BODY_CHARACTERS]
    chosen = f", subprotocol {answer.protocol or 'none'}" if answer.status == 101 else ""
    return f"answered {answer.status}{chosen}{waited}" + (f", {body!r}" if body else "")
