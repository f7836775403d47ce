"""Read from a traceback where a failure happened and by which imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from importguard.evidence.imports import Frame
from importguard.failures.application import Application
from importguard.model import ImportStep, Location


def frame_location(frame: Frame, code: Application) -> Location:
    """The place of a frame."""
    return Location(code.path_below_import_root(frame.path), frame.line or None)


def own_frame(frames: Sequence[Frame], code: Application) -> Optional[Frame]:
    """The innermost frame of the application's own code; without one, the innermost that has a file."""
    real = [frame for frame in frames if not frame.path.startswith("<")]
    own = [frame for frame in real if frame.module in code.names]
    leading = own or real
    return leading[-1] if leading else None


def raising_frame(frames: Sequence[Frame], code: Application) -> Optional[Frame]:
    """Like ``own_frame``; None where a library imported by a name that it was given, as Django's settings
    give: nothing says who gave it."""
    frame = own_frame(frames, code)
    by_name = frame is not None and frame.module not in code.names and frame.module.startswith("importlib")
    return None if by_name else frame


def import_chain(
    frames: Sequence[Frame], missing: Optional[str], code: Application
) -> tuple[ImportStep, ...]:
    """The way through the modules, one step each; the last one leads to ``missing`` where there is one.

    Frames of the import system itself are no steps. Neighbouring frames of one module are one step, at the
    line from which the next module was entered.
    """
    way: list[Frame] = []
    for frame in frames:
        if frame.path.startswith("<") or frame.module.split(".")[0] == "importlib":
            continue
        if way and way[-1].module == frame.module:
            way.pop()
        way.append(frame)
    own = [at for at, frame in enumerate(way) if frame.module in code.names]
    way = way[own[0] :] if own else way  # a tool leads there
    targets = [frame.module for frame in way[1:]] + ([missing] if missing else [])
    return tuple(
        ImportStep(frame.module, target, frame_location(frame, code)) for frame, target in zip(way, targets)
    )
