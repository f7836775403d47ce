"""Match the requirement files of an install with the files of the build context."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import replace

from importguard.source.dockerfile.placement import place_files
from importguard.source.dockerfile_model import Dockerfile, Install

_MOST = 200


def with_source_paths(dockerfile: Dockerfile, context: str) -> Dockerfile:
    """Name the files that the Dockerfile's installs read by their path in the ``context`` (a folder).

    What no COPY brings from there stays absolute.
    """
    asked = {path for install in dockerfile.installs for path in install.files}
    candidates = sorted({found for path in asked for found in _candidates(path, dockerfile, context)})
    known: dict[tuple[int, str], tuple[int, str]] = {}
    for item in place_files(dockerfile, candidates):
        known[item.stage, item.destination] = item.line, item.path

    def named(install: Install, paths: tuple[str, ...]) -> tuple[str, ...]:
        places = [known.get((install.stage, path)) for path in paths]
        return tuple(place[1] if place else path for place, path in zip(places, paths))

    installs = tuple(replace(one, files=named(one, one.files)) for one in dockerfile.installs)
    return replace(dockerfile, installs=installs)


def _candidates(path: str, dockerfile: Dockerfile, context: str) -> Iterator[str]:
    """The files of the context that a COPY may have put at ``path`` in the image."""
    parts = path.strip("/").split("/")
    for copy in dockerfile.copies:
        if copy.from_stage is not None or not copy.resolved:
            continue
        for source in copy.sources:
            for name in _named(source.strip("/") or ".", context):
                if os.path.isfile(os.path.join(context, name)):
                    yield name
                for start in range(len(parts)):
                    below = os.path.normpath(os.path.join(name, *parts[start:])).replace(os.sep, "/")
                    if not below.startswith("../") and os.path.isfile(os.path.join(context, below)):
                        yield below


def _named(source: str, context: str) -> list[str]:
    """The files and folders of the context that a source names."""
    if not glob.has_magic(source):
        return [source]
    found = glob.glob(os.path.join(glob.escape(context), source))[:_MOST]
    return [os.path.relpath(path, context).replace(os.sep, "/") for path in found]
