"""Reporters turn a report into text and return it; only the command line writes. One module a format."""

from __future__ import annotations

from typing import Callable

from importguard.model import Report
from importguard.reporters import github, gitlab, json, junit, markdown, sarif, text

REPORTERS: dict[str, Callable[[Report], str]] = {
    "text": text.render,
    "json": json.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
    "gitlab": gitlab.render,
    "markdown": markdown.render,
}
