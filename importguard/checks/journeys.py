"""IG509 and IG510: what the started service does when it is used."""

from __future__ import annotations

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import CommandResult, ServiceStart
from importguard.failures.service import late_import_finding, service_finding
from importguard.model import Diagnosis, Finding
from importguard.rules.start import JOURNEY

_MOST_LINES = 12


def check_journeys(evidence: Evidence) -> list[Finding]:
    """Find the user's own command that failed, and the import that failed while the service was used.

    Nothing where the image was not started, or did not get ready.
    """
    start = evidence.start
    if start is None or start.ready is None or not start.held:
        return []
    journey = start.journey
    found = [_journey(start)] if journey is not None and journey.code and not journey.error else []
    late = late_import_finding(start, evidence)
    return [*found, late] if late is not None else found


def _journey(start: ServiceStart) -> Finding:
    """The finding that the user's own command failed, with its last lines and those of the services."""
    journey = start.journey
    assert journey is not None
    said = [line for line in journey.output.splitlines() if line.strip()][-_MOST_LINES:]
    logs = [f"{name}: {line}" for name, log in journey.logs for line in log.splitlines()]
    message = "\n".join([f"{journey.command} {_how_it_ended(journey)}.", *said, *logs])
    explanation, confidence = (
        "Every service was ready, and what they do together is not what the command expects.",
        "certain",
    )
    remedy = "read the services' logs: --logs DIR keeps them"
    if journey.killed_after is not None:
        explanation, confidence = "It takes longer, or waits for what does not come.", "possible"
        remedy = f"give it more time with --timeout, or {remedy}"
    told = Diagnosis("journey", explanation, remedy, None, confidence)
    return service_finding(JOURNEY, journey.command, message, diagnosis=told)


def _how_it_ended(journey: CommandResult) -> str:
    if journey.killed_after is not None:
        return f"did not end within {journey.killed_after:g} s, and importguard killed it"
    if journey.code < 0:
        return f"was killed (signal {-journey.code})"
    return f"ended with exit code {journey.code}"
