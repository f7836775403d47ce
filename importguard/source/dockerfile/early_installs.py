"""Editable installs that run before the packages which they would map are copied.

Source: setuptools maps the top-level packages that lie in a flat project when it runs (editable_wheel.py,
_TopLevelFinder); with a src folder, and with other backends, it adds the folder to the import path.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from importguard.source.dockerfile.placement import place_files
from importguard.source.dockerfile_model import Dockerfile, Install
from importguard.source.model import Placement, Source

_OTHER_BACKENDS = (
    "hatchling",
    "poetry",
    "flit_core",
    "pdm.backend",
    "uv_build",
    "maturin",
    "scikit_build_core",
)


@dataclass(frozen=True)
class EarlyInstall:
    """An editable install of ``folder``, and the packages and modules that are copied into it afterwards: by
    name, one file of each. ``root`` is the project's folder in the source."""

    install: Install
    folder: str
    late: Mapping[str, Placement]
    root: str

    @property
    def copy_line(self) -> int:
        """The line of the first COPY that is too late."""
        return min(one.line for one in self.late.values())

    def sentence(self, dockerfile: Dockerfile) -> str:
        """Say what comes too late, and what to do."""
        late = ", ".join(sorted(self.late))
        return (
            f"{dockerfile.path}:{self.install.line} installs {self.folder} as an editable project, which "
            f"maps what lies there then, and line {self.copy_line} copies {late} only "
            f"afterwards: a console script would not find it. Put that COPY above line {self.install.line}."
        )


def early_installs(source: Source) -> Iterator[EarlyInstall]:
    """The editable installs of the image that miss packages which are copied later."""
    dockerfile = source.dockerfile
    if dockerfile is None:
        return
    final = [placement for placement in source.placements if placement.stage == dockerfile.final]
    for install in dockerfile.installs:
        if install.stage not in dockerfile.lineage() or not install.editable:
            continue
        before = {one.destination for one in _placed_before(install, dockerfile, source)}
        for folder in install.editable:
            late = _top_packages(
                folder, (placement for placement in final if placement.destination not in before)
            )
            late = {name: one for name, one in late.items() if not _holds(before, f"{folder}/{name}")}
            root = _project_root(folder, next(iter(late.values()))) if late else ""
            if late and _is_setuptools(install, os.path.join(source.root, root)):
                yield EarlyInstall(install, folder, late, root)


def _placed_before(install: Install, dockerfile: Dockerfile, source: Source) -> Iterable[Placement]:
    earlier = tuple(copy for copy in dockerfile.copies if copy.line < install.line)
    start = "" if source.context == "." else f"{source.context}/"
    files = [path[len(start) :] for path in source.context_files if path.startswith(start)]
    return place_files(replace(dockerfile, copies=earlier), files)


def _top_packages(folder: str, placed: Iterable[Placement]) -> dict[str, Placement]:
    """The packages and modules right in a folder of the image."""
    found: dict[str, Placement] = {}
    start = folder.rstrip("/") + "/"
    for placement in placed:
        parts = (
            placement.destination[len(start) :].split("/") if placement.destination.startswith(start) else []
        )
        is_package = len(parts) == 2 and parts[1] == "__init__.py"
        is_module = len(parts) == 1 and parts[0] != "setup.py" and parts[0].endswith(".py")
        if is_package or is_module:
            found.setdefault(parts[0].partition(".")[0], placement)
    return found


def _holds(places: Iterable[str], stem: str) -> bool:
    return any(place.startswith((f"{stem}/", f"{stem}.")) for place in places)


def _project_root(folder: str, placed: Placement) -> str:
    """The folder of the source that becomes ``folder`` of the image."""
    root = placed.path
    for _ in range(placed.destination[len(folder.rstrip("/")) + 1 :].count("/") + 1):
        root = posixpath.dirname(root)
    return root


def _is_setuptools(install: Install, project: str) -> bool:
    """Whether setuptools installs the project, by its pyproject.toml or setup.py beside the packages."""
    try:
        with open(os.path.join(project, "pyproject.toml"), encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except OSError:
        return os.path.isfile(os.path.join(project, "setup.py"))
    if install.tool != "pip" and "[build-system]" not in text:
        return False  # uv and the like install no project that can't be built
    return not any(backend in text for backend in _OTHER_BACKENDS)
