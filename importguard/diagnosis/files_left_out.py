"""The source has the module, the image has not: ignored, not-copied, not-committed, stale-image."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Optional

from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Situation,
    lies_below,
    location_of,
    make_diagnosis,
    place_and_line,
    shortened_list,
)
from importguard.diagnosis.source_index import SourceIndex
from importguard.diagnosis.source_module import SourceModule
from importguard.model import Diagnosis, Location
from importguard.rules.imports import ENTRYPOINT_TARGET, MISSING_NAME
from importguard.source.dockerfile_model import Copy, Dockerfile, Install
from importguard.source.model import Placement


def ignored_file(case: Situation) -> Optional[Diagnosis]:
    """A line of ``.dockerignore`` keeps it out of the build context."""
    if case.index is None or case.module_in_source is None:
        return None
    left_out = case.index.ignored_files.get(case.module_in_source.path)
    if left_out is None:
        return None
    rule, pattern = left_out.rule, left_out.rule.text
    copied = case.index.is_covered_by_copy(case.module_in_source.path)
    narrowed = f" to '{left_out.narrowed}'" if left_out.narrowed else ""
    also = "" if copied else " No COPY line takes it either: add one."
    return make_diagnosis(
        "ignored",
        CERTAIN,
        f"The source has {_named(case.module_in_source)}, and '{pattern}' at {place_and_line(rule)} keeps "
        "it out of the "
        "build context.",
        f"add {left_out.addition} at the end of {rule.path}, or narrow the pattern{narrowed}.{also}",
        location_of(rule),
        "\n".join(left_out.lines_to_add),
        (f"on the disk: {case.module_in_source.path}", f"excluded by: {place_and_line(rule)} {pattern}"),
        pattern,
    )


def not_copied(case: Situation) -> Optional[Diagnosis]:
    """No COPY brings it into the final stage, or it lies outside of the context."""
    if case.index is None or case.module_in_source is None or case.index.source.dockerfile is None:
        return None
    index, dockerfile, path = case.index, case.index.source.dockerfile, case.module_in_source.path
    if path in index.ignored_files or index.final_placement(path) is not None:
        return None
    unresolved = any(not one.resolved for one in dockerfile.copies if one.stage in dockerfile.lineage())
    outside = path not in index.source.context_files
    earlier = _placement_in_stage(index, case.module_in_source, dockerfile)
    change = None if outside else _copy_line(case, index, case.module_in_source, earlier)
    mapping = _mapping_install(change, dockerfile) if _is_mapped(case) else None
    copy = _last_copy_from(earlier, dockerfile) if earlier else None
    importer = case.import_place.path if case.import_place else None
    copy = copy or index.nearest_copy(path, mapping.line if mapping else None, importer)
    return make_diagnosis(
        "not-copied",
        LIKELY if unresolved else CERTAIN,
        f"The source has {_named(case.module_in_source)}, {_where(case, path, dockerfile)}.",
        _to_copy(change, copy, dockerfile.path, outside) + _before(mapping),
        case.dockerfile_location(copy.line if copy else dockerfile.stages[dockerfile.final].line),
        change,
        (f"in the source: {path}", *(f"nearest: {_quoted(one, dockerfile.path)}" for one in [copy] if one)),
        copy.text if copy else None,
    )


def _where(case: Situation, path: str, dockerfile: Dockerfile) -> str:
    assert case.index is not None
    if path not in case.index.source.context_files:
        return f"which lies outside of the build context ({case.index.source.context})"
    lost = "and no COPY brings it into the final stage"
    for placement in case.index.placements.get(path, ()):
        stage = dockerfile.stages[placement.stage]
        name = stage.name or f"of line {stage.line}"
        return f"{lost}: {dockerfile.path}:{placement.line} brings it into stage {name} only"
    return lost


def _to_copy(change: Optional[str], copy: Optional[Copy], dockerfile: str, outside: bool) -> str:
    nearest = f" The nearest line is {_quoted(copy, dockerfile)}." if copy else ""
    if outside:
        return f"build with a context that holds it, or move it there.{nearest}"
    return f"add '{change}'.{nearest}" if change else f"add a COPY line for it.{nearest}"


def _is_mapped(case: Situation) -> bool:
    """Whether the image has an editable distribution. A project tool installs none of a project that has no
    build system, and then a file counts wherever it lies on the import path."""
    return not case.clues.distributions or any(one.editable for one in case.clues.distributions)


def _mapping_install(change: Optional[str], dockerfile: Dockerfile) -> Optional[Install]:
    """The editable install of the folder that the COPY line ``change`` writes to: it knows only what lies
    there when it runs."""
    there = change.rpartition(" ")[2].strip('"]') if change else ""
    lineage = dockerfile.lineage()
    for install in dockerfile.installs:
        if install.stage in lineage and any(lies_below(there, folder) for folder in install.editable):
            return install
    return None


def _before(mapping: Optional[Install]) -> str:
    if mapping is None:
        return ""
    return f" Put it above line {mapping.line}: the editable install there maps what lies there then."


def _quoted(copy: Copy, dockerfile: str) -> str:
    return f"'{copy.text}' at {dockerfile}:{copy.line}"


def _placement_in_stage(
    index: SourceIndex, module: SourceModule, dockerfile: Dockerfile
) -> Optional[Placement]:
    """Where an earlier stage that the final one copies from has the module's file or folder."""
    below = posixpath.relpath(module.path, module.path_to_copy)
    for one in index.placements.get(module.path, ()):
        if _last_copy_from(one, dockerfile) is not None:
            whole = posixpath.normpath(
                one.destination.removesuffix(below) if below != "." else one.destination
            )
            return replace(one, destination=whole)
    return None


