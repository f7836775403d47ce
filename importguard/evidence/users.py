"""The USER of an image."""

from __future__ import annotations


def is_root(user: str) -> bool:
    """Whether the USER of an image is root, by name or by number."""
    return user.partition(":")[0] in ("", "0", "root")
