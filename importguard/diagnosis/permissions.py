"""The file system refuses the image's USER: no-permission, read-only."""

from __future__ import annotations

import posixpath
import re
from typing import Optional

from importguard.diagnosis.situation import (
    CERTAIN,
    LIKELY,
    Situation,
    file_and_line,
    make_diagnosis,
    place_and_line,
)
from importguard.evidence.users import is_root
from importguard.failures.file_errors import DENIED, READ_ONLY, path_of_error
from importguard.failures.root_cause import exception_chain, type_name
from importguard.model import Diagnosis
from importguard.rules.imports import IMPORT_RAISES
from importguard.source.dockerfile_model import Copy, Stage

_CHOWN = re.compile(r"--chown=(\S+)")
_MAKING_FOLDERS = frozenset({"makedirs", "mkdir", "mkdtemp"})
_MAKING_USERS = re.compile(r"\b(?:useradd|adduser)\b")
_NO_HOME = "nonexistent"  # what Debian's adduser --system writes into /etc/passwd
_ELSEWHERE = "what is written while it runs belongs below /tmp, or in a volume"


def read_only_path(case: Situation) -> Optional[Diagnosis]:
    """It writes where the file system is mounted read-only."""
    path = _refused_path(READ_ONLY, "OSError", case)
    if path is None:
        return None
    return make_diagnosis(
        "read-only",
        CERTAIN,
        f"{path} lies on a file system that is mounted read-only.",
        f"let it write elsewhere: {_ELSEWHERE}",
    )


def forbidden_path(case: Situation) -> Optional[Diagnosis]:
    """The image's USER may not open, write or execute a file, or make one in its folder.

    Who owns it is told from the Dockerfile: COPY and WORKDIR give to root, unless they say otherwise.
    """
    path = _refused_path(DENIED, "PermissionError", case)
    user = case.evidence.image.user
    if path is None or is_root(user):
        return None
    if case.failure and case.failure.frames and case.failure.frames[-1].module == "subprocess":
        return _not_executable(path, user, case)
    return _of_another_owner(path, user, case)


def _refused_path(number: int, kind: str, case: Situation) -> Optional[str]:
    """The path, absolute, that the innermost exception of this kind names."""
    if case.rule is not IMPORT_RAISES or case.failure is None:
        return None
    chain = reversed(exception_chain(case.failure))
    found = (path_of_error(cause.message, number) for cause in chain if type_name(cause.type) == kind)
    path = next(filter(None, found), None)
    if path is None:
        return None
    return posixpath.normpath(posixpath.join(case.evidence.image.workdir or "/", path))


def _not_executable(path: str, user: str, case: Situation) -> Diagnosis:
    copy = copy_of(path, case)
    location = case.dockerfile_location(copy.line if copy else None)
    copied = f" (at {file_and_line(location)})" if location else ""
    return make_diagnosis(
        "no-permission",
        LIKELY,
        f"USER {user} may not execute {path}.",
        "make it executable in the source (git update-index --chmod=+x), or copy it with "
        f"'COPY --chmod=755'{copied}",
        location,
        quote=copy.text if copy else None,
    )


def _of_another_owner(path: str, user: str, case: Situation) -> Diagnosis:
    stage, copy = _final_stage(case), copy_of(path, case)
    explanation = f"USER {user}{_user_place(case)} may not open or make {path}."
    owned = _folder_to_own(path, case)
    if owned is None:
        return _without_home(path, user, explanation, case)
    is_of_workdir = stage is not None and stage.workdir == owned
    if copy is not None and not _CHOWN.search(copy.text) and _is_brought(path, owned, case):
        return _brought_for_root(copy, owned, user, explanation, case)
    line = (stage.workdir_line if is_of_workdir else stage.user_line) if stage else None
    made = (
        f" WORKDIR makes {owned} for root, and COPY --chown does not change that."
        if is_of_workdir and copy is not None
        else ""
    )
    return make_diagnosis(
        "no-permission",
        LIKELY,
        f"{explanation}{made}{_mounted(owned, path, case)}",
        f"add 'RUN mkdir -p {owned} && chown {user} {owned}'{_above(case)}; {_ELSEWHERE}"
        if owned != "/"
        else f"let it write elsewhere: {_ELSEWHERE}",
        case.dockerfile_location(line),
    )


