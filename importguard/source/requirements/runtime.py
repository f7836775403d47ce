"""Choose the declared requirements that the image is to have."""

from __future__ import annotations

import posixpath

from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.dockerfile_model import Install
from importguard.source.model import Place, Requirement, Source
from importguard.source.requirements.installing import install_reads

_PYTHON_TOOLS = frozenset(("pip", "uv", "poetry", "pdm", "pipenv"))
_PLAIN_FILES = frozenset(
    ("requirements.txt", "requirements.in", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile")
)


def runtime_requirements(source: Source) -> list[Requirement]:
    """The main requirements that the build installs, each file's once; where the Dockerfile does not tell,
    those of the context's own folder.

    Extras, groups, constraints and locks are no promises: what they hold may be meant to be absent.
    """
    # A member of a workspace need be no distribution: where its code is missing, an import fails.
    members = {project.name for requirement in source.requirements for project in requirement.projects}
    main = [
        requirement
        for requirement in source.requirements
        if requirement.kind == "main" and requirement.name not in members
    ]
    installs = _installs(source)
    if installs:
        found = [
            requirement
            for requirement in main
            if any(install_reads(install, requirement) for install in installs)
        ]
    else:
        found = _plainly_named(
            [requirement for requirement in main if _folder(requirement) == source.context]
        )
    return list({(one.place, one.name): one for one in reversed(found)}.values())[::-1]


def _plainly_named(requirements: list[Requirement]) -> list[Requirement]:
    """Those that ``requirements.txt`` and project files hold or include, where there are any.

    ``requirements_extra.txt`` beside them holds what only some installations want.
    """
    return [
        requirement for requirement in requirements if any(map(_is_plain, _places(requirement)))
    ] or requirements


def _is_plain(place: Place) -> bool:
    return posixpath.basename(place.path) in _PLAIN_FILES


def _places(requirement: Requirement) -> tuple[Place, ...]:
    return (requirement.place, *requirement.via)


def _folder(requirement: Requirement) -> str:
    return posixpath.dirname(requirement.place.path) or "."


def _installs(source: Source) -> list[Install]:
    """The commands that install what files declare, in stages that feed the image."""
    dockerfile = source.dockerfile
    if dockerfile is None:
        return []
    feeding = feeding_stages(dockerfile)
    return [
        install
        for install in dockerfile.installs
        if install.stage in feeding and install.tool in _PYTHON_TOOLS and (install.files or install.locals)
    ]
