"""The image has the module, but not where the import looks: copied-elsewhere, copied-after-install."""

from __future__ import annotations

import posixpath
from typing import Optional

from packaging.utils import canonicalize_name

from importguard.diagnosis.not_generated import is_of_protoc
from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Situation,
    file_and_line,
    lies_below,
    make_diagnosis,
)
from importguard.evidence.surroundings import Candidate
from importguard.model import Diagnosis, Location
from importguard.rules.imports import MISSING_MODULE, MISSING_NAME
from importguard.source.dockerfile.renaming_copies import find_renaming_copy, keep_name_remedy
from importguard.source.dockerfile_model import Dockerfile, Install
from importguard.source.model import Placement


def copied_after_install(case: Situation) -> Optional[Diagnosis]:
    """The project was installed before the files were copied, so what was installed lacks them."""
    found = _late_copy(case)
    if found is None or case.module_in_source is None:
        return None
    dockerfile, install, placement = found
    return make_diagnosis(
        "copied-after-install",
        LIKELY,
        f"{dockerfile.path}:{install.line} installs the project{_as_editable(install)}, and "
        f"{case.module_in_source.path_to_copy} gets into the image only afterwards, at "
        f"{dockerfile.path}:{placement.line}: "
        "what was installed lacks it.",
        f"move the COPY of line {placement.line} above line {install.line}; to keep the layer with the "
        "dependencies cached, install those alone before and the project (--no-deps) after it",
        Location(dockerfile.path, placement.line),
        None,
        (f"installs: {dockerfile.path}:{install.line}", f"copies: {dockerfile.path}:{placement.line}"),
    )


def _as_editable(install: Install) -> str:
    return " as an editable one, which maps what lies there when it runs" if install.editable else ""


def _late_copy(case: Situation) -> Optional[tuple[Dockerfile, Install, Placement]]:
    """The install of the project, and the COPY after it that brings the module to outside the import path."""
    if case.index is None or case.module_in_source is None or case.index.source.dockerfile is None:
        return None
    dockerfile = case.index.source.dockerfile
    placement = case.index.final_placement(case.module_in_source.path)
    if placement is None or not placement.destination.endswith("/" + case.module_in_source.path_below_root):
        return None  # COPY src /app: no install of /app finds a package 'src' there
    lineage = dockerfile.lineage()
    on_path = _on_path(placement.destination, case)
    # A console script has not the working directory on its path that the other commands have: what it misses
    # lies on the import path all the same, and only an editable install would have brought it there.
    installs = [
        one
        for one in dockerfile.installs
        if one.stage in lineage and (one.editable or (one.locals and not on_path))
    ]
    holding = [
        one
        for one in installs
        if _installs_folder_of(one, placement.destination) and _is_installed(one, case)
    ]
    if not holding or any(one.line > placement.line for one in holding):
        return None
    return dockerfile, holding[-1], placement


def _installs_folder_of(install: Install, destination: str) -> bool:
    return any(lies_below(destination, folder) for folder in (*install.locals, *install.editable))


def _is_installed(install: Install, case: Situation) -> bool:
    """Whether the image has the project installed. A project tool installs none that is no package (Poetry's
    ``package-mode = false``, uv's and PDM's without a build system), and only what it depends on."""
    if install.tool == "pip" or not case.clues.distributions:
        return True
    return any(one.editable or one.source in install.locals for one in case.clues.distributions)


def _on_path(destination: str, case: Situation) -> bool:
    """Whether the file lies where the import would find it."""
    tail = case.missing.replace(".", "/")
    return any(
        lies_below(destination, posixpath.join(root, tail))
        or destination == posixpath.join(root, tail + ".py")
        for root in case.clues.sys_path
        if root
    )


def copied_elsewhere(case: Situation) -> Optional[Diagnosis]:
    """It is in the image, in a folder that is not on the import path."""
    if case.rule not in (MISSING_MODULE, MISSING_NAME):
        return None
    known = {posixpath.normpath(root) for root in case.clues.sys_path if root}
    for candidate in (*case.clues.candidates, *_placed(case)):
        if candidate.module != case.missing or candidate.site or not candidate.exact:
            continue
        if posixpath.normpath(candidate.root) not in known:
            confidence = _confidence(candidate, case)
            if confidence is not None:
                return _elsewhere(candidate, confidence, case)
    return _contents_copied(case)


