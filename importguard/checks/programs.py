"""IG501 of a container that stays up while a program of it does not: what supervisord logs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.failures.service import logged_finding
from importguard.model import Finding, Severity
from importguard.rules.start import START_EXITS

_EVENT = re.compile(
    r"(?m)^.{0,40}\b(?:(?P<exit>exited): (?P<ended>\S+) \((?P<how>[^;)]+); not expected\)"
    r"|(?P<fatal>gave up): (?P<given>\S+) entered FATAL state"
    r"|(?P<well>success): (?P<running>\S+) entered RUNNING state)"
)
"""https://supervisord.org/subprocess.html: RUNNING after ``startsecs``, FATAL after ``startretries``."""


def check_supervised_programs(evidence: Evidence) -> list[Finding]:
    """Nothing where the container was not started, or ended by itself."""
    start = evidence.start
    if start is None or start.skipped or start.error or start.refusal or start.ending:
        return []
    return [_failing(name, how, start, evidence) for name, how in _failing_programs(start.log).items()]


def _failing_programs(log: str) -> dict[str, list[str]]:
    """How each program ended that does not run now, or that ended again after it ran; or ``gave up``.

    RUNNING is what lived for a second: a program that dies of a slow import gets there at every try.
    """
    failing: dict[str, list[str]] = {}
    running: set[str] = set()
    fallen: Counter[str] = Counter()
    for event in _EVENT.finditer(log):
        if event["well"]:
            running.add(event["running"])
            continue
        name = event["ended"] or event["given"]
        fallen[name] += name in running
        running.discard(name)
        failing.setdefault(name, []).append(event["how"] or event["fatal"])
    return {name: how for name, how in failing.items() if name not in running or fallen[name] > 1}


def _failing(name: str, how: list[str], start: ServiceStart, evidence: Evidence) -> Finding:
    """A warning of one that ended once: it may still come up at its next try."""
    last = next((one for one in reversed(how) if one != "gave up"), "it could not be started")
    times = "and supervisord gave up" if "gave up" in how else f"{len(how)} times" if len(how) > 1 else "once"
    message = f"supervisord's program {name} ended ({last}), {times}."
    finding = logged_finding(START_EXITS, name, message, start, evidence)
    return replace(finding, severity=Severity.WARNING) if times == "once" else finding
