"""The inspector that runs the image: finds a Python in it and sends the probe in."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from importguard.config import Config
from importguard.engines.base import CommandNotFound, Engine, Image, Limits
from importguard.errors import InspectionError
from importguard.progress import Progress

if TYPE_CHECKING:
    from importguard.evidence import Evidence

PROBE = Path(__file__).parent.parent / "probe"
LONGEST_ARGUMENT = 128 * 1024 - 1  # Linux: MAX_ARG_STRLEN, execve(2)
FOLDERS = ("/usr/local/bin", "/usr/bin", "/opt/venv/bin", "/venv/bin", "/app/.venv/bin", "/app/venv/bin")
NO_SUCH_OPTION = b"Unknown option: -I"
GRACE = 10.0  # seconds that the probe has to say what it knows when its time is up

# Receives the probe's files as arguments, each a name, a newline and the source; the last one is the request.
# Python 3.4 to 3.6 must be able to parse this: they say that they are too old. Older ones do not know -I.
BOOT = """\
import json, sys
SOURCES = dict(text.split("\\n", 1) for text in sys.argv[1:-1])
class Files:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in SOURCES:
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, Files, is_package=name in ("importguard", "importguard.probe"))
    @staticmethod
    def create_module(spec):
        return None
    @staticmethod
    def exec_module(module):
        exec(compile(SOURCES[module.__name__], "<importguard>", "exec"), module.__dict__)
if sys.version_info < (3, 7):
    frame = {"event": "too_old", "version": "%d.%d" % sys.version_info[:2], "executable": sys.executable}
    sys.stdout.write("\\n%s %s\\n" % (json.loads(sys.argv[-1])["secret"], json.dumps(frame)))
else:
    sys.meta_path.insert(0, Files)
    from importguard.probe.supervisor import main
    main(SOURCES, sys.argv[-1])
"""


@cache
def probe_arguments() -> tuple[str, ...]:
    """The whole probe as arguments of ``python``: the program for ``-c``, then one for each of its files."""
    files = {"importguard": "", "importguard.probe": ""}
    for path in sorted(PROBE.glob("*.py")):
        if path.stem != "__init__":
            files[f"importguard.probe.{path.stem}"] = path.read_text("utf-8")
    arguments = ("-I", "-S", "-c", BOOT, *(f"{name}\n{source}" for name, source in files.items()))
    if max(len(argument.encode()) for argument in arguments) > LONGEST_ARGUMENT:
        raise AssertionError("a file of the probe is longer than one argument may be")
    return arguments


def probe_command(image: Image, config: Config, python: str, secret: str = "") -> list[str]:
    """The argv that runs the probe in a container of ``image`` by its interpreter ``python``."""
    request = {
        "secret": secret or secrets.token_hex(16),
        "entrypoint": image.entrypoint,
        "cmd": image.cmd,
        "workdir": image.workdir,
        "commands": config.commands,
        "python": config.python,
        "packages": config.packages,
        "exclude": config.exclude,
        "include_tests": config.include_tests,
        "setup": config.setup,
        "exact": config.exact,
        "timeout": config.timeout,
        "module_timeout": config.module_timeout,
        "jobs": config.jobs,
        "source": bool(config.source or config.build),
        "files": bool(config.source or config.build) or _may_be_source(os.curdir),
    }
    return [python, *probe_arguments(), json.dumps(request)]


def _may_be_source(folder: str) -> bool:
    """Whether a folder may hold what the image was built from: anything that an import could find."""
    with os.scandir(folder) as entries:
        return any(entry.name.endswith(".py") or entry.is_dir() for entry in entries)


def pythons(image: Image, config: Config) -> Iterator[str]:
    """Where a Python for the probe may be, likeliest first; the application's own is found inside."""
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


def inspect(engine: Engine, image: Image, config: Config, progress: Progress) -> Evidence:
    """Import every module of the application in ``image`` and return what happened.

    Raises InspectionError when nothing could be judged: no Python, nothing to import, no verdict.
    """
    looked, too_old = [], []
    limits = Limits(config.memory, config.timeout + GRACE, config.network)
    for python in pythons(image, config):
        secret = secrets.token_hex(16)
        try:
            run = engine.run(image, probe_command(image, config, python, secret), config.env, limits)
            # Loaded while the container starts.
            from importguard.inspectors.observed import Observed, facts

            observed = Observed(secret, progress)
            observed.take(run.output)
        except CommandNotFound:
            looked.append(python)
            continue
        if NO_SUCH_OPTION in observed.noise and not observed.discovery:
            observed.too_old = f"{python} is older than 3.4"
        if observed.too_old:
            too_old.append(observed.too_old)
            continue
        return replace(observed.evidence(run.exit), image=facts(image))
    raise InspectionError(_no_python(image, looked, too_old))


def _no_python(image: Image, looked: list[str], too_old: list[str]) -> str:
    if too_old:
        found = ", ".join(dict.fromkeys(too_old))
        return f"{image.reference}: its Python is too old ({found}); importguard needs 3.7 or newer there"
    path = next((item[5:] for item in image.env if item.startswith("PATH=")), "the default PATH")
    places = ", ".join(place for place in looked if place.startswith("/"))
    return (
        f"{image.reference}: there is no Python in the image. Looked for python3 and python in {path}, and "
        f"for {places}. If it is elsewhere, name it: --python /path/to/python3"
    )
