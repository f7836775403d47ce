"""The embedded engine: an image archive is unpacked into a cache, and its Python runs under bubblewrap."""

import sys

from importguard.errors import EngineError

# Before its modules import fcntl and resource, which Windows does not have.
if sys.platform == "win32":
    raise EngineError(
        "The embedded engine, which reads archives and registries, needs Linux: run importguard in WSL, or "
        "load the image into Docker and check it by its name."
    )
