"""Where the repository mounts what the image lacks: its own containers run, and others do not."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from importguard.diagnosis.situation import Situation, place_and_line
from importguard.model import Diagnosis
from importguard.source.model import Mount

_LEFT_OUT = frozenset({"ignored", "not-copied", "not-committed"})


def with_mounted_code(diagnosis: Diagnosis, case: Situation) -> Diagnosis:
    """The diagnosis of a module that the build leaves out, with the mount that brings it in another way."""
    source = case.source
    if diagnosis.cause not in _LEFT_OUT or source is None or case.module_in_source is None:
        return diagnosis
    mount = next((mount for mount in source.mounts if _mount_provides_module(mount, case)), None)
    if mount is None:
        return diagnosis
    also = (
        f"{diagnosis.explanation} {place_and_line(mount.place)} mounts {mount.origin} over {mount.target}: a "
        "container that it starts has the module, and one of the image alone does not."
    )
    return replace(diagnosis, explanation=also)


def _mount_provides_module(mount: Mount, case: Situation) -> bool:
    """Whether the mount puts the module's file of the source where the import path finds it."""
    module, source = case.module_in_source, case.source
    if module is None or source is None or mount.kind != "bind" or not mount.may_be_of(source.context):
        return False
    if mount.origin.startswith(("/", "~", "$", "..")):
        return False  # a folder of which the source says nothing
    below = module.path if mount.origin == "." else posixpath.relpath(module.path, mount.origin)
    there = posixpath.normpath(posixpath.join(mount.target, below))
    roots = [root for root in (*case.evidence.import_path, *case.clues.sys_path) if root.startswith("/")]
    return not below.startswith("..") and any(
        there == posixpath.normpath(posixpath.join(root, module.path_below_root)) for root in roots
    )