def _folder_to_own(path: str, case: Situation) -> Optional[str]:
    """The folder that the user has to own: the one that is to be made, else that of the file. None where it
    is the user's home, which nobody made."""
    folder, name = posixpath.split(path)
    frames = case.failure.frames if case.failure else ()
    makes_folder = bool(frames) and frames[-1].function in _MAKING_FOLDERS
    if folder == "/home" or (folder == "/" and (name.startswith(".") or name == _NO_HOME)):
        return None
    return path if makes_folder or (folder == "/" and "." not in name) else folder


def _without_home(path: str, user: str, explanation: str, case: Situation) -> Diagnosis:
    """The home of ``useradd`` without ``--create-home`` is not there; of a mere number it is '/'."""
    home = posixpath.dirname(path) if posixpath.basename(path).startswith(".") else path
    lack = "is root's" if home == "/" else "is not there"
    stage = _final_stage(case)
    return make_diagnosis(
        "no-permission",
        LIKELY,
        f"{explanation} It is asked for in the user's home, {home}, which {lack}.",
        f"add 'RUN mkdir -p {home} && chown {user} {home}'{_above(case)}, or 'ENV HOME=/tmp'"
        if posixpath.dirname(home) == "/home"
        else "add 'ENV HOME=/tmp', or make the user with a home (useradd --create-home)",
        case.dockerfile_location(stage.user_line if stage else None),
    )


def _is_brought(path: str, owned: str, case: Situation) -> bool:
    """Whether a COPY brings the file itself, or the folder that it is to be made in."""
    files = case.source.data_files if case.source else ()
    if any(one.placement is not None and one.placement.destination == path for one in files):
        return True
    stage = _final_stage(case)
    return owned != path and (stage is None or stage.workdir != owned)


def _brought_for_root(copy: Copy, owned: str, user: str, explanation: str, case: Situation) -> Diagnosis:
    location = case.dockerfile_location(copy.line)
    is_known = _is_known_at(copy.line, user, case)
    stage = _final_stage(case)
    return make_diagnosis(
        "no-permission",
        LIKELY,
        f"{explanation} What {file_and_line(location)} copies to {copy.destination} belongs to root.",
        f"write 'COPY --chown={user}' there for what the application may write; {_ELSEWHERE}"
        if is_known
        else f"add 'RUN chown -R {user} {owned}'{_above(case)}; {_ELSEWHERE}",
        location if is_known else case.dockerfile_location(stage.user_line if stage else None),
        quote=copy.text if is_known else None,
    )


def _is_known_at(line: int, user: str, case: Situation) -> bool:
    """Whether the user exists where the COPY stands: ``--chown`` of a name that a later line makes fails."""
    dockerfile, name = case.source.dockerfile if case.source else None, user.partition(":")[0]
    if dockerfile is None or name.isdigit():
        return True
    making = [
        one.line
        for one in dockerfile.instructions
        if one.keyword == "RUN"
        and one.stage in dockerfile.lineage()
        and _MAKING_USERS.search(one.text)
        and (name in one.text or "$" in one.text)
    ]
    return not making or min(making) < line


def _mounted(owned: str, path: str, case: Situation) -> str:
    """Production may mount something there; the owner of that counts then."""
    for mount in case.source.mounts if case.source else ():
        if mount.kind in ("bind", "volume", "pvc") and mount.target in (owned, path):
            what = mount.origin or "a volume"
            return f" {place_and_line(mount.place)} mounts {what} there, whose owner counts then."
    return ""


def _above(case: Situation) -> str:
    return " before the USER line" if _user_place(case) else ""


def _final_stage(case: Situation) -> Optional[Stage]:
    dockerfile = case.source.dockerfile if case.source else None
    return dockerfile.stages[dockerfile.final] if dockerfile else None


def _user_place(case: Situation) -> str:
    """`` (Dockerfile:7)``, where the USER line is known."""
    stage = _final_stage(case)
    location = case.dockerfile_location(stage.user_line) if stage else None
    return f" ({file_and_line(location)})" if location else ""


def copy_of(path: str, case: Situation) -> Optional[Copy]:
    """The COPY into the image whose destination is nearest above ``path``."""
    dockerfile = case.source.dockerfile if case.source else None
    if dockerfile is None:
        return None
    lineage = dockerfile.lineage()
    above = [
        copy
        for copy in dockerfile.copies
        if copy.stage in lineage and f"{path}/".startswith(copy.destination.rstrip("/") + "/")
    ]
    return max(above, key=lambda copy: (len(copy.destination.rstrip("/")), copy.line), default=None)
