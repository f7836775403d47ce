"""importguard imports every module of the application in a container image and names what does not import."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importguard.config import Config
    from importguard.model import Finding
    from importguard.policy.configuration import read_policy
    from importguard.report import Report
    from importguard.validation import validate

__version__ = "0.1.0"
__all__ = ["Config", "Finding", "Report", "__version__", "read_policy", "validate"]

_HOMES = {
    "Config": "config",
    "Finding": "model",
    "Report": "report",
    "read_policy": "policy.configuration",
    "validate": "validation",
}


def __getattr__(name: str) -> object:
    """Load what is re-exported only when it is asked for (PEP 562): ``--help`` must not pay for it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
