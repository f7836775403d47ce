"""The modules of the start command that COPY puts into the image under another name. Nothing is run.

``COPY src/service /app`` copies what lies in the folder, and not the folder: ``python -m service`` finds no
package of that name. Nothing is said where the module may come another way.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.source.context.arrival import is_mounted, untold_copies
from importguard.source.context.file_names import image_roots
from importguard.source.context.index_requirements import declared_requirements, named_packages
from importguard.source.context.packed_packages import may_be_packed
from importguard.source.context.run_effects import is_transforming, may_bring_packages
from importguard.source.dockerfile.copies import feeding_stages
from importguard.source.dockerfile.renaming_copies import RenamingCopy, find_renaming_copy
from importguard.source.dockerfile_model import Copy, Dockerfile
from importguard.source.model import Source
from importguard.source.modules.named_modules import (
    NamedModule,
    is_program,
    start_words,
    started_modules,
)
from importguard.source.modules.standard_library import STANDARD

# What may stand before the program, and starts it unchanged.
_WRAPPERS = frozenset(("exec", "tini", "dumb-init", "--", "-g"))
# By these words the start may add folders to the import path.
_PATH_WORDS = re.compile(r"pythonpath|conf|;|^-c$", re.IGNORECASE)


@dataclass(frozen=True)
class RenamedStart:
    """A module that the start command of ``line`` names, whose file ``path`` the image has under another name
    only. ``renaming`` is the COPY to change, ``copy`` what it is to be, and ``destination`` where the image
    has the file.
    """

    module: str
    line: int
    path: str
    destination: str
    renaming: RenamingCopy
    copy: str


def renamed_starts(source: Source) -> Iterator[RenamedStart]:
    """Find the modules of the start command that the image has under another name only."""
    dockerfile = source.dockerfile
    if dockerfile is None or not _is_plain_start(dockerfile) or untold_copies(dockerfile):
        return
    for named in started_modules(dockerfile):
        if named.module and named.module.partition(".")[0] not in STANDARD:
            found = _renamed(named, source, dockerfile)
            if found is not None and not _may_come_otherwise(found, source, dockerfile):
                yield found


def _is_plain_start(dockerfile: Dockerfile) -> bool:
    """Whether the image starts Python or a server at once, and no script or tool that may do more before."""
    words = [posixpath.basename(word) for word in start_words(dockerfile)[0]]
    program = next((word for word in words if word not in _WRAPPERS), "")
    return is_program(program)


def _renamed(named: NamedModule, source: Source, dockerfile: Dockerfile) -> Optional[RenamedStart]:
    stem = named.module.replace(".", "/")
    tails = (f"/{stem}/__main__.py", f"/{stem}/__init__.py", f"/{stem}.py")
    final = [placement for placement in source.placements if placement.stage == dockerfile.final]
    roots = image_roots(source)
    hides_root = not _may_import_from_root(dockerfile, roots)
    if any(_is_at(placement.destination, tail, hides_root) for placement in final for tail in tails):
        return None
    own = {
        placement.path: tail for placement in final for tail in tails if f"/{placement.path}".endswith(tail)
    }
    if len({path[: -len(tail) + 1] for path, tail in own.items()}) != 1:
        return None  # not in the source, or more than once: what is meant can't be told
    path, tail = next(iter(own.items()))
    placed = next((placement for placement in final if placement.path == path), None)
    whole = posixpath.join(path[: -len(tail) + 1], tail.split("/")[1])
    renaming = find_renaming_copy(source, placed, whole, tail) if placed else None
    if placed is None or renaming is None:
        return None
    into = renaming.into
    if renaming.place.line == placed.line and roots and into not in roots:
        into = dockerfile.stages[dockerfile.final].workdir
    corrected = renaming.corrected_line(into)
    return RenamedStart(named.module, named.line, path, placed.destination, renaming, corrected)


def _is_at(destination: str, tail: str, hides_root: bool) -> bool:
    """Whether the file lies where some folder of the import path gives it the module's name."""
    return destination.endswith(tail) and not (hides_root and destination == tail)


def _may_import_from_root(dockerfile: Dockerfile, roots: Collection[str]) -> bool:
    """Whether ``/`` may be on the import path: where it is not, ``/shop/main.py`` is no ``shop.main``."""
    stage = dockerfile.stages[dockerfile.final]
    words = start_words(dockerfile)[0]
    return (
        "/" in roots
        or stage.workdir_line is None
        or "$" in stage.env.get("PYTHONPATH", "")
        or any(_PATH_WORDS.search(word) for word in words)
    )


def _may_come_otherwise(found: RenamedStart, source: Source, dockerfile: Dockerfile) -> bool:
    """Whether an install, a command, a mount or another image may bring the module under its name."""
    feeding = feeding_stages(dockerfile)
    holding = {placement.stage for placement in source.placements if placement.path.endswith(".py")}
    name = found.module.partition(".")[0]

    def packed() -> bool:
        return may_be_packed(source.root, found.path, name)

    for stage in feeding & (holding | set(dockerfile.lineage())):
        if is_transforming(source, dockerfile, stage, packed):
            return True
    if may_bring_packages(dockerfile, feeding) or is_mounted(found.path, source, dockerfile, feeding):
        return True
    if any(copy.stage in feeding and _takes_packages_of_image(copy) for copy in dockerfile.copies):
        return True
    return _is_required(name, source, dockerfile)


def _takes_packages_of_image(copy: Copy) -> bool:
    """Whether it takes more than a program, such as uv, from another image."""
    return copy.from_image is not None and "bin" not in copy.destination.split("/")


def _is_required(name: str, source: Source, dockerfile: Dockerfile) -> bool:
    """Whether a distribution of the module's name is declared, or named by a command that installs."""
    declared = {requirement.name for requirement in declared_requirements(source, dockerfile)}
    named = named_packages(dockerfile, range(len(dockerfile.stages)))
    return canonicalize_name(name) in declared | named
