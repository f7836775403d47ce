"""Judge environment markers: whether a requirement is to be installed (PEP 508)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Optional

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName


def marker_applies(marker: str, environment: Mapping[str, str], extra: str = "") -> Optional[bool]:
    """Whether a marker is true in the environment of a Python; None where it can't be judged.

    An empty marker always applies. ``extra`` is the extra that is asked for.
    """
    if not marker:
        return True
    try:
        return Marker(marker).evaluate({**environment, "extra": extra})
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return None
