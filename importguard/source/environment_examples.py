"""The variables of a repository's ``.env.example``, as far as ``docker run --env-file`` takes that file."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from importguard.source.model import EnvironmentExample, Source
from importguard.source.reader import read_text

_NAMES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env")


def with_environment_examples(source: Source, given: Sequence[str] = ()) -> Source:
    """The same source with the examples of an environment at its root and in its build context.

    A variable that the check was ``given`` (``NAME=value``) is left out: the example's value is no help.
    """
    known = {text.partition("=")[0] for text in given}
    folders = dict.fromkeys(("", "" if source.context == "." else source.context))
    paths = [posixpath.join(folder, name) for folder in folders for name in _NAMES]
    examples = [one for path in paths if (one := _read_example(source.root, path)) is not None]
    return replace(
        source,
        environment_examples=tuple(replace(example, names=example.names - known) for example in examples),
    )


def _read_example(root: str, path: str) -> Optional[EnvironmentExample]:
    """None for a file that Docker would refuse: ``export NAME=value``, or a space before the ``=``."""
    try:
        lines = [line.lstrip() for line in read_text(os.path.join(root, path)).splitlines()]
    except OSError:
        return None
    values = dict(line.partition("=")[::2] for line in lines if line and not line.startswith("#"))
    if any(not name or any(map(str.isspace, name)) for name in values):
        return None
    return EnvironmentExample(path, frozenset(name for name, value in values.items() if value.strip("\"' ")))
