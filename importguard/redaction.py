"""Values of environment variables never appear in a report, not even in the application's own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from importguard.model import Finding

_SHORTEST = 6
_VERSION = re.compile(r"[\d.]+")
_FREE_TEXT = frozenset({"IG104", "IG106", "IG107", "IG108"})


def redact(finding: Finding, env: Iterable[str]) -> Finding:
    """Replace the values of ``env`` (``NAME=value``) in what the application said by ``<value of NAME>``.

    Messages of the import system hold only names and paths and stay as they are; so do short values,
    versions and paths, which are no secrets and without which no message could be read.
    """
    return (
        replace(finding, message=redacted(finding.message, env)) if finding.rule.id in _FREE_TEXT else finding
    )


def redacted(text: str, env: Iterable[str]) -> str:
    """``text`` without the values of ``env``, as in ``redact``."""
    for item in env:
        name, _, value = item.partition("=")
        if len(value) >= _SHORTEST and not value.startswith("/") and not _VERSION.fullmatch(value):
            text = text.replace(value, f"<value of {name}>")
    return text
