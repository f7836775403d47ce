"""IG404: what production mounts over a folder of the image that holds modules of the application.

The check itself mounts nothing, so the modules import here; in production they are hidden.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import Optional

from importguard.evidence.imports import ModuleImport
from importguard.evidence.inspection import Evidence
from importguard.model import Diagnosis, Finding, Location, Outcome
from importguard.rules.source import HIDDEN_BY_MOUNT
from importguard.source.model import Mount, Source

_EMPTY = {"tmpfs": "a tmpfs", "emptyDir": "an emptyDir", "configMap": "a configMap", "secret": "a secret"}
_FILLED = {"volume": "a volume", "pvc": "a persistent volume"}
_SHOWN = 3


def check_hiding_mounts(evidence: Evidence, source: Source) -> list[Finding]:
    """One finding for all mounts of the same over one folder: the services of a compose file repeat them."""
    alike: dict[tuple[str, str], list[Mount]] = {}
    hidden: dict[tuple[str, str], list[ModuleImport]] = {}
    for mount in source.mounts:
        modules = _hidden(mount, evidence, source)
        if modules:
            same = _mounted(mount), mount.target
            alike.setdefault(same, []).append(mount)
            hidden[same] = modules
    return [_finding(mounts, hidden[same], source) for same, mounts in alike.items()]


def _hidden(mount: Mount, evidence: Evidence, source: Source) -> list[ModuleImport]:
    """The modules below the mount's target that what is mounted does not hold."""
    if mount.kind not in (*_EMPTY, *_FILLED, "bind") or not mount.may_be_of(source.context):
        return []
    below = mount.target.rstrip("/") + "/"
    covered = [
        module for module in evidence.modules if module.selected and (module.path or "").startswith(below)
    ]
    covered = [module for module in covered if module.outcome == Outcome.IMPORTED]
    if mount.kind != "bind":
        return covered
    if mount.origin.startswith(("/", "..", "~", "$")) or not mount.origin:
        return []  # a folder of which the source says nothing
    held = {file.path for file in source.files}
    return [module for module in covered if _origin(mount, below, module) not in held]


def _origin(mount: Mount, below: str, item: ModuleImport) -> str:
    return posixpath.normpath(posixpath.join(mount.origin, (item.path or "")[len(below) :]))


def _mounted(mount: Mount) -> str:
    return _EMPTY.get(mount.kind) or _FILLED.get(mount.kind) or f"the folder {mount.origin}"


def _is_likely(mount: Mount) -> bool:
    """Whether it is a mount of this image, and known not to hold what the image has there."""
    return mount.build is not None and mount.kind != "volume"


def _finding(mounts: Sequence[Mount], hidden: list[ModuleImport], source: Source) -> Finding:
    mount = max(mounts, key=_is_likely)  # the first of those
    first = min(hidden, key=lambda item: item.name)
    place, copied, what = mount.place, _copied(first, source), _mounted(mount)
    names = ", ".join(sorted(module.name for module in hidden)[:_SHOWN])
    more = f" and {len(hidden) - _SHOWN} more" if len(hidden) > _SHOWN else ""
    keeps = ", which keeps what it had when it was first filled" if mount.kind == "volume" else ""
    by = f" that {source.dockerfile.path}:{copied} copies there" if source.dockerfile and copied else ""
    others = [f"{one.place.path}:{one.place.line}" for one in mounts if one is not mount]
    also = f" The same mount is at {', '.join(others)}." if others else ""
    return Finding(
        rule=HIDDEN_BY_MOUNT,
        severity=HIDDEN_BY_MOUNT.severity,
        module=first.name,
        message=f"{what} is mounted over {mount.target} of the image and hides {names}{more}",
        location=Location(place.path, place.line),
        diagnosis=Diagnosis(
            cause="hidden-by-mount",
            explanation=f"{place.path}:{place.line} mounts {what} over {mount.target}{keeps}: {names}{more}"
            f"{by} can't be imported in production.{also}",
            remedy=f"mount it at a folder of its own, or move the modules out of {mount.target}",
            location=Location(place.path, place.line),
            confidence="likely" if _is_likely(mount) else "possible",
            quote=place.text or None,
            evidence=(
                *(
                    f"mount: {mount.place.path}:{mount.place.line} {mount.kind} {mount.target}"
                    for mount in mounts
                ),
                f"hidden: {names}{more}",
            ),
        ),
    )


def _copied(item: ModuleImport, source: Source) -> Optional[int]:
    """The line of the COPY that brings the module's file."""
    final = source.dockerfile.final if source.dockerfile else -1
    lines = (
        placement.line
        for placement in source.placements
        if placement.stage == final and placement.destination == item.path
    )
    return next(lines, None)
