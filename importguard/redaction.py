"""Values of environment variables never appear in a report, not even in the application's own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from importguard.model import Finding

_SHORTEST = 6
_FREE_TEXT = frozenset({"IG104", "IG106", "IG107", "IG108"})


def redact(finding: Finding, env: Iterable[str]) -> Finding:
    """Replace the values of ``env`` (``NAME=value``) in what the application said by ``<value of NAME>``.

    Messages of the import system hold only names and paths and stay as they are; so do short values and
    paths, which are no secrets and without which no message could be read.
    """
    if finding.rule.id not in _FREE_TEXT:
        return finding
    message = finding.message
    for item in env:
        name, _, value = item.partition("=")
        if len(value) >= _SHORTEST and not value.startswith("/"):
            message = message.replace(value, f"<value of {name}>")
    return replace(finding, message=message)