def _contents_copied(case: Situation) -> Optional[Diagnosis]:
    """``COPY src/service /app`` copies what lies in the folder: the image has no package of that name."""
    index, module = case.index, case.module_in_source
    if index is None or module is None or module.folder is None:
        return None
    placement = index.final_placement(module.path)
    if placement is None:
        return None
    folder, name = posixpath.split(placement.destination)
    tail = case.missing.replace(".", "/")
    if placement.destination not in index.image_files or lies_below(folder, "/" + tail):
        return None
    if name != "__init__.py" or folder.endswith("/" + tail):
        return None
    renaming = find_renaming_copy(index.source, placement, module.folder, f"/{tail}/{name}")
    if renaming is None:
        return None
    change = renaming.corrected_line()
    return make_diagnosis(
        "copied-elsewhere",
        CERTAIN,
        f"{renaming.explanation(case.missing, placement.destination)}.",
        renaming.remedy(change),
        case.dockerfile_location(renaming.place.line),
        change,
        (f"in the source: {module.path}", f"in the image: {placement.destination}"),
    )


def contents_copied_early(case: Situation) -> Optional[Diagnosis]:
    """An earlier stage gets what lies in the folder, and not the folder: what it installs lacks the package.

    Cause ``copied-elsewhere``: ``COPY shop /src`` before ``pip install /src``.
    """
    index, sought = case.index, case.module_in_source
    if index is None or sought is None or sought.folder is None or index.source.dockerfile is None:
        return None
    if index.final_placement(sought.path) is not None or sought.path in index.ignored_files:
        return None
    folder, dockerfile = sought.folder, index.source.dockerfile
    name = posixpath.basename(folder)
    below = [one for one in index.source.placements if lies_below("/" + one.path, "/" + folder)]
    tails = {one: posixpath.relpath(one.path, folder) for one in below}
    if not below or any(one.destination.endswith(f"/{name}/{tail}") for one, tail in tails.items()):
        return None
    first = min(below, key=lambda one: one.line)
    copies = [one for one in dockerfile.copies if one.line == first.line]
    if any(
        posixpath.normpath(path) == index.in_context(first.path) for one in copies for path in one.sources
    ):
        return None  # COPY shop/main.py /src: a file of the folder by its name, and not what lies in it
    if not first.destination.endswith("/" + tails[first]):
        return None  # COPY src/functions/one/index.py /app: what it copies is not this folder
    there = first.destination[: -len(tails[first])].rstrip("/") or "/"
    change = f"COPY {index.in_context(folder)} {posixpath.join(there, name)}"
    location = case.dockerfile_location(first.line)
    return make_diagnosis(
        "copied-elsewhere",
        LIKELY,
        f"{dockerfile.path}:{first.line} copies what lies in {folder}/ into {there}, and not the folder: "
        f"what is made of {there} has nothing of the name '{case.missing}'.",
        keep_name_remedy(change),
        location,
        change,
        (f"in the source: {sought.path}", f"copied to: {first.destination}"),
    )


def _placed(case: Situation) -> list[Candidate]:
    """Find where the build put the source's module, if the image holds it there."""
    placement = (
        case.index.final_placement(case.module_in_source.path)
        if case.index and case.module_in_source
        else None
    )
    if placement is None or case.index is None or case.module_in_source is None:
        return []
    path, root = placement.destination, case.index.image_root(case.module_in_source.root)
    tail = case.module_in_source.path_below_root
    if root is None or path not in case.index.image_files or path != posixpath.join(root, tail):
        return []
    return [Candidate(case.missing, posixpath.join(root, case.missing.replace(".", "/")), root)]


def _confidence(candidate: Candidate, case: Situation) -> Optional[str]:
    """Certain where the build put the source's module there; else by how near it lies. A file of a common
    name somewhere in the image proves nothing."""
    if case.module_in_source is not None and case.index is not None:
        placement = case.index.final_placement(case.module_in_source.path)
        if placement is not None and lies_below(placement.destination, candidate.path):
            return CERTAIN
    if canonicalize_name(case.top_name) in {
        one.name for one in (case.source.requirements if case.source else ())
    }:
        return None
    if case.is_own_module:
        return LIKELY
    if _has_another_name(candidate, case):
        return None
    workdir = case.evidence.image.workdir
    roots = [root for root in (*case.evidence.import_path, workdir) if root and root != "/"]
    sourced = case.source is None or case.module_in_source is not None
    if any(lies_below(candidate.root, root) or lies_below(root, candidate.root) for root in roots):
        return LIKELY if sourced else POSSIBLE
    # A VOLUME is the application's own folder too, for what it is to keep.
    return POSSIBLE if sourced and _volume_of(candidate, case) else None


