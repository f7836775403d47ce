"""What fails only in code that another image of the repository runs is a warning. Pure functions."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Optional

from importguard.evidence.inspection import Evidence
from importguard.judging.softening import Softening, is_needed_by_no_start
from importguard.model import Finding, RuleFamily
from importguard.source.model import Source
from importguard.source.requirements.installing import install_reads


def other_images_softening(evidence: Evidence, source: Optional[Source]) -> Softening:
    """Soften what fails only in other images' code.

    ``COPY src/ src/`` brings the code of every service of a repository into each of its images. Such code
    lies in a folder with a Dockerfile of its own, or in a project of the workspace that this image does not
    install; no start command loads anything from there, and no code elsewhere imports from it, in functions
    either.
    """
    foreign = _modules_of_other_images(evidence, source) if source else frozenset()
    return Softening(
        lambda finding: _concerns_only(finding, foreign),
        "Only warned of, since only another image of the repository seems to run them: {modules}.",
    )


def _modules_of_other_images(evidence: Evidence, source: Source) -> frozenset[str]:
    placed = source.copied_from
    if not placed:
        return frozenset()
    origins = {module.name: placed.get(module.path or "", "") for module in evidence.modules}
    started = {name for entry in evidence.entrypoints for name in (entry.module, *entry.reaches) if name}
    foreign: set[str] = set()
    folders = {*_folders_of_other_dockerfiles(source), *_projects_not_installed(source)}
    for folder in folders - source.joined_folders:
        inside = {name for name, path in origins.items() if path.startswith(f"{folder}/")}
        foreign |= inside if inside.isdisjoint(started) else set()
    return frozenset(foreign)


def _folders_of_other_dockerfiles(source: Source) -> Iterable[str]:
    """The folders, without the root, that hold Dockerfiles and not the one of this image."""
    own = posixpath.dirname(source.dockerfile.path) if source.dockerfile else ""
    for path in source.dockerfiles:
        folder = posixpath.dirname(path)
        if folder and not f"{own}/".startswith(f"{folder}/"):
            yield folder


def _projects_not_installed(source: Source) -> Iterable[str]:
    """The folders of the workspace's projects that no command of the image installs."""
    assert source.dockerfile is not None
    lineage = source.dockerfile.lineage()
    installs = [install for install in source.dockerfile.installs if install.tool not in ("apt", "apk")]
    named = any(install.members for install in installs if install.stage in lineage)
    declared = [requirement for requirement in source.requirements if requirement.projects]
    paths = {project.path for requirement in declared for project in requirement.projects}
    for path in paths if named else ():
        own = [requirement for requirement in declared if requirement.place.path == path]
        if own and not any(install_reads(install, needed) for install in installs for needed in own):
            yield posixpath.dirname(path)


def _concerns_only(finding: Finding, foreign: frozenset[str]) -> bool:
    """Whether only such code fails by it, and it is known that no start needs it."""
    is_import = finding.rule.family is RuleFamily.IMPORTS
    return is_import and is_needed_by_no_start(finding) and foreign >= set(finding.affected)