def _last_copy_from(placement: Placement, dockerfile: Dockerfile) -> Optional[Copy]:
    """The last line by which the final stage takes something from the placement's stage."""
    found = [
        copy
        for copy, stage in dockerfile.copies_from_stages()
        if placement.stage in dockerfile.lineage(stage)
    ]
    return found[-1] if found else None


def _copy_line(
    case: Situation, index: SourceIndex, module: SourceModule, earlier: Optional[Placement]
) -> Optional[str]:
    """The COPY that would bring the module to its neighbours, or, where the image has none of them, to the
    import path; in JSON form for a name with spaces. From the ``earlier`` stage where that has it."""
    known = module.image_root or index.image_root(module.root)
    root = known or _meant_root(case, module.root) or next(iter(case.evidence.import_path), None)
    if root is None:
        return None
    here = earlier.destination if earlier else index.in_context(module.path_to_copy)
    there = posixpath.join(root, posixpath.relpath(module.path_to_copy, module.root or "."))
    words = f'["{here}", "{there}"]' if " " in here + there else f"{here} {there}"
    return f"COPY {_from_stage(case, earlier)}{words}"


def _from_stage(case: Situation, earlier: Optional[Placement]) -> str:
    """``--from=builder`` with a space, or nothing."""
    dockerfile = case.source.dockerfile if case.source else None
    if earlier is None or dockerfile is None:
        return ""
    return f"{dockerfile.stages[earlier.stage].copy_option} "


def _meant_root(case: Situation, root: str) -> Optional[str]:
    """The entry of the import path that is there for a root of the source: /app/libs/shop for libs/shop, also
    where the image has no such folder."""
    path = (*case.evidence.import_path, *case.clues.sys_path)
    return next((entry for entry in path if root and entry.endswith(f"/{root}")), None)


def not_committed(case: Situation) -> Optional[Diagnosis]:
    """It is on the disk here, and not in git: an image that is built from a clone has never seen it."""
    if case.index is None or case.module_in_source is None or case.built or case.index.source.git is None:
        return None
    git, path = case.index.source.git, case.module_in_source.path
    rule = next((one.rule for one in git.ignored if one.path == path), None)
    if rule is None and path not in git.untracked:
        return None
    why = (
        f"'{rule.text}' at {place_and_line(rule)} makes git ignore it"
        if rule
        else "it was never added to git"
    )
    return make_diagnosis(
        "not-committed",
        LIKELY,
        f"{_named(case.module_in_source)} is on the disk here, but {why}: an image that is built from a "
        "clone lacks it.",
        f"git add {'--force ' if rule else ''}{case.module_in_source.path_to_copy}"
        + (f", or narrow the pattern at {place_and_line(rule)}" if rule else ""),
        location_of(rule) if rule else Location(path),
        f"!{_pattern(rule.path, case.module_in_source.path_to_copy)}" if rule else None,
        (f"on the disk: {path}", f"git's head: {git.head}"),
        rule.text if rule else None,
    )


def _pattern(ignore_file: str, path: str) -> str:
    folder = posixpath.dirname(ignore_file)
    inside = path.startswith(folder + "/") if folder else True
    return "/" + (path[len(folder) :].lstrip("/") if inside else path)


def stale_image(case: Situation) -> Optional[Diagnosis]:
    """The Dockerfile copies it, the image lacks it, and other files of the image are not the source's."""
    if case.index is None or case.built or not case.index.differing_files:
        return None
    path = _should_be_there(case)
    if path is None:
        return None
    placement = case.index.final_placement(path)
    differing = [one for one in case.index.differing_files if one != path] or [path]
    return make_diagnosis(
        "stale-image",
        LIKELY if case.index.same_file_count or len(case.index.differing_files) == 1 else POSSIBLE,
        f"The source has {path}, {_line_of(case, path)} copies it, and the image was built from another "
        f"state of the source: {_count(case.index.differing_files)} ({shortened_list(differing, 3)}).",
        f"build the image anew: {_rebuild(case)}",
        case.dockerfile_location(placement.line if placement else None),
        None,
        (
            f"image created: {case.evidence.image.created or 'not known'}",
            *(f"differs: {o}" for o in differing),
        ),
    )


def _should_be_there(case: Situation) -> Optional[str]:
    """The file that the image would hold, or hold otherwise, if it were of this source."""
    assert case.index is not None
    sought = case.module_in_source
    if sought is not None:
        placement = case.index.final_placement(sought.path)
        lost = placement is not None and placement.destination not in case.index.image_files
        return sought.path if lost else None
    if case.rule in (MISSING_NAME, ENTRYPOINT_TARGET):
        holder = case.index.find_module(case.holding_module)
        return holder.path if holder is not None and holder.path in case.index.differing_files else None
    return None


def _line_of(case: Situation, path: str) -> str:
    assert case.index is not None
    placement, source = case.index.final_placement(path), case.index.source
    if placement is None or source.dockerfile is None:
        return "the Dockerfile"
    return f"{source.dockerfile.path}:{placement.line}"


def _count(differing: tuple[str, ...]) -> str:
    return "1 file differs" if len(differing) == 1 else f"{len(differing)} files differ"


def _rebuild(case: Situation) -> str:
    source = case.source
    assert source is not None
    file = f" -f {source.dockerfile.path}" if source.dockerfile else ""
    return f"docker build{file} {source.context}"


def _named(module: SourceModule) -> str:
    return f"{module.path_to_copy}/" if module.folder else module.path
