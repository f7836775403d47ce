"""The working directory that production's files give an image, in place of its WORKDIR."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Optional

from importguard.config import Config, WorkingDirectory
from importguard.source.paths import repository_of
from importguard.source.production_files import texts_mentioning

if TYPE_CHECKING:
    from importguard.source.deployment.model import Deployment

_WORKDIR = re.compile(r"\bworking_dir:|\bworkingDir:")


def production_workdir(reference: str, config: Config) -> Optional[WorkingDirectory]:
    """The directory in which all containers of this image start, by the repository's files.

    None where they differ or say nothing, and where the settings have a start command of their own: that is
    written for the image's WORKDIR.
    """
    if config.commands:
        return None
    root = repository_of(config)
    files = list(texts_mentioning(_WORKDIR, root))
    if not files:
        return None
    from importguard.source.deployment.reading import (
        deployments_in,
    )  # every check comes here, and few need it

    deployments = _of_image(reference, config, deployments_in(files), root)
    folders = {deployment.workdir for deployment in deployments}
    folder = folders.pop() if len(folders) == 1 else None
    if folder is None:
        return None
    place = deployments[0].place
    return WorkingDirectory(folder, f"{place.path}:{place.line}")


def _of_image(
    reference: str, config: Config, deployments: Sequence[Deployment], root: str
) -> list[Deployment]:
    """The containers that are this image: by its name or build context; else each that may be.

    Of an image that is given by another name, each build context may be the one, as long as it has one
    working directory in all of its containers. Whether the image has that at all is for the probe to see.
    """
    from importguard.inspectors.production import names_of_image

    build = config.build or config.origin
    names = names_of_image(reference, config)
    named = [deployment for deployment in deployments if not deployment.names.isdisjoint(names)]
    if build is None or named:
        return named or _of_builds_that_agree(deployments)
    folder = os.path.relpath(build.context, root).replace(os.sep, "/")
    return [deployment for deployment in deployments if deployment.build == folder]


def _of_builds_that_agree(deployments: Sequence[Deployment]) -> list[Deployment]:
    folders: dict[str, set[Optional[str]]] = {}
    for deployment in deployments:
        if deployment.build is not None:
            folders.setdefault(deployment.build, set()).add(deployment.workdir)
    return [
        deployment
        for deployment in deployments
        if deployment.build and len(folders[deployment.build]) == 1 and deployment.workdir is not None
    ]
