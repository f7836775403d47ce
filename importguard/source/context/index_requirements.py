"""The distributions that a build installs from an index or an address, whatever COPY leaves out."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection

from packaging.utils import canonicalize_name

from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.dockerfile_model import Dockerfile
from importguard.source.model import RUNTIME_KINDS, Requirement, Source
from importguard.source.paths import folders_above
from importguard.source.requirements.declarations import read_requirements
from importguard.source.requirements.installing import install_reads
from importguard.source.requirements.project_files import read_toml
from importguard.source.requirements.workspaces import workspace_projects


class IndexRequirements:
    """Tells the modules of a source that the image gets as a distribution all the same.

    ``examples/`` is built into an image that installs ``ranking-challenge`` by its name, and ``module/`` of
    the same repository is that distribution's source.
    """

    def __init__(self, source: Source, dockerfile: Dockerfile) -> None:
        self._root = source.root
        feeding = feeding_stages(dockerfile)
        installs = [install for install in dockerfile.installs if install.stage in feeding]
        declared = declared_requirements(source, dockerfile)
        members = {one.name for one in workspace_projects(source.root, _folders(source, dockerfile))}
        self.names = {
            one.name
            for one in declared
            if one.kind in RUNTIME_KINDS
            and not one.local_folder
            and not one.editable
            and one.name not in members
            and any(install_reads(install, one) for install in installs)
        }
        self.names |= named_packages(dockerfile, feeding)

    def brings(self, module: str, path: str) -> bool:
        """Whether an installed distribution has the module, which the file at ``path`` is of the source."""
        if not self.names:
            return False
        names = {module.partition(".")[0], self._project_of(path)}
        return any(canonicalize_name(name) in self.names for name in names if name)

    def _project_of(self, path: str) -> str:
        """The name of the project that the file belongs to; empty where it has none."""
        for folder in [*reversed(folders_above(path)), ""]:
            name = _project_name(os.path.join(self._root, folder, "pyproject.toml"))
            if name is not None:
                return name
        return ""


def declared_requirements(source: Source, dockerfile: Dockerfile) -> list[Requirement]:
    """What the files declare that lie beside the Dockerfile, in the context, or that an install reads."""
    files = [path for one in dockerfile.installs for path in one.files if not path.startswith("/")]
    return read_requirements(source.root, _folders(source, dockerfile), files, [])


def _folders(source: Source, dockerfile: Dockerfile) -> list[str]:
    return [source.context, posixpath.dirname(dockerfile.path) or ".", "."]


def named_packages(dockerfile: Dockerfile, stages: Collection[int]) -> set[str]:
    """The canonical names of the distributions that install commands of the stages name."""
    installs = [one for one in dockerfile.installs if one.stage in stages and one.tool not in ("apt", "apk")]
    packages = [text for one in installs for text in one.packages]
    return {canonicalize_name(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for text in packages}


def _project_name(path: str) -> str | None:
    """What a pyproject.toml says that its project is called; None where there is no such file."""
    try:
        with open(path, encoding="utf-8") as stream:
            document = read_toml(stream.read())
    except (OSError, ValueError):
        return None
    tool = document.get("tool")
    tables = [document.get("project"), tool.get("poetry") if isinstance(tool, dict) else None]
    names = [table.get("name") for table in tables if isinstance(table, dict)]
    return next((name for name in names if isinstance(name, str)), "")
