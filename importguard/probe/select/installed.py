"""Which folders of an import path hold what was installed, and nothing of the application's."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SITES = ("site-packages", "dist-packages")
"""What installers call their folders (Debian the second)."""


def is_site(entry: str) -> bool:
    """Whether an entry of the import path is a folder that installers write to."""
    return os.path.basename(entry.rstrip("/")) in SITES


def lies_below_site(entry: str) -> bool:
    """Whether an entry of the import path lies below a folder that installers write to."""
    return any("/%s/" % site in entry for site in SITES)


def is_installed_folder(entry: str, platform_roots: Iterable[str]) -> bool:
    """Whether it is a site folder, or one that a platform brings (AWS Lambda's runtime, its layers)."""
    return is_site(entry) or entry in platform_roots