def _has_another_name(candidate: Candidate, case: Situation) -> bool:
    """Whether the import means something else than this file: it is the importing file itself, or lies in a
    package, with that package's name in front, while a well-known distribution is called so."""
    frames = case.failure.frames if case.failure else ()
    if frames and frames[-1].path == candidate.path:
        return True
    body = posixpath.join(candidate.root, "__init__.py")
    return case.is_well_known_distribution and any(file.path == body for file in case.clues.files)


def _volume_of(candidate: Candidate, case: Situation) -> Optional[str]:
    """The VOLUME of the image that the candidate lies in."""
    return next((one for one in case.evidence.image.volumes if lies_below(candidate.path, one)), None)


def _elsewhere(candidate: Candidate, confidence: str, case: Situation) -> Diagnosis:
    location, remedy, change = _to_path(candidate.root, case)
    is_written_anew = case.import_place is not None and is_of_protoc(case.import_place.path)
    longer = None if is_written_anew else _longer_name(candidate, case)
    remedy += f"; or import it as '{longer}' at {case.importers}" if longer else ""
    volume = _volume_of(candidate, case)
    hidden = f" {volume} is a VOLUME: what is mounted there hides it." if volume else ""
    return make_diagnosis(
        "copied-elsewhere",
        confidence,
        f"The image has it at {candidate.path}, and {candidate.root} is not on the import path "
        f"({', '.join(case.evidence.import_path) or 'which holds none of the application'}).{hidden}",
        remedy,
        location,
        change,
        (f"in the image: {candidate.path}", f"import path: {', '.join(case.clues.sys_path)}"),
    )


def _longer_name(candidate: Candidate, case: Situation) -> Optional[str]:
    """The name under which the import path does find it: ``backend.routes`` for ``routes``."""
    parts = candidate.path.removesuffix(".py").split("/")[1:]
    for root in case.evidence.import_path:
        above = root.strip("/").split("/") if root.strip("/") else []
        name = ".".join([*parts[len(above) : len(parts)]])
        whole = parts[: len(above)] == above and all(part.isidentifier() for part in parts[len(above) :])
        if whole and name != case.missing and _is_module(name, case):
            return name
    return None


def _is_module(name: str, case: Situation) -> bool:
    return name in case.code.files or any(other.startswith(name + ".") for other in case.code.files)


def _to_path(root: str, case: Situation) -> tuple[Optional[Location], str, Optional[str]]:
    """The line to change so that ``root`` is on the import path: PYTHONPATH where it is set, else WORKDIR."""
    facts = case.evidence.image
    dockerfile = case.source.dockerfile if case.source else None
    stage = dockerfile.stages[dockerfile.final] if dockerfile else None
    if facts.python_path or (stage and stage.env.get("PYTHONPATH")):
        location = case.dockerfile_location(stage.env_lines.get("PYTHONPATH") if stage else None)
        value = ":".join([*filter(None, [facts.python_path]), root])
        return (
            location,
            f"add {root} to PYTHONPATH{_at(location)}: 'ENV PYTHONPATH={value}'",
            (f"ENV PYTHONPATH={value}"),
        )
    change = f"ENV PYTHONPATH={root}"
    location = case.dockerfile_location(stage.workdir_line if stage else None)
    workdir = f", or 'WORKDIR {root}' below the last COPY and RUN (it is {facts.workdir})"
    return location, f"add '{change}'{workdir if _may_be_workdir(root, case) else ''}", change


def _may_be_workdir(root: str, case: Situation) -> bool:
    """Whether ``WORKDIR root`` puts it on the import path, and the application loses no module of its own.

    A start command that runs a script has the script's folder there, and not the working directory.
    """
    workdir = case.evidence.image.workdir
    known = {posixpath.normpath(one) for one in case.clues.sys_path if one}
    if root == workdir or posixpath.normpath(workdir) not in known:
        return False
    started = {entry.module for entry in case.evidence.entrypoints}
    for item in case.evidence.modules:
        if item.selected and item.path and lies_below(item.path, workdir):
            is_found = item.path.startswith(posixpath.join(root, item.name.replace(".", "/")))
            if not lies_below(item.path, root) or (item.name in started and not is_found):
                return False
    return True


def _at(location: Optional[Location]) -> str:
    return f" at {file_and_line(location)}" if location else ""
