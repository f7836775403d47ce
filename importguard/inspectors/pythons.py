"""Where in an image a Python may be that runs the probe; the application's own is found from within."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from importguard.config import Config
from importguard.engines.base import Engine, Image
from importguard.inspectors.buildpacks import image_as_launched

FOLDERS = ("/usr/local/bin", "/usr/bin", "/opt/venv/bin", "/venv/bin", "/app/.venv/bin", "/app/venv/bin")
_ANY_PYTHON = re.compile(r"/.*/bin/python3(\.\d+)?")
_MOST_TRIED = 10


def candidate_pythons(image: Image, config: Config) -> Iterator[str]:
    """Paths where a Python for the probe may be, likeliest first; the application's own is found inside."""
    seen: set[str] = set()
    for python in (config.python, *_by_command(image), *_by_habit()):
        if python and python not in seen:
            seen.add(python)
            yield python


def _by_command(image: Image) -> Iterator[str]:
    for word in (*image.entrypoint[:1], *image.cmd[:1]):
        if PurePosixPath(word).name.startswith("python"):
            yield word
    yield from ("python3", "python")
    for word in (*image.entrypoint[:1], *image.cmd[:1]):
        if word.startswith("/"):
            yield str(PurePosixPath(word).with_name("python3"))


def _by_habit() -> Iterator[str]:
    for folder in FOLDERS:
        yield f"{folder}/python3"
    for minor in range(15, 6, -1):
        yield f"python3.{minor}"
    for minor in range(15, 6, -1):
        yield f"/usr/bin/python3.{minor}"


def all_candidates(engine: Engine, image: Image, config: Config, found: list[str]) -> Iterator[str]:
    """Those paths, and at last of any Python in the image, as of Nix, of Bazel's runfiles, of uv, of conda.

    The latter are noted in ``found``.
    """
    yield from candidate_pythons(image_as_launched(image), config)
    paths = engine.find_programs(image, _ANY_PYTHON)
    found += sorted(paths, key=lambda path: (path.count("/"), path))[:_MOST_TRIED]
    yield from found


def why_no_python(image: Image, looked: list[str], found: list[str], too_old: list[str]) -> str:
    """Why no Python of the image runs the probe; ``found`` are those that it has, of all that were tried."""
    if too_old:
        versions = ", ".join(dict.fromkeys(too_old))
        return f"{image.reference}: its Python is too old ({versions}); importguard needs 3.7 or newer there"
    if found:
        return (
            f"{image.reference}: no Python of the image can be started. It has {', '.join(found)}: what that "
            f"leads to is not in the image, or its USER {image.user or 'root'} may not execute it. Copy the "
            "Python that a virtual environment links to along with it, or install it where that user may "
            "read it (with uv, ENV UV_PYTHON_INSTALL_DIR=/opt/python)"
        )
    path = next((item[5:] for item in image.env if item.startswith("PATH=")), "the default PATH")
    places = ", ".join(place for place in looked if place.startswith("/"))
    return (
        f"{image.reference}: there is no Python in the image. Looked for python3 and python in {path}, "
        f"for {places}, and for bin/python3 in any folder. If it has another name, give it: --python "
        "/path/to/python"
    )
