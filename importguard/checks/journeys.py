"""IG509 and IG510: what the started service does when it is used."""

from __future__ import annotations

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
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
    assert start.journey is not None
    said = [line for line in start.journey.output.splitlines() if line.strip()][-_MOST_LINES:]
    code = start.journey.code
    ended = f"was killed (signal {-code})" if code < 0 else f"ended with exit code {code}"
    told = Diagnosis(
        "journey",
        "Every service was ready, and what they do together is not what the command expects.",
        "read the services' logs: --logs DIR keeps them",
        None,
        "certain",
    )
    logs = [f"{name}: {line}" for name, log in start.journey.logs for line in log.splitlines()]
    message = "\n".join([f"{start.journey.command} {ended}.", *said, *logs])
    return service_finding(JOURNEY, start.journey.command, message, diagnosis=told)
