"""The names of the standard library's modules."""

from __future__ import annotations

import os
import sys
import sysconfig


def _listed() -> frozenset[str]:
    """The names in the standard library's folders: Python 3.9 has no ``sys.stdlib_module_names``."""
    folder = sysconfig.get_path("stdlib")
    names = set(sys.builtin_module_names)
    for place in (folder, os.path.join(folder, "lib-dynload")):
        if os.path.isdir(place):
            names.update(name.split(".", 1)[0] for name in os.listdir(place))
    return frozenset(name for name in names if name.isidentifier())


STANDARD: frozenset[str] = getattr(sys, "stdlib_module_names", None) or _listed()
