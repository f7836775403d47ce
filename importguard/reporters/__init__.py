"""Reporters turn a report into text and return it; only the command line writes. One module a format."""

from __future__ import annotations

from importlib import import_module
from typing import Callable

from importguard.report import Report


def load_reporter(format_: str) -> Callable[[Report], str]:
    """``render`` of the format's module. It is loaded now: a check needs one of them, not all."""
    render: Callable[[Report], str] = import_module(f"{__name__}.{format_}").render
    return render
