"""IG502: what runs and cannot be reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.evidence.starts import ServiceStart
from importguard.failures.application import application_code
from importguard.failures.frames import frame_location
from importguard.failures.service import logged_finding, service_finding, waiting_frame
from importguard.model import Diagnosis, Finding
from importguard.rules.start import NOT_LISTENING
from importguard.source.model import Source
from importguard.source.serving_place import serving_place


def check_listening_ports(evidence: Evidence, source: Optional[Source] = None) -> list[Finding]:
    """Nothing where the image was not started, or ended by itself."""
    start = evidence.start
    if start is None or start.skipped or start.error or start.refusal:
        return []
    has_port = start.port is not None or start.settings.port == "none"
    if start.ending or start.out_of_memory or has_port or start.held:
        return []
    return [_not_listening(start, evidence, source)]


def _not_listening(start: ServiceStart, evidence: Evidence, source: Optional[Source]) -> Finding:
    """IG502, with what it does instead."""
    port = start.ports[0] if start.ports else 0
    message = f"Nothing accepts connections on port {port} within {_waited(start)}."
    listener = listener_elsewhere(start)
    if listener is None and start.surroundings.unix_sockets:
        told = _unix_socket(start.surroundings.unix_sockets[0])
    elif listener is None:
        return _silent(message, start, evidence)
    elif listener[1] in start.surroundings.ipv6_only:
        told = _ipv6_only(listener, evidence, source)
    elif is_loopback(listener[0]) or listener[1] in start.ports:
        told = _local_only(listener, start, evidence, source)
    else:
        told = _other_port(listener, start, evidence, source)
    return service_finding(NOT_LISTENING, f"port {port}", message, diagnosis=told)


def listener_elsewhere(start: ServiceStart) -> Optional[tuple[str, int]]:
    """(address, port) of where a service without a right port listens: on such a port, but not for others;
    on another one; or on another one that nobody else reaches. None where it listens nowhere.
    """
    if start.port is not None or start.settings.port == "none" or start.held:
        return None
    listeners = start.surroundings.listeners
    only_6 = start.surroundings.ipv6_only
    right = [one for one in listeners if one[1] in start.ports]
    if not right and not _is_port_set(start):
        right = [one for one in listeners if one[1] in only_6]
    reachable = [one for one in listeners if not is_loopback(one[0])]
    return next(iter((*right, *reachable, *listeners)), None)


def _waited(start: ServiceStart) -> str:
    """How long it was waited for: to the end of its time, or until its processes did nothing any more."""
    seconds = start.settings.seconds_to_ready
    if start.given_up is None or start.given_up >= seconds:
        return f"{seconds:.0f} s"
    idle = f"its processes are idle, so the rest of its {seconds:.0f} s was not waited for"
    return f"{start.given_up:.0f} s; {idle}"


def _is_port_set(start: ServiceStart) -> bool:
    """Whether another port than the one asked for would be wrong in any case."""
    return bool(start.settings.port) or start.settings.platform == "cloud-run"


def _shown(listener: tuple[str, int]) -> str:
    """``ADDRESS:PORT`` as it stands in a URL (RFC 3986, section 3.2.2)."""
    address, number = listener
    return f"[{address}]:{number}" if ":" in address else f"{address}:{number}"


def is_loopback(address: str) -> bool:
    """Whether nobody outside of the container reaches what listens there."""
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def _ipv6_only(listener: tuple[str, int], evidence: Evidence, source: Optional[Source]) -> Diagnosis:
    location, quote = serving_place(evidence, source, listener, is_loopback=False)
    return Diagnosis(
        "ipv6-only",
        f"It listens on {_shown(listener)} for IPv6 alone: connections over IPv4 are refused.",
        "let it listen on 0.0.0.0; uvicorn and asyncio take no IPv4 on ::, gunicorn and hypercorn do on [::]",
        location,
        "certain",
        quote,
    )


def _local_only(
    listener: tuple[str, int], start: ServiceStart, evidence: Evidence, source: Optional[Source]
) -> Diagnosis:
    """The port may be another one, too: where nothing says which is right, any is."""
    number = listener[1]
    location, quote = serving_place(evidence, source, listener, is_loopback=True)
    is_other = number not in start.ports and _is_port_set(start)
    port = f", and on port {start.ports[0]}" if is_other else ""
    return Diagnosis(
        "loopback-only",
        f"It listens on {_shown(listener)}, which nobody outside of the container reaches.",
        "let it listen on 0.0.0.0 (uvicorn and hypercorn: --host or --bind, gunicorn: --bind, Flask: host=)"
        + port,
        location,
        "certain",
        quote,
    )


def _other_port(
    listener: tuple[str, int], start: ServiceStart, evidence: Evidence, source: Optional[Source]
) -> Diagnosis:
    port, number = start.ports[0] if start.ports else 0, listener[1]
    location, quote = serving_place(evidence, source, listener, is_loopback=False)
    own = "" if _is_port_set(start) else f"EXPOSE {number} (or ENV PORT={number}) in the Dockerfile, or "
    return Diagnosis(
        "other-port",
        f"It listens on {_shown(listener)} instead of port {port}.",
        f"let it listen on the port that PORT names ({port}), or say that {number} is right: {own}"
        f"port = {number} in [start]",
        location,
        "certain",
        quote,
    )


def _unix_socket(path: str) -> Diagnosis:
    return Diagnosis(
        "unix-socket",
        f"It listens on the UNIX socket {path}, and on no TCP port.",
        "let it listen on 0.0.0.0 and a port, or start the proxy in front of it too",
        None,
        "certain",
    )


def _silent(message: str, start: ServiceStart, evidence: Evidence) -> Finding:
    """It runs and listens nowhere: what its processes do."""
    finding = logged_finding(NOT_LISTENING, f"port {start.ports[0]}", message, start, evidence)
    if finding.diagnosis is not None or finding.missing is not None:
        return finding
    waits = _waits(start)
    running = "; ".join(
        f"{process.number} {process.command[:80]} "
        f"({process.state}{', in ' + process.wait if process.wait else ''})"
        for process in start.surroundings.processes[:4]
    )
    frame = waiting_frame(start, evidence)
    where = f"It waits in {frame.function}(). " if frame else ""
    told = Diagnosis(
        "not-listening",
        f"{waits}{where}It runs and listens nowhere: {running or 'none of its processes can be seen'}.",
        'give it more time (timeout = "120s" in [start]); for a worker that needs no port: port = "none"',
        None,
        "possible",
    )
    code = application_code(evidence)
    location = frame_location(frame, code) if frame else finding.location
    return replace(finding, diagnosis=told, location=location)


def _waits(start: ServiceStart) -> str:
    """For which servers it waits, by its sockets."""
    said = ""
    for verb, servers in (
        ("tries to reach", start.surroundings.connecting),
        ("is connected to", start.surroundings.connected),
    ):
        listed = ", ".join(f"{address}:{port}" for address, port in servers)
        said += f"It {verb} {listed}. " if listed else ""
    return said
