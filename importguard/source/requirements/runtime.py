"""Which of the declared requirements the image is to have."""

from __future__ import annotations

import posixpath

from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.model import Install, Requirement, Source
from importguard.source.requirements.installing import install_reads

_PYTHON_TOOLS = frozenset(("pip", "uv", "poetry", "pdm", "pipenv"))


def runtime_requirements(source: Source) -> list[Requirement]:
    """The main requirements that the build installs, each file's once; all main ones of the context's own
    folder where the Dockerfile does not tell.

    Extras, groups, constraints and locks are no promises: what they hold may be meant to be absent.
    """
    main = [one for one in source.requirements if one.kind == "main"]
    installs = _installs(source)
    if installs:
        found = [one for one in main if any(install_reads(install, one) for install in installs)]
    else:
        found = [one for one in main if (posixpath.dirname(one.place.path) or ".") == source.context]
    return list({(one.place, one.name): one for one in reversed(found)}.values())[::-1]


def _installs(source: Source) -> list[Install]:
    """The commands that install what files declare, in stages that feed the image."""
    dockerfile = source.dockerfile
    if dockerfile is None:
        return []
    feeding = feeding_stages(dockerfile)
    return [
        one
        for one in dockerfile.installs
        if one.stage in feeding and one.tool in _PYTHON_TOOLS and (one.files or one.locals)
    ]
