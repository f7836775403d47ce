"""What Python says where a name is asked of a module that is only half imported."""

from __future__ import annotations

import re

# From Python 3.13.1 on, a module of the first entry of the import path is called a possible namesake instead.
_CIRCULAR = re.compile(
    r"partially initialized module|circular import|\(consider renaming '.*' if it has the same name as a "
)


def says_circular(message: str) -> bool:
    """Whether the text of an exception says that a module was asked for a name while it was imported."""
    return _CIRCULAR.search(message) is not None
