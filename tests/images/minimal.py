"""Copies an interpreter with what it needs to run into a folder: ``minimal.py FOLDER``, run in a build stage.

The result has no shell, no package manager and no /tmp, like images that are called distroless.
"""

import os
import shutil
import subprocess
import sys
import sysconfig

OUT = sys.argv[1]
LEFT_OUT = shutil.ignore_patterns(
    "test", "tests", "idlelib", "tkinter", "ensurepip", "config-*", "__pycache__", "dist-packages", "site-packages"
)


def place(path):
    """Where a file of this stage lies in the result."""
    target = OUT + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    return target


def libraries(path):
    """The shared libraries of a program or library, with the loader itself."""
    listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout.split()
    return [word for word in listed if word.startswith("/")]


def main():
    stdlib = sysconfig.get_path("stdlib")
    shutil.copytree(stdlib, place(stdlib), ignore=LEFT_OUT, symlinks=True)
    shutil.copy(os.path.realpath(sys.executable), place(sys.executable))
    extensions = os.path.join(stdlib, "lib-dynload")
    programs = [os.path.realpath(sys.executable)] + [os.path.join(extensions, name) for name in os.listdir(extensions)]
    for library in {found for program in programs for found in libraries(program)}:
        shutil.copy(library, place(library))


main()
