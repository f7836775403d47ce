"""Every error that importguard raises on purpose, and the exit code that each one owns.

A message says what happened, to what, and what to do next. ``cli`` catches ``ImportguardError`` once.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_FINDINGS = 1


class ImportguardError(Exception):
    """Base of all; ``exit_code`` is what the command line returns for it."""

    exit_code = 4


class UsageError(ImportguardError):
    """Wrong usage or configuration."""

    exit_code = 2


class EngineError(ImportguardError):
    """No engine, or the engine refused what was asked of it."""

    exit_code = 3


class ImageError(ImportguardError):
    """There is no image to check: it could not be found, pulled or built."""

    exit_code = 3


class InspectionError(ImportguardError):
    """The image could not be judged: no Python, no verdict, nothing to import."""

    exit_code = 4


class NoPythonError(InspectionError):
    """There is no Python in the image, or none that is new enough."""


class NothingToImportError(InspectionError):
    """There is a Python in the image, and no module of an application."""
