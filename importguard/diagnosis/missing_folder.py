"""folder-not-made: a file is to be written into a folder that the image does not have, such as ``logs/``.

Git keeps no empty folder, .gitignore and .dockerignore leave out what lies in one, and a compose file often
mounts one there.
"""

from __future__ import annotations

import posixpath
from typing import Optional

from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    lies_below,
    make_diagnosis,
    place_and_line,
)
from importguard.evidence.users import is_root
from importguard.failures.file_errors import NO_FILE, path_of_error
from importguard.failures.root_cause import exception_chain, type_name
from importguard.model import Diagnosis
from importguard.rules.imports import IMPORT_RAISES
from importguard.source.model import Mount

_FILLED_LATER = frozenset({"bind", "volume", "pvc", "emptyDir", "tmpfs", "dockerfile"})


def missing_folder(case: Situation) -> Optional[Diagnosis]:
    """A log handler makes its file, so that only its folder can be missing; or production mounts it."""
    path = _absent_file(case)
    if path is None:
        return None
    folder = posixpath.dirname(path)
    makes_file = _is_log_file(case)
    mount = _mount_over(folder, case)
    if folder == "/" or not (makes_file or mount):
        return None
    dockerfile = case.source.dockerfile if case.source else None
    stage = dockerfile.stages[dockerfile.final] if dockerfile else None
    mounted = f" {place_and_line(mount.place)} mounts it; the image alone has none." if mount else ""
    user = case.evidence.image.user
    owner = "" if is_root(user) else f" && chown {user} {folder}"
    change = f"RUN mkdir -p {folder}{owner}"
    user_line = stage.user_line if stage and owner else None
    line = user_line or (stage.workdir_line or stage.line if stage else None)
    return make_diagnosis(
        "folder-not-made",
        CERTAIN if makes_file else LIKELY,
        f"{path} is opened, and the image has no folder {folder}.{mounted}",
        f"add '{change}'{' above the USER line' if user_line else ''}, or make the folder before the file is "
        "opened (os.makedirs)",
        case.dockerfile_location(line),
        change,
        (f"opened: {path}", *(f"mounted: {place_and_line(one.place)}" for one in [mount] if one)),
    )


def _absent_file(case: Situation) -> Optional[str]:
    """The file, absolute, that the innermost FileNotFoundError names."""
    if case.rule is not IMPORT_RAISES or case.failure is None:
        return None
    chain = reversed(exception_chain(case.failure))
    absent = (one.message for one in chain if type_name(one.type) == "FileNotFoundError")
    path = next(filter(None, (path_of_error(message, NO_FILE) for message in absent)), None)
    return posixpath.normpath(posixpath.join(case.evidence.image.workdir or "/", path)) if path else None


def _is_log_file(case: Situation) -> bool:
    """Whether a handler of ``logging`` opens it, which makes the file where it is not there."""
    frames = case.failure.frames if case.failure else ()
    return bool(frames) and frames[-1].function == "_open" and frames[-1].module.startswith("logging")


def _mount_over(folder: str, case: Situation) -> Optional[Mount]:
    """What production mounts there, or above it."""
    return next(
        (
            mount
            for mount in (case.source.mounts if case.source else ())
            if mount.kind in _FILLED_LATER and lies_below(folder, mount.target) and mount.target != "/"
        ),
        None,
    )
