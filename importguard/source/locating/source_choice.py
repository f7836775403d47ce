"""Choose the source tree that an image is compared with: the named one, the build's, or what was found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Optional

from importguard.config import Build, Config, build_arguments
from importguard.evidence.inspection import Evidence

if TYPE_CHECKING:
    from importguard.source.locating.model import Location
    from importguard.source.model import Source

NONE = (
    "No source to look at: from the folder that the image is built from, or with --source DIR, importguard "
    "names the line of the file to change."
)


class ChosenSource(NamedTuple):
    """The source, None where there is none to look at, and the ``note`` that says why it is this one."""

    source: Optional[Source]
    note: str


def choose_source(config: Config, evidence: Evidence) -> ChosenSource:
    """Read the source of an image. Raises UsageError for what is named and not there."""
    location = _location(config, evidence)
    if location.tree is None:
        return ChosenSource(None, f"{NONE} {location.note}".strip())
    from importguard.source.reader import read_source

    return ChosenSource(read_source(location.tree), location.note)


def _location(config: Config, evidence: Evidence) -> Location:
    """Locate the source: what the settings name counts before what is found."""
    from importguard.source.locating.locate import locate_build, locate_source

    build = config.build or config.origin
    if build is not None:
        return _of_build(build, config)
    if config.dockerfile is not None and not os.path.isfile(config.dockerfile):
        from importguard.source.locating.model import Location
        from importguard.source.model import Tree

        return Location(Tree(config.source or os.curdir, dockerfile=config.dockerfile), "")
    if config.source or config.dockerfile:
        return locate_build(evidence, os.path.abspath(config.source or os.curdir), config.dockerfile)
    return locate_source(evidence, os.curdir)


def _of_build(build: Build, config: Config) -> Location:
    """The tree of a build; none for a context that is no folder here, such as a URL."""
    from importguard.source.locating.model import Location
    from importguard.source.model import Tree

    context = build.context if os.path.isdir(build.context) else None
    if context is None and not config.source:
        return Location(None, "")
    root = config.source or context or os.curdir
    dockerfile = build.dockerfile if config.build else config.dockerfile or build.dockerfile
    return Location(Tree(root, context, dockerfile, build.target, build_arguments(build)), "")
