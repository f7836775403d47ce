"""Which source an image is told apart from: the one that is named, the build's, or the working directory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Optional

from importguard.config import Config
from importguard.evidence import Evidence
from importguard.model import Finding

if TYPE_CHECKING:
    from importguard.source.model import Source, Tree

_MOST_MODULES = 100
NONE = (
    "No source to look at: from the folder that the image is built from, or with --source DIR, importguard "
    "names the line of the file to change."
)


def source_of(config: Config, evidence: Evidence) -> Optional[Source]:
    """The source, None where there is none to look at. Raises UsageError for what is named and not there."""
    named = config.build or config.source or config.dockerfile
    if not named and not _holds_application(os.curdir, evidence):
        return None
    from importguard.source.reader import read_source

    tree = _tree(config)
    return read_source(tree) if tree is not None else None


def with_removed(source: Source, findings: Iterable[Finding]) -> Source:
    """The same source with what the history has of the modules that the findings miss."""
    from importguard.source.git import with_history

    missing = [one.missing for one in findings if one.missing and one.rule.id in ("IG101", "IG102")]
    return with_history(source, missing[:_MOST_MODULES])


def _tree(config: Config) -> Optional[Tree]:
    """What is to be read; None for a context that is no folder here, such as a URL."""
    from importguard.source.model import Tree

    build = config.build
    context = build.context if build and os.path.isdir(build.context) else None
    if build and (context or config.source):
        root = config.source or context or os.curdir
        return Tree(root, context, build.dockerfile, build.target, build.build_args)
    return None if build else Tree(config.source or os.curdir, dockerfile=config.dockerfile)


def _holds_application(folder: str, evidence: Evidence) -> bool:
    """Whether every top-level package of the application is in the folder, or in its ``src``."""
    names = {item.name.partition(".")[0] for item in evidence.modules if item.selected}
    return bool(names) and all(
        any(_exists(os.path.join(folder, inner, name)) for inner in ("", "src")) for name in names
    )


def _exists(stem: str) -> bool:
    try:
        return os.path.isdir(stem) or os.path.isfile(f"{stem}.py")
    except ValueError:  # a NUL character: names come from the image
        return False
