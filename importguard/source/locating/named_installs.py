"""Read from an image's history which distributions it got from a package index by their name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from packaging.utils import canonicalize_name

from importguard.source.dockerfile.parser import DockerfileError, parse_dockerfile
from importguard.source.locating.history import history_steps
from importguard.source.requirements.requirement_text import parse_requires_dist

_OTHER_INDEX = re.compile(r"index.url|_index\b|find.links|--(default-)?index\b", re.IGNORECASE)
"""Of options, variables and settings that name another index, or a folder of wheels: what comes from there
may be the project's own."""
_SHORT_OPTION = re.compile(r"(?<!\S)-[if]")


def distributions_installed_by_name(history: Sequence[str], variables: Iterable[str]) -> frozenset[str]:
    """The canonical names that RUN lines of ``history`` give to pip or uv, which ask the public index.

    ``variables`` are the names of the image's variables.
    """
    if any(_OTHER_INDEX.search(text) for text in (*history, *variables)):
        return frozenset()
    texts = [step.text for step in history_steps(history) if step.keyword == "RUN"]
    try:
        read = parse_dockerfile("\n".join(["FROM scratch", *(f"RUN {text}" for text in texts)]), "")
    except DockerfileError:
        return frozenset()
    named = [
        package
        for install in read.installs
        if install.tool in ("pip", "uv") and not _SHORT_OPTION.search(install.text)
        for package in install.packages
    ]
    return frozenset(canonicalize_name(one.name) for one in parse_requires_dist(named) if not one.url)
