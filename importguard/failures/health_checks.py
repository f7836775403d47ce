"""What a failed health check says of itself."""

from __future__ import annotations

import re

from importguard.evidence.starts import CommandResult

_NOT_FOUND = (
    re.compile(r"\S*sh: (?:line )?(?:\d+: )?(\S+?): (?:command )?not found"),  # dash, Bash, BusyBox
    re.compile(r'.*exec: "([^"]+)": executable file not found.*', re.DOTALL),  # Docker's runtime
)
_OWN_ADDRESS = re.compile(r"(?:\blocalhost|\b127\.0\.0\.1|\b0\.0\.0\.0|\[::1?\]):(\d+)")
_GIVING_UP = re.compile(r"\s*\|\|\s*exit(?:\s+\d+)?(?='?$)")
_SEVERAL = re.compile(r"[;&|`]|\$\(")


def missing_program(result: CommandResult) -> str:
    """The program of a failed command that runs one alone, where that is not in the image; else empty.

    The exit code does not tell: ``curl … || exit 1`` is 1 whatever curl came to.
    """
    command, output = _GIVING_UP.sub("", result.command), result.output.strip()
    found = next(filter(None, (pattern.fullmatch(output) for pattern in _NOT_FOUND)), None)
    if not result.code or found is None or _SEVERAL.search(command):
        return ""
    return found[1] if re.search(rf"(?<![\w/.-]){re.escape(found[1])}(?![\w/.-])", command) else ""


def programs_not_found(result: CommandResult) -> tuple[str, ...]:
    """The programs of a failed command that are not in the image, where it says nothing else.

    What says nothing may be another program that would come to succeed: this tells why it failed in the end.
    """
    lines = [line.strip() for line in result.output.splitlines() if line.strip()]
    found = [next(filter(None, (one.fullmatch(line) for one in _NOT_FOUND)), None) for line in lines]
    programs = tuple(dict.fromkeys(match[1] for match in found if match))
    is_all = bool(result.code) and all(found) and all(name in result.command for name in programs)
    return programs if is_all else ()


def asked_ports(result: CommandResult) -> frozenset[int]:
    """The ports of the container that a health check's command asks, by the addresses in it."""
    return frozenset(map(int, _OWN_ADDRESS.findall(result.command)))
