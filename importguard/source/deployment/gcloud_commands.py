"""Read ``gcloud run deploy`` in scripts: which service, and with which options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from importguard.source.command_words import split_command

_GCLOUD = re.compile(r"\bgcloud\s+(?:(?:alpha|beta)\s+)?run\s+deploy\b([^\n&|;]*)")
_COMMENT_LINE = re.compile(r"(?m)^[ \t]*#.*$")
_VALUELESS = re.compile(r"--(?:no-[\w-]+|quiet|async|allow-unauthenticated)")
_CONTINUED = re.compile(r"\\\r?\n")
_JOINT = "\v"
"""Stands for the end of a continued line, so that the lines before a command can be counted."""


def deploying_command_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The words behind each ``gcloud run deploy``, and how many lines of ``text`` are before it."""
    joined = _CONTINUED.sub(_JOINT, _COMMENT_LINE.sub("", text))
    for match in _GCLOUD.finditer(joined):
        words = split_command(match[1].replace(_JOINT, " "))
        before = joined[: match.start()]
        yield before.count("\n") + before.count(_JOINT), words


def read_gcloud_options(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The service and the options of ``gcloud run deploy WORDS``; no service where none is named."""
    options: dict[str, str] = {}
    service = ""
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("-"):
            service = service or name
        elif _VALUELESS.fullmatch(name) or not name.startswith("--"):
            continue
        elif equals:
            options[name] = value
        elif rest and not rest[0].startswith("--"):
            options[name] = rest.pop(0)
    return service, options


def read_probe_option(text: str) -> dict[str, str]:
    """``--startup-probe=httpGet.path=/ready,periodSeconds=10`` by its keys."""
    pairs = (item.partition("=") for item in text.split(","))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}
