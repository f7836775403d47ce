"""What requirements that are only for development are called: groups, extras, and files."""

from __future__ import annotations

import re
from typing import Optional

DEVELOPMENT_WORDS = frozenset({"dev", "develop", "development"})
DEVELOPMENT_GROUPS = DEVELOPMENT_WORDS | frozenset(
    ("test", "tests", "testing", "lint", "linting", "style", "format", "typing", "types", "mypy", "doc")
    + ("docs", "documentation", "ci", "qa", "quality", "build", "release")
)
"""Groups and extras that nobody means to have in production."""

# Fewer than the groups: requirements-release.txt is as likely what production installs.
_IN_FILE_NAMES = "dev|develop|development|tests?|testing|lint|docs?|ci|local|typing|build"
_FILE_OF_GROUP = re.compile(rf"(?:^|[-_.])({_IN_FILE_NAMES})\b")


def development_group_of(stem: str) -> Optional[str]:
    """The group that a file's name tells: "dev" of ``requirements-dev``; None for the main ones."""
    match = _FILE_OF_GROUP.search(stem.lower())
    return match[1] if match else None
