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
    POSSIBLE,
    Situation,
    lies_below,
    make_diagnosis,
    place_and_line,
)
from importguard.evidence.users import is_root
from importguard.failures.file_errors import NO_FILE, path_of_error
from importguard.failures.root_cause import exception_chain, type_name
from importguard.model import Diagnosis, Location
from importguard.rules.imports import IMPORT_RAISES
from importguard.source.model import Mount

_FILLED_LATER = frozenset({"bind", "volume", "pvc", "emptyDir", "tmpfs", "dockerfile"})
_MADE_BY_PRODUCTION = _FILLED_LATER - {"dockerfile"}  # the engine makes the folder of a VOLUME
_UNOPENED_DATABASE = "unable to open database file"
_SHOWN = 3


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
    mounted = f" {place_and_line(mount.place)} mounts it; the image alone has none." if mount else ""
    remedy, location = _to_make(folder, case)
    return make_diagnosis(
        "folder-not-made",
        CERTAIN if makes_file else LIKELY,
        f"{path} is opened, and the image has no folder {folder}.{mounted}",
        remedy,
        location,
        _making(folder, case),
        (f"opened: {path}", *(f"mounted: {place_and_line(one.place)}" for one in [mount] if one)),
    )


def missing_database_folder(case: Situation) -> Optional[Diagnosis]:
    """SQLite makes its file, so that its folder is missing or forbidden; its message names neither."""
    if case.rule is not IMPORT_RAISES or case.failure is None:
        return None
    if not any(_UNOPENED_DATABASE in cause.message for cause in exception_chain(case.failure)):
        return None
    mounts = [mount for mount in (case.source.mounts if case.source else ()) if _holds_data(mount, case)]
    folders = list(dict.fromkeys(mount.target for mount in mounts))
    remedy, location = _to_make(folders[0] if len(folders) == 1 else "FOLDER", case)
    user = case.evidence.image.user
    refused = "it is read-only" if is_root(user) else f"USER {user} may not write into it"
    mounted = "; ".join(f"{place_and_line(mount.place)} mounts {mount.target}" for mount in mounts[:_SHOWN])
    return make_diagnosis(
        "folder-not-made",
        LIKELY if len(folders) == 1 else POSSIBLE,
        f"The folder of the SQLite database is not in the image, or {refused}."
        + (f" {mounted}; the check mounts nothing." if mounted else ""),
        remedy,
        location if folders else case.import_place,
    )


def _holds_data(mount: Mount, case: Situation) -> bool:
    """Whether production mounts a folder there for the application's data, and not for its code or a file."""
    if mount.kind not in _MADE_BY_PRODUCTION or posixpath.splitext(mount.target)[1]:
        return False
    is_of_image = case.source is not None and mount.may_be_of(case.source.context)
    return is_of_image and not any(lies_below(path, mount.target) for path in case.code.modules)


def _making(folder: str, case: Situation) -> str:
    user = case.evidence.image.user
    return f"RUN mkdir -p {folder}" + ("" if is_root(user) else f" && chown {user} {folder}")


def _to_make(folder: str, case: Situation) -> tuple[str, Optional[Location]]:
    """How the image gets the folder, and after which line of the Dockerfile."""
    dockerfile = case.source.dockerfile if case.source else None
    stage = dockerfile.stages[dockerfile.final] if dockerfile else None
    user_line = stage.user_line if stage and not is_root(case.evidence.image.user) else None
    line = user_line or (stage.workdir_line or stage.line if stage else None)
    above = " above the USER line" if user_line else ""
    return (
        f"add '{_making(folder, case)}'{above}, or make the folder before the file is opened (os.makedirs)",
        case.dockerfile_location(line),
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
