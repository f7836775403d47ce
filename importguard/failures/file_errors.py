"""The path that an error of the file system names."""

from __future__ import annotations

import re
from typing import Optional

NO_FILE, DENIED, READ_ONLY = 2, 13, 30
"""ENOENT, EACCES and EROFS of Linux, whatever machine reads the report."""


def path_of_error(message: str, number: int) -> Optional[str]:
    """The path in the message of an OSError of this errno; None for another message.

    What stands before the path is the error's ``strerror``, and libraries write their own: Flask's
    "Unable to load configuration file (No such file or directory)".
    """
    match = re.search(rf"\[Errno {number}\] .*?: (['\"])(.+?)\1", message)
    return match.group(2) if match else None
