"""A module that the source has, and that the distribution which was installed of this source has not."""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.situation import (
    LIKELY,
    POSSIBLE,
    Situation,
    lies_below,
    location_of,
    make_diagnosis,
    place_and_line,
)
from importguard.diagnosis.source_index import SourceIndex
from importguard.diagnosis.source_module import SourceModule
from importguard.evidence.surroundings import Candidate, Distribution
from importguard.model import Diagnosis
from importguard.rules.imports import MISSING_MODULE
from importguard.source.model import Place
from importguard.source.packaging_lines import packaging_line_of


def module_not_packaged(case: Situation) -> Optional[Diagnosis]:
    """``pip install ./shop`` left it out: the project does not say that it belongs to its distribution."""
    module, index = case.module_in_source, case.index
    library = _installed_from_folder(case)
    if case.rule is not MISSING_MODULE or library is None:
        return None
    if module is None or index is None:
        return _seen_in_image(library, case)
    if not _lay_there(module, library.source or "", index) or _may_be_newer(library, index, case):
        return None
    packaging = packaging_line_of(index.source, module.path)
    why, remedy = _what_leaves_it_out(module, index, packaging)
    return make_diagnosis(
        "not-packaged",
        LIKELY,
        f"The source has {module.path_to_copy}, and the distribution {library.name}, which was installed "
        f"from {library.source}, does not: {why}.",
        remedy,
        location_of(packaging) if packaging else None,
        None,
        (f"in the source: {module.path}", f"installed: {library.name} {library.version}"),
        packaging.text if packaging else None,
    )


def _may_be_newer(library: Distribution, index: SourceIndex, case: Situation) -> bool:
    """Whether the module may have come into the source after the image was built: other files differ, and the
    image has it nowhere in the folder that was installed."""
    seen = any(_is_left_out(one, library, case) for one in case.clues.candidates)
    return bool(index.differing_files) and not case.built and not seen


def _seen_in_image(library: Distribution, case: Situation) -> Optional[Diagnosis]:
    """The same without the source: the folder that was installed is still in the image, with the module."""
    left_out = next((one.path for one in case.clues.candidates if _is_left_out(one, library, case)), None)
    if left_out is None:
        return None
    return make_diagnosis(
        "not-packaged",
        POSSIBLE,
        f"The image has it at {left_out}, and the distribution {library.name}, which was installed from "
        f"{library.source}, does not.",
        "have the project include it among its packages (one without an __init__.py is none for most), and "
        "see that the COPY lines before the install bring it",
        evidence=(f"in the image: {left_out}", f"installed: {library.name} {library.version}"),
    )


def _is_left_out(candidate: Candidate, library: Distribution, case: Situation) -> bool:
    is_it = candidate.module == case.missing and candidate.exact and not candidate.site
    return is_it and lies_below(candidate.path, library.source or "/")


def _installed_from_folder(case: Situation) -> Optional[Distribution]:
    """The distribution that has the missing module's package, where it is a copy of a folder of the image."""
    copies = (one for one in case.providing_distributions(case.missing) if not one.editable)
    return next((one for one in copies if one.source and one.source.startswith("/")), None)


def _lay_there(module: SourceModule, folder: str, index: SourceIndex) -> bool:
    """Whether a COPY had put the module into ``folder`` before that was installed."""
    dockerfile = index.source.dockerfile
    installs = [one for one in dockerfile.installs if folder in one.locals] if dockerfile else []
    placed = [one for one in index.placements.get(module.path, ()) if lies_below(one.destination, folder)]
    if not installs or dockerfile is None:
        return bool(placed)
    return any(
        copy.stage in dockerfile.lineage(install.stage) and copy.line < install.line
        for copy in placed
        for install in installs
    )


def _what_leaves_it_out(
    module: SourceModule, index: SourceIndex, packaging: Optional[Place]
) -> tuple[str, str]:
    """Why the distribution lacks the module, and what to change."""
    where = f" at {place_and_line(packaging)}" if packaging else ""
    package = module.folder or posixpath.dirname(module.path)
    if not index.is_package(package):
        return (
            f"{package} has no __init__.py, and the project takes only packages that have one{where}",
            f"add {package}/__init__.py, or have the project find namespace packages{where}",
        )
    return f"the packages of the project do not include it{where}", f"name it among the packages{where}"
