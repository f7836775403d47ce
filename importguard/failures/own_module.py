"""Is a missing module one of the application's own? Then no requirement is missing: the build left it out."""

from __future__ import annotations

from typing import Optional

from importguard.failures.application import Application
from importguard.model import Diagnosis


def own_module(missing: Optional[str], code: Application) -> Optional[Diagnosis]:
    """The diagnosis where ``missing`` lies in a package that the application's modules are in, else None."""
    package, dot, _ = (missing or "").rpartition(".")
    top = package.partition(".")[0]
    if not dot or top not in code.packages:
        return None
    return Diagnosis(
        cause="own-module",
        explanation=f"'{top}' is the application's own package, and the image holds it without this module.",
        remedy="look for it in .dockerignore and in the Dockerfile's COPY lines, or correct the import if it "
        "was moved or renamed.",
        location=None,
        confidence="likely",
    )
