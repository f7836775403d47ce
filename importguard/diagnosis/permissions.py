"""The file system refuses the image's USER: no-permission, read-only."""

from __future__ import annotations

import posixpath
import re
from typing import Optional

from importguard.diagnosis.situation import CERTAIN, LIKELY, Situation, file_and_line, make_diagnosis
from importguard.evidence.inspection import is_root
from importguard.failures.file_errors import DENIED, READ_ONLY, path_of_error
from importguard.failures.root_cause import exception_chain, type_name
from importguard.model import Diagnosis
from importguard.rules.imports import IMPORT_RAISES
from importguard.source.dockerfile_model import Copy, Stage

_CHOWN = re.compile(r"--chown=(\S+)")
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
    folder = posixpath.dirname(path)
    copy, stage = copy_of(path, case), _final_stage(case)
    is_of_workdir = stage is not None and stage.workdir == folder
    explanation = f"USER {user}{_user_place(case)} may not open or make {path}."
    if copy is not None and not _CHOWN.search(copy.text):
        location = case.dockerfile_location(copy.line)
        made = f", and 'RUN chown {user} {folder}' for what it makes there" if is_of_workdir else ""
        return make_diagnosis(
            "no-permission",
            LIKELY,
            f"{explanation} What {file_and_line(location)} copies to {copy.destination} belongs to root.",
            f"write 'COPY --chown={user}' there for what the application may write{made}; {_ELSEWHERE}",
            location,
            quote=copy.text,
        )
    line = (stage.workdir_line if is_of_workdir else stage.user_line) if stage else None
    location = case.dockerfile_location(line)
    made = (
        f" WORKDIR makes {folder} for root, and COPY --chown does not change that."
        if is_of_workdir and copy is not None
        else ""
    )
    above = " before the USER line" if _user_place(case) else ""
    return make_diagnosis(
        "no-permission",
        LIKELY,
        explanation + made,
        f"add 'RUN mkdir -p {folder} && chown {user} {folder}'{above}; {_ELSEWHERE}",
        location,
    )


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
